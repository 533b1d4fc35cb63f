//! Subcommands that are the same in each of the three programs. `events` keeps the read model where there is no desk.

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
    names::Namespace,
    service::Runtime,
    setting::ConfigError,
    stage::Stage,
};
use replay::cli::{PauseStageArgs, ResumeStageArgs, WishArgs, pause_for, resume_for, wish_for};
use std::{io, net::SocketAddr, path::Path, sync::Arc};
use tokio::net::TcpListener;

/// What each of the three programs can do for its stage.
#[derive(Debug, Subcommand)]
pub enum StageCommand {
    /// Keep a read model of the account of events, which answers the dead-letter commands at once
    Events(Box<EventsArgs>),
    /// Let the stage rest, whichever replicas run, until `resume`
    Pause(Box<PauseStageArgs>),
    /// Let the stage work again
    Resume(Box<ResumeStageArgs>),
    /// Ask running services for something, and see what became of it
    Wish(Box<WishArgs>),
}

/// Runs one of them.
///
/// # Errors
/// When a setting is wrong, or the command fails.
pub async fn run(stage: Stage, command: StageCommand) -> anyhow::Result<()> {
    let program = stage.program();
    match command {
        StageCommand::Events(args) => events_for(program, *args).await,
        StageCommand::Pause(args) => pause_for(program, stage, *args).await,
        StageCommand::Resume(args) => resume_for(program, stage, *args).await,
        StageCommand::Wish(args) => wish_for(program, stage, *args).await,
    }
}

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

/// Never fails because the broker is away.
async fn events_for(service: &'static str, args: EventsArgs) -> anyhow::Result<()> {
    let EventsCommand::Keep(KeepCommand { keep, common }) = args.command;
    let config = KeepConfig::try_from(keep)?;
    let common = CommonConfig::try_from(common)?;
    let rt = Runtime::tool(service, &common)?;
    let model = open(&config.data, &rt.namespace)?;
    let listener = listen(config.listen, "127.0.0.1:9470").await?;
    let addr = listener.local_addr().context("DESK_LISTEN")?;
    tracing::info!(%addr, namespace = %rt.namespace, "keeping the read model");
    let keeper = Keeper::new(rt.clone(), Arc::new(model), config.walk_every);
    let answering = tokio::spawn(serve(listener, keeper.clone(), config.token));
    keeper.run().await;
    rt.events.finish().await;
    Ok(answering.await.context("answer")??)
}

/// The model in the folder of `DESK_DATA`.
///
/// # Errors
/// When the folder cannot be used, as a fault of the setting.
pub fn open(folder: &Path, namespace: &Namespace) -> Result<Model, ConfigError> {
    Model::open(folder, &namespace.to_string()).map_err(|error| {
        let remedy = match &error {
            Error::Kept(_) => words::text!("one process keeps a folder; DESK_LISTEN of that one answers"),
            _ => words::text!("name a folder that this user may make and write, on a disk with room"),
        };
        ConfigError::new("DESK_DATA", chain(&error), remedy)
    })
}

/// Listens at `DESK_LISTEN`; `example` is an address that could be named instead.
///
/// # Errors
/// When the address cannot be had, as a fault of the setting.
pub async fn listen(addr: SocketAddr, example: &str) -> Result<TcpListener, ConfigError> {
    TcpListener::bind(addr).await.map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => {
                words::tr!("end who listens there, or name another port; port 0 takes a free one")
            }
            _ => words::tr!("name an address of this machine, such as {example}"),
        };
        ConfigError::new("DESK_LISTEN", error, remedy)
    })
}
