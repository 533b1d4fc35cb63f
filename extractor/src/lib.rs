//! The extractor: lists the customers that changed in OKKI, fetches their details, publishes snapshots.
//!
//! [`okki`] knows the vendor. [`listing`] walks a window without skipping, [`lister`] publishes what it finds under a
//! lease and moves the checkpoint, [`lead`] does that on a schedule. [`handler`] is the handler that every replica runs
//! on the published refs, with [`selection`] deciding who goes on. [`commands`] puts them together.

pub mod cli;
pub mod commands;
pub mod config;
mod handler;
pub mod lead;
pub mod lister;
pub mod listing;
pub mod okki;
pub mod pause;
pub mod progress;
pub mod schedule;
pub mod selection;
pub mod settings;
mod snapshot;
pub mod source;
pub mod state;
pub mod verdict;
pub mod window;

use cli::{Cli, Command};
use pipeline::stage::Stage;

/// Runs a command to its end.
///
/// # Errors
/// When the command failed; the error's chain holds a `ConfigError` when a setting is at fault.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Run(args) => commands::run::run(args).await,
        Command::Sync(args) => commands::sync::sync(args).await,
        Command::Once(args) => commands::sync::once(args).await,
        Command::Check(args) => commands::check::check(args).await,
        Command::Fetch(args) => commands::fetch::fetch(args).await,
        Command::Dead(args) => replay::cli::run_for("extractor", Stage::Extract, args).await,
        Command::Status(args) => commands::status::status(args).await,
        Command::Doctor(args) => commands::doctor::doctor(args).await,
        Command::Common(command) => pipeline::cli::common::run::<Cli>(command).await,
    }
}
