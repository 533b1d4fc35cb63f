//! The `events` subcommand, the same in each of the three programs: until there is a desk, it keeps the read model.

use crate::{
    Model,
    config::{KeepArgs, KeepConfig},
    keep::Keeper,
    serve::serve,
};
use anyhow::Context;
use clap::{Args, Subcommand};
use pipeline::{
    config::{CommonArgs, CommonConfig},
    service::Runtime,
};
use std::sync::Arc;
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
    let model = Model::open(&config.data, &rt.namespace.to_string()).context("DESK_DATA")?;
    let listener = TcpListener::bind(config.listen).await.context("DESK_LISTEN")?;
    let addr = listener.local_addr().context("DESK_LISTEN")?;
    tracing::info!(%addr, namespace = %rt.namespace, "keeping the read model");
    let keeper = Keeper::new(rt.clone(), Arc::new(model), config.walk_every);
    let answering = tokio::spawn(serve(listener, keeper.clone(), config.token));
    keeper.run().await;
    rt.events.finish().await;
    Ok(answering.await.context("answer")??)
}
