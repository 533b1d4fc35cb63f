//! The `dead` subcommand, the same in each of the three programs for its own stage.

use super::{filter::Filter, look::Look, print, replay};
use crate::{service::Runtime, stage::Stage};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;

/// What to do with this stage's dead letters.
#[derive(Debug, Clone, Subcommand)]
pub enum DeadCommand {
    /// List them, oldest first; looking changes nothing
    List {
        /// Which letters.
        #[command(flatten)]
        filter: Filter,
        /// One JSON object a line instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Count them by reason, with an example of each
    Groups {
        /// Which letters.
        #[command(flatten)]
        filter: Filter,
        /// JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show everything about one of them
    Show {
        /// Id as `list` prints it
        id: String,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Put them back to be handled again; copies and old versions do no harm
    #[command(after_help = "Example: dead replay --code row-refused --reason \"field fixed in the form\"")]
    Replay {
        /// Which letters.
        #[command(flatten)]
        filter: Filter,
        /// Why, for the log
        #[arg(long)]
        reason: String,
        /// The result as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs a `dead` subcommand.
///
/// # Errors
/// When the broker or Redis is away, or nothing has the id.
pub async fn run(rt: &Runtime, stage: Stage, command: DeadCommand) -> anyhow::Result<()> {
    match command {
        DeadCommand::List { filter, json } => list(rt, stage, &filter, json).await,
        DeadCommand::Groups { filter, json } => groups(rt, stage, &filter, json).await,
        DeadCommand::Show { id, json } => show(rt, stage, id, json).await,
        DeadCommand::Replay { filter, reason, json } => put_back(rt, stage, &filter, &reason, json).await,
    }
}

async fn list(rt: &Runtime, stage: Stage, filter: &Filter, json: bool) -> anyhow::Result<()> {
    let mut look = Look::open(&rt.broker, stage).await?;
    let (mut shown, mut held) = (0, Vec::new());
    while !filter.is_full(shown) {
        let Some(next) = look.next().await? else { break };
        if filter.matches(&next.letter) {
            if json {
                println!("{}", serde_json::to_string(&next.letter.record)?);
            } else {
                print::row(&next.letter.record, shown == 0);
            }
            shown += 1;
        }
        held.push(next);
    }
    look.close().await?;
    if !json {
        println!("{shown} of the {stage} stage's dead letters");
    }
    Ok(())
}

async fn groups(rt: &Runtime, stage: Stage, filter: &Filter, json: bool) -> anyhow::Result<()> {
    let mut look = Look::open(&rt.broker, stage).await?;
    let mut groups: BTreeMap<(String, String), print::Group> = BTreeMap::new();
    let mut held = Vec::new();
    let mut counted = 0;
    while !filter.is_full(counted) {
        let Some(next) = look.next().await? else { break };
        if filter.matches(&next.letter) {
            counted += 1;
            let record = &next.letter.record;
            let key = (record.code.clone(), record.field.clone().unwrap_or_default());
            groups.entry(key).or_default().add(record);
        }
        held.push(next);
    }
    look.close().await?;
    print::groups(groups.into_values(), json)
}

async fn show(rt: &Runtime, stage: Stage, id: String, json: bool) -> anyhow::Result<()> {
    let mut look = Look::open(&rt.broker, stage).await?;
    let filter = Filter {
        id: Some(id.clone()),
        ..Filter::default()
    };
    let mut held = Vec::new();
    let found = loop {
        match look.next().await? {
            Some(next) if filter.matches(&next.letter) => break Some(next.letter),
            Some(next) => held.push(next),
            None => break None,
        }
    };
    look.close().await?;
    let Some(letter) = found else {
        anyhow::bail!("no dead letter `{id}` in the {stage} stage; `dead list` prints the ids");
    };
    print::letter(&letter, json)
}

async fn put_back(
    rt: &Runtime,
    stage: Stage,
    filter: &Filter,
    reason: &str,
    json: bool,
) -> anyhow::Result<()> {
    if reason.trim().is_empty() {
        return Err(crate::cli::ConfigError::message("--reason must say why; write one sentence").into());
    }
    let total = rt.broker.depth(&rt.namespace.dead_queue(stage)).await?;
    let bar = ProgressBar::new(total.into());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} put back, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    let report = replay::replay(rt, stage, filter, |report| bar.set_position(report.replayed)).await?;
    bar.finish_and_clear();
    tracing::info!(%stage, replay = report.replay, replayed = report.replayed, left = report.left, reason, "replayed");
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!(
            "{} put back, {} left (replay {})",
            report.replayed, report.left, report.replay
        );
    }
    Ok(())
}
