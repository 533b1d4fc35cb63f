//! The loader: each customer exactly one right row in the form, whatever happens.
//!
//! `catalogue` shows apps, forms and widgets to who has not chosen yet. `jdy` speaks to the vendor, `ledger` remembers in Redis, `index` learns again what Redis has lost, `handler` is
//! the stage's handler and `write` the path of a batch through all of them, `wishes` does what people ask for, `commands` are
//! the subcommands.

mod adoption;
mod breaker;
mod catalogue;
mod cli;
mod commands;
mod config;
mod document;
mod eviction;
mod failpoint;
mod form_watch;
mod handler;
mod index;
mod jdy;
mod keyless;
mod ledger;
mod parts;
mod patience;
mod pushes;
mod removals;
mod settings;
mod vendor;
mod wishes;
mod write;

use pipeline::stage::Stage;

use crate::cli::Command;

pub use crate::cli::Cli;

/// What the mapping document says of settings that are not given, for `--print-config`.
pub fn of_documents(value: &dyn Fn(&str) -> Option<String>) -> Vec<(&'static str, String, String)> {
    let Some(path) = value("MAPPING").filter(|path| !path.is_empty()) else {
        return Vec::new();
    };
    let Ok(document) = document::Document::read(std::path::Path::new(&path)) else {
        return Vec::new();
    };
    [
        ("JDY_APP_ID", document.app_id),
        ("JDY_ENTRY_ID", document.entry_id),
        ("JDY_DATA_CREATOR", document.options.data_creator),
    ]
    .into_iter()
    .filter_map(|(variable, said)| Some((variable, said?, path.clone())))
    .collect()
}

/// What is wrong with the settings of a command, for `--print-config`.
///
/// # Errors
/// Something is.
pub fn check(cli: Cli) -> Result<(), pipeline::setting::ConfigError> {
    match cli.command {
        Command::Run(args) => commands::run::check(*args),
        Command::Doctor(args) => commands::run::check(*args.run),
        _ => Ok(()),
    }
}

/// Runs the chosen subcommand.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Run(args) => commands::run::run(*args).await,
        Command::Form(args) => commands::form::form(*args).await,
        Command::Check(args) => commands::check::check(args).await,
        Command::Index(command) => commands::index::run(*command).await,
        Command::Reconcile(args) => commands::reconcile::reconcile(args).await,
        Command::Adopt(args) => commands::adopt::adopt(*args).await,
        Command::Removals(command) => commands::removals::run(*command).await,
        Command::Trace(args) => commands::trace::trace(args).await,
        Command::Dead(args) => replay::cli::run_for("loader", Stage::Load, *args).await,
        Command::Books(args) => pipeline::cli::accounting::run("loader", *args).await,
        Command::Status(args) => replay::cli::status_for("loader", *args).await,
        Command::Doctor(args) => commands::doctor::doctor(args).await,
        Command::Stage(command) => readmodel::cli::run(Stage::Load, command).await,
        Command::Common(command) => pipeline::cli::common::run::<Cli>(command).await,
    }
}
