//! The command line of the transformer.

use crate::{commands::mapping::MappingArgs, config::TransformArgs};
use clap::{Args, Parser, Subcommand};
use pipeline::{
    cli::common::CommonCommand, config::CommonArgs, doctor::DoctorArgs, setup::SetupArgs, tls::HttpTlsArgs,
};
use readmodel::cli::StageCommand;
use replay::{
    cli::{DeadArgs, StatusCommand, TraceCommand},
    worker::WorkerArgs,
};

/// Cleans customers, drops repeats, and maps them to form records by a 轻易云 metadata document.
///
/// Start as many as you like; they share the queue and what is known about repeats.
#[derive(Debug, Parser)]
#[command(name = "transformer", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the transformer can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Work until stopped
    Run(RunArgs),
    /// Check, try, test, plan and explain mapping documents, and map everything again; most of it needs no Redis
    Mapping(MappingArgs),
    /// Browse the records that this stage gave up on, and put them back
    Dead(DeadArgs),
    /// Say where a customer is and what happened to it, over all stages
    Trace(TraceCommand),
    /// Say whether all is well, over all stages: exit code 0 well, 1 not well or not all loaded yet, 2 cannot tell
    Status(Box<StatusCommand>),
    /// Examine broker, Redis, clocks and the mapping, and say what to do about each fault
    Doctor(DoctorCommandArgs),
    /// What each of the three programs can do for its stage.
    #[command(flatten)]
    Stage(StageCommand),
    /// What every service can do.
    #[command(flatten)]
    Common(CommonCommand),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) transform: TransformArgs,
    #[command(flatten)]
    pub(crate) worker: WorkerArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Certificates for receivers of notices and traces.
    #[command(flatten)]
    pub(crate) tls: HttpTlsArgs,
    #[command(flatten)]
    pub(crate) setup: SetupArgs,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorCommandArgs {
    #[command(flatten)]
    pub(crate) how: DoctorArgs,
    #[command(flatten)]
    pub(crate) transform: TransformArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Certificates for receivers of notices.
    #[command(flatten)]
    pub(crate) tls: HttpTlsArgs,
}
