//! `desk run`.

use crate::{
    auth::People,
    cli::RunArgs,
    config::DeskConfig,
    server::{App, serve},
};
use anyhow::Context;
use pipeline::{
    cause::chain, config::CommonConfig, service::Runtime, setting::ConfigError, stage::Stage, tls::TlsFiles,
};
use readmodel::{Model, error::Error, keep::Keeper};
use replay::{when, worker::Worker};
use std::{io, sync::Arc};
use tokio::net::TcpListener;

/// Serves until stopped.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<()> {
    let config = DeskConfig::try_from(args.desk)?;
    let common = CommonConfig::try_from(args.common)?;
    when::show_in(Some(&config.time_zone))
        .map_err(|problem| ConfigError::new("DESK_TIME_ZONE", problem, words::text!("or leave it away")))?;
    let rt = Runtime::start("desk", &common, &TlsFiles::default()).await?;
    // It waits for nothing: without the broker it says so on its page.
    rt.gate.open(pipeline::gate::Pause::Starting);
    let name = rt.namespace.to_string();
    let model = Model::open(&config.data, &name).map_err(unusable)?;
    let people = People::open(&config.data, &name)
        .map_err(|error| ConfigError::new("DESK_DATA", chain(&error), a_folder()))?;
    let listener = TcpListener::bind(config.listen).await.map_err(taken)?;
    let addr = listener.local_addr().context("DESK_LISTEN")?;
    warn_of_nobody(&config, &people)?;
    let keeper = Keeper::new(rt.clone(), Arc::new(model), config.walk_every);
    let workers = Stage::ALL.map(|stage| Worker::begin(&rt, stage, args.worker.clone()));
    let app = App::new(rt.clone(), common, keeper.clone(), people, config);
    tracing::info!(url = format!("http://{addr}"), namespace = %rt.namespace, "the desk is open");
    let serving = tokio::spawn(serve(listener, app));
    keeper.run().await;
    for worker in workers {
        worker.end().await;
    }
    rt.events.finish().await;
    Ok(serving.await.context("serve")??)
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

fn a_folder() -> &'static str {
    words::text!("name a folder that this user may make and write, on a disk with room")
}

fn unusable(error: Error) -> ConfigError {
    let remedy = match &error {
        Error::Kept(_) => {
            words::text!("one process keeps a folder; stop the other one, or name another folder")
        }
        _ => a_folder(),
    };
    ConfigError::new("DESK_DATA", chain(&error), remedy)
}

fn taken(error: io::Error) -> ConfigError {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => {
            words::text!("end who listens there, or name another port; port 0 takes a free one")
        }
        _ => words::text!("name an address of this machine, such as 127.0.0.1:8088"),
    };
    ConfigError::new("DESK_LISTEN", error, remedy)
}
