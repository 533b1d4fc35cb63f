//! `desk run`.

use crate::{
    auth::People,
    cli::RunArgs,
    config::DeskConfig,
    oidc::{OidcConfig, Provider},
    server::{App, serve},
};
use anyhow::Context;
use pipeline::{
    config::CommonConfig, http::HttpConfig, service::Runtime, setting::ConfigError, stage::Stage,
    tls::ServerTls,
};
use readmodel::{
    cli::{listen, open},
    keep::Keeper,
};
use replay::{when, worker::Worker};
use std::sync::Arc;

/// Serves until stopped.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<()> {
    pipeline::settings! {
        config = DeskConfig::try_from(args.desk);
        oidc = OidcConfig::check(args.oidc);
        http = HttpConfig::try_from(args.http);
        common = CommonConfig::try_from(args.common);
    }
    // Who names a provider wants people to sign in.
    let config = DeskConfig {
        asks_for_sign_in: config.asks_for_sign_in || oidc.is_some(),
        ..config
    };
    let roles = oidc.as_ref().map(OidcConfig::who_says).unwrap_or_default();
    let provider = oidc.map(|oidc| Provider::new(oidc, &http)).transpose()?;
    shown_zone(&config)?;
    let rt = Runtime::start("desk", &common, &http.tls).await?;
    // It waits for nothing: without the broker it says so on its page.
    rt.gate.open(pipeline::gate::Pause::Starting);
    let model = open(&config.data, &rt.namespace)?;
    let people = super::people(&config.data, &rt.namespace.to_string())?;
    people.provider_is(&roles)?;
    let tls = match config.tls.is_empty() {
        true => None,
        false => Some(ServerTls::new(config.tls.clone()).context("DESK_TLS_CERT_FILE")?),
    };
    let listener = listen(config.listen, "127.0.0.1:8088").await?;
    let addr = listener.local_addr().context("DESK_LISTEN")?;
    if provider.is_none() {
        warn_of_nobody(&config, &people)?;
    }
    if config.believes_anybody() {
        tracing::warn!(
            "DESK_TRUSTED_PROXIES holds every address: whoever reaches the desk signs in as anybody by DESK_USER_HEADER"
        );
    }
    let keeper = Keeper::new(rt.clone(), Arc::new(model), config.walk_every);
    let workers = Stage::ALL.map(|stage| Worker::begin(&rt, stage, args.worker.clone()));
    let app = App::new(rt.clone(), common, keeper.clone(), people, config, provider);
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::info!(url = format!("{scheme}://{addr}"), namespace = %rt.namespace, "the desk is open");
    let serving = tokio::spawn(serve(listener, tls, app));
    keeper.run().await;
    for worker in workers {
        worker.end().await;
    }
    rt.events.finish().await;
    serving.await.context("serve")
}

/// All that is wrong with the settings.
pub(crate) fn check(args: RunArgs) -> Result<(), ConfigError> {
    pipeline::settings! {
        config = DeskConfig::try_from(args.desk);
        _oidc = OidcConfig::check(args.oidc);
        _http = HttpConfig::try_from(args.http);
        _common = CommonConfig::try_from(args.common);
        _zone = match &config {
            Ok(config) => shown_zone(config),
            Err(fault) => Err(fault.clone()),
        };
    }
    drop(config);
    Ok(())
}

/// Times are shown in the zone of the settings from here on.
fn shown_zone(config: &DeskConfig) -> Result<(), ConfigError> {
    when::show_in(Some(&config.time_zone))
        .map_err(|problem| ConfigError::new("DESK_TIME_ZONE", problem, words::text!("or leave it away")))
}

fn warn_of_nobody(config: &DeskConfig, people: &People) -> anyhow::Result<()> {
    if config.asks_for_sign_in && config.user_header.is_none() && people.list()?.is_empty() {
        tracing::warn!(
            "nobody may sign in yet; next: desk user add NAME --role admin --data {}",
            config.data.display()
        );
    }
    Ok(())
}
