//! `extractor webhook register`: the callback, its secret, its events; what is right already is left alone.

use super::{callback, client, explain, print};
use crate::cli::WebhookRegisterArgs;
use anyhow::Context;
use pipeline::{
    setting::{ConfigError, SecretArg},
    webhook::path,
};
use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt, path::Path};
use url::Url;

pub(super) async fn register(args: WebhookRegisterArgs) -> anyhow::Result<()> {
    let url = address(&args)?;
    let json = args.webhook.json;
    let client = client(args.webhook).await?;
    let before = callback::read(&client).await.map_err(explain)?;
    if let Some(other) = before.as_ref().filter(|before| before.url != url)
        && !args.replace
    {
        words::bail!(
            "okki calls another address, {}; add --replace to call this one instead",
            other.shown()
        );
    }
    let written = callback::write(&client, &url, before.as_ref())
        .await
        .map_err(explain);
    let mut secret = written.with_context(|| words::tr!("register the callback"))?;
    if args.new_secret && secret.is_none() {
        secret = callback::new_secret(&client)
            .await
            .map_err(explain)
            .with_context(|| words::tr!("make a new secret"))?;
    }
    // Kept before anything else may fail: it is told once.
    if let (Some(secret), Some(file)) = (&secret, &args.secret_file) {
        keep(secret, file).with_context(|| words::tr!("write the secret to {}", file.display()))?;
    }
    let subscribed = callback::subscribe(&client).await.map_err(explain);
    let shown = secret.as_deref().filter(|_| args.secret_file.is_none());
    let after = callback::read(&client).await.map_err(explain)?;
    print(after.as_ref(), shown, json)?;
    subscribed.with_context(|| words::tr!("subscribe to the events of customers"))
}

/// The address that OKKI is going to call.
fn address(args: &WebhookRegisterArgs) -> Result<String, ConfigError> {
    let refuse = |problem: &str| {
        ConfigError::new(
            "--url",
            problem,
            words::tr!("write the public address of the listener, such as https://hook.example.com"),
        )
    };
    let mut url = Url::parse(args.url.trim()).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(refuse(words::text!("is no address of a web server")));
    }
    if url.scheme() == "http" {
        eprintln!(
            "{}",
            words::tr!(
                "warning: {} has no TLS: whoever is in between reads the path, which lets in whoever knows it, and the customers' \
             ids; give an https address",
                url.origin().ascii_serialization()
            )
        );
    }
    if url.path() == "/" {
        let token = SecretArg::new(
            "HOOK_TOKEN",
            args.token.hook_token.as_ref(),
            args.token.hook_token_file.as_deref(),
        );
        url.set_path(&path(token.required()?.expose()));
    }
    Ok(url.to_string())
}

/// Only its owner may read it.
fn keep(secret: &str, file: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(file)?.write_all(secret.as_bytes())
}
