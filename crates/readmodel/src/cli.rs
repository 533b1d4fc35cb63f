//! The `events` subcommand, the same in each of the three programs: until there is a desk, it keeps the read model.

use crate::{
    Model,
    config::{KeepArgs, KeepConfig},
    error::Error,
    keep::Keeper,
    serve::serve,
};
use anyhow::Context;
use clap::{Args, Subcommand};
use pipeline::{
    cause::chain,
    config::{CommonArgs, CommonConfig},
    service::Runtime,
    setting::ConfigError,
};
use std::{io, sync::Arc};
use tokio::net::TcpListener;

/// Arguments of `events`.
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// What to do with them.
    #[command(subcommand)]
    command: EventsCommand,
}

/// What to do with the account of events.
#[derive(Debug, Subcommand)]
enum EventsCommand {
    /// Keep a read model of events and dead letters in a file, and answer the commands that ask it (DESK_URL), until stopped
    #[command(after_help = "Example: events keep --data /var/lib/okki\n         \
        DESK_URL=http://127.0.0.1:9470 dead groups")]
    Keep(KeepCommand),
}

/// Arguments of `keep`.
#[derive(Debug, Args)]
struct KeepCommand {
    #[command(flatten)]
    keep: KeepArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// Runs an `events` subcommand of a program.
///
/// # Errors
/// When a setting is wrong, the folder cannot be used, or the address is taken; never because the broker is away.
pub async fn events_for(service: &'static str, args: EventsArgs) -> anyhow::Result<()> {
    let EventsCommand::Keep(KeepCommand { keep, common }) = args.command;
    let config = KeepConfig::try_from(keep)?;
    let common = CommonConfig::try_from(common)?;
    let rt = Runtime::tool(service, &common)?;
    let model = Model::open(&config.data, &rt.namespace.to_string()).map_err(unusable)?;
    let listener = TcpListener::bind(config.listen).await.map_err(taken)?;
    let addr = listener.local_addr().context("DESK_LISTEN")?;
    tracing::info!(%addr, namespace = %rt.namespace, "keeping the read model");
    let keeper = Keeper::new(rt.clone(), Arc::new(model), config.walk_every);
    let answering = tokio::spawn(serve(listener, keeper.clone(), config.token));
    keeper.run().await;
    rt.events.finish().await;
    Ok(answering.await.context("answer")??)
}

/// Why the folder cannot be used, as a fault of the setting.
fn unusable(error: Error) -> ConfigError {
    let remedy = match &error {
        Error::Kept(_) => words::text!("one process keeps a folder; DESK_LISTEN of that one answers"),
        _ => words::text!("name a folder that this user may make and write, on a disk with room"),
    };
    ConfigError::new("DESK_DATA", chain(&error), remedy)
}

/// Why nothing can be answered there, as a fault of the setting.
fn taken(error: io::Error) -> ConfigError {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => {
            words::text!("end who listens there, or name another port; port 0 takes a free one")
        }
        _ => words::text!("name an address of this machine, such as 127.0.0.1:9470"),
    };
    ConfigError::new("DESK_LISTEN", error, remedy)
}
