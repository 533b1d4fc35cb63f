//! The transformer: cleans customers, drops repeats, and maps them to form records by a 轻易云 metadata document.
//!
//! [`map`] is the document compiled, `dedupe` knows which snapshots need no second pass, `record` is what becomes of a snapshot, `handler` is the
//! stage made of them, `commands` are the subcommands. `rollout` orders mappings by when they came into use. `profile` keeps what records look like, `known` holds a mapping against that. `passage` notices a condition that drops everybody. `announce` and `condition` tell others what is in use. `cli` says what may be typed, `config` what of it comes from the environment.

#![warn(unreachable_pub)]

mod announce;
mod cli;
mod commands;
mod condition;
mod config;
mod dedupe;
mod handler;
mod known;
pub mod map;
mod passage;
mod profile;
mod record;
mod rollout;
mod tables;

pub use cli::Cli;

use cli::Command;
use pipeline::stage::Stage;

/// What is wrong with the settings of a command, for `--print-config`.
///
/// # Errors
/// Something is.
pub fn check(cli: Cli) -> Result<(), pipeline::setting::ConfigError> {
    match cli.command {
        Command::Run(args) => commands::run::check(args),
        Command::Doctor(args) => commands::doctor::check(args),
        _ => Ok(()),
    }
}

/// Runs a command to its end.
///
/// # Errors
/// When a setting is wrong, or the command fails.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Run(args) => commands::run::run(args).await,
        Command::Mapping(args) => commands::mapping::run(args).await,
        Command::Dead(args) => replay::cli::run_for("transformer", Stage::Transform, args).await,
        Command::Trace(args) => replay::cli::trace_for("transformer", args).await,
        Command::Status(args) => replay::cli::status_for("transformer", *args).await,
        Command::Doctor(args) => commands::doctor::doctor(args).await,
        Command::Stage(command) => readmodel::cli::run(Stage::Transform, command).await,
        Command::Common(command) => pipeline::cli::common::run::<Cli>(command).await,
    }
}
