//! `extractor webhook`: where OKKI calls, and for which events (docs/okki-api.md §10).
//!
//! OKKI has one callback for an application and one subscription for each module. Everything here can be repeated: what is
//! right already is left alone. The calls need a token of their own scope, which is neither shared nor kept.

mod callback;
mod register;

use crate::{
    cli::{WebhookArgs, WebhookCommand},
    okki::{Client, Error, Pace, Tokens},
    settings::OkkiConfig,
    table::columns,
};
use anyhow::Context;
use callback::Callback;
use pipeline::{
    config::SharedConfig,
    http::{self, HttpConfig},
    quota::Quota,
    store::Store,
};
use serde_json::json;

/// What tokens for these calls are good for.
const SCOPE: &str = "webhook";

pub(crate) async fn run(command: WebhookCommand) -> anyhow::Result<()> {
    match command {
        WebhookCommand::Register(args) => register::register(args).await,
        WebhookCommand::Status(args) => status(args).await,
        WebhookCommand::Test(args) => test(args).await,
        WebhookCommand::Remove(args) => remove(args).await,
    }
}

/// A client for these calls, within the account's quota.
async fn client(args: WebhookArgs) -> anyhow::Result<Client> {
    pipeline::settings! {
        okki = OkkiConfig::try_from(args.okki);
        http = HttpConfig::try_from(args.http);
        shared = SharedConfig::try_from(args.shared);
    }
    let store = Store::connect(&shared.redis)?;
    store.ping().await.context("REDIS_URL")?;
    let http = http::Client::without_redirects(http).with_context(|| words::tr!("build the HTTP client"))?;
    let quota = Quota::new(store, &shared.accounts, &okki.account, &shared.namespace);
    let pace = Pace::shared(quota, okki.bucket);
    Ok(Client::new(http, okki.client, Tokens::alone(), pace).for_scope(SCOPE))
}

async fn status(args: WebhookArgs) -> anyhow::Result<()> {
    let json = args.json;
    let client = client(args).await?;
    let callback = callback::read(&client).await.map_err(explain)?;
    print(callback.as_ref(), None, json)
}

async fn test(args: WebhookArgs) -> anyhow::Result<()> {
    let json = args.json;
    let client = client(args).await?;
    if callback::read(&client).await.map_err(explain)?.is_none() {
        words::bail!("no callback is registered; begin with `extractor webhook register --url URL`");
    }
    if let Err(error) = callback::test(&client).await {
        if is_of_the_plan(&error) {
            return Err(explain(error));
        }
        let said = format!("{:#}", explain(error));
        words::bail!(
            "okki did not like the answer to its test: {said}; is the address reachable, and HOOK_SECRET right?"
        );
    }
    if json {
        pipeline::say!("{}", json!({ "test": "passed" }))?;
    } else {
        pipeline::say!("okki has called the callback and liked the answer")?;
    }
    Ok(())
}

async fn remove(args: WebhookArgs) -> anyhow::Result<()> {
    let json = args.json;
    let client = client(args).await?;
    let removed = callback::remove(&client).await.map_err(explain)?;
    if json {
        pipeline::say!("{}", json!({ "removed": removed }))?;
    } else if removed {
        pipeline::say!("okki calls nobody any more")?;
    } else {
        pipeline::say!("no callback was registered")?;
    }
    Ok(())
}

/// Says what is registered, and what to do about it.
fn print(callback: Option<&Callback>, secret: Option<&str>, json: bool) -> anyhow::Result<()> {
    if json {
        let report = json!({
            "registered": callback.is_some(),
            "callback_url": callback.map(|callback| callback.shown()),
            "verified": callback.and_then(|callback| callback.verified.clone()),
            "events": callback.map(|callback| &callback.events),
            "missing_events": callback.map(Callback::missing),
            "secret": secret,
        });
        pipeline::say!("{report}")?;
        return Ok(());
    }
    let Some(callback) = callback else {
        pipeline::say!("no callback is registered")?;
        return Ok(());
    };
    let events: Vec<_> = callback.events.iter().map(String::as_str).collect();
    let mut rows = vec![
        ["callback".to_owned(), callback.shown()],
        ["events".to_owned(), events.join("\n")],
    ];
    let missing = callback.missing();
    if !missing.is_empty() {
        rows.push(["missing".to_owned(), missing.join("\n")]);
    }
    if let Some(secret) = secret {
        rows.push(["HOOK_SECRET".to_owned(), secret.to_owned()]);
    }
    pipeline::say!("{}", columns(&rows))?;
    Ok(())
}

/// Words with which a plan or a right is refused.
const OF_THE_PLAN: [&str; 10] = [
    "套餐",
    "升级",
    "版本",
    "权限",
    "未开通",
    "pro版",
    "privilege",
    "permission",
    "upgrade",
    "plan",
];

/// Says whether the application may not manage webhooks, in whichever way OKKI says so.
fn is_of_the_plan(error: &Error) -> bool {
    match error {
        // That nothing is registered is told apart before.
        Error::Permission { .. } | Error::NotFound { .. } => true,
        Error::Auth { code, .. } if code == "invalid_scope" => true,
        error => error.vendor().is_some_and(|(_, message)| {
            let message = message.to_lowercase();
            OF_THE_PLAN.iter().any(|word| message.contains(word))
        }),
    }
}

/// What a refusal of these calls usually means.
fn explain(error: Error) -> anyhow::Error {
    if !is_of_the_plan(&error) {
        return error.into();
    }
    // What the pipeline's own calls make of such an answer is about customers.
    let said = error.vendor().map(|(code, message)| words::of(code, message));
    words::failure!("okki refuses: {}", said.unwrap_or_default()).context(
        words::text!("the application may not use webhooks: enable 消息推送 (scope `webhook`) for it under 企业管理 → 外部对接 → \
         API对接; that takes OKKI's Pro plan"),
    )
}
