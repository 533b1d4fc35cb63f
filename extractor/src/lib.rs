//! The extractor: lists the customers that changed in OKKI, fetches their details, publishes snapshots.
//!
//! `okki` knows the vendor. `walk` reads a window without skipping a customer, `run` publishes what it finds under a lease
//! and moves the checkpoint, `leader` does that on a schedule, and sooner when `poll` has found changes. `handler` fetches
//! what was published, on every replica, with `selection` deciding who goes on. `wishes` does on demand what the schedules do. `record` keeps answers without what is
//! personal, `dictionary` is what the account has of fields. `state` is what they remember in Redis. `commands` puts them together; `cli`
//! says what may be typed, `config` what of it comes from the environment, `settings` what is known to be right.

#![warn(unreachable_pub)]

mod ahead;
mod brake;
mod checkpoint;
mod cli;
mod clocks;
mod commands;
mod config;
mod damaged_watch;
mod deleted;
mod dictionary;
mod failure_scope;
mod filter_watch;
mod granule;
mod handler;
mod hooks;
mod leader;
mod look_back;
mod okki;
mod outage;
mod pause;
mod poll;
mod progress;
mod record;
mod run;
mod schedule;
mod selection;
mod settings;
mod share;
mod snapshot;
mod source;
mod state;
mod table;
mod these;
mod typed;
mod walk;
mod window;
mod wishes;
mod within;

pub use cli::Cli;

use cli::Command;
use pipeline::stage::Stage;

/// What the source document says of settings that are not given, for `--print-config`.
pub fn of_documents(value: &dyn Fn(&str) -> Option<String>) -> Vec<(&'static str, String, String)> {
    let Some(path) = value("SOURCE").filter(|path| !path.is_empty()) else {
        return Vec::new();
    };
    let Ok(source) = source::Source::load(Some(std::path::Path::new(&path))) else {
        return Vec::new();
    };
    let remedy = source.remedy.clone();
    [
        ("OKKI_GROUP_ID", source.get("group_id")),
        ("OKKI_PAGE_SIZE", source.count.map(|count| count.to_string())),
        ("REMEDY_CRON", remedy.as_ref().map(|(cron, _)| cron.clone())),
        (
            "REMEDY_REACH",
            remedy.map(|(_, reach)| format!("{}s", reach.as_secs())),
        ),
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
        Command::Run(args) => commands::checked::check(&args),
        Command::Doctor(args) => commands::doctor::check(args),
        _ => Ok(()),
    }
}

/// Runs a command to its end.
///
/// # Errors
/// When a setting is wrong, or the command fails.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    if let Command::Sync(_) | Command::Once(_) | Command::Checkpoint(_) | Command::Reconcile(_) = &cli.command
    {
        replay::cli::show_in_terminals_zone();
    }
    match cli.command {
        Command::Run(args) => commands::run::run(args).await,
        Command::Sync(args) => commands::sync::sync(args).await,
        Command::Once(args) => commands::sync::once(args).await,
        Command::Check(args) => commands::check::check(args).await,
        Command::Fetch(args) => commands::fetch::fetch(args).await,
        Command::Fields(args) => commands::fields::fields(args).await,
        Command::Record(args) => commands::record::record(args).await,
        Command::Dead(args) => replay::cli::run_for("extractor", Stage::Extract, args).await,
        Command::Trace(args) => replay::cli::trace_for("extractor", args).await,
        Command::Reconcile(args) => commands::reconcile::reconcile(*args).await,
        Command::Checkpoint(command) => commands::checkpoint::run(command).await,
        Command::Status(args) => commands::status::status(*args).await,
        Command::Webhook(args) => commands::webhook::run(args).await,
        Command::Doctor(args) => commands::doctor::doctor(args).await,
        Command::Stage(command) => readmodel::cli::run(Stage::Extract, command).await,
        Command::Common(command) => pipeline::cli::common::run::<Cli>(command).await,
    }
}
