//! `dead discard`, `dead undo`.

use super::{
    config::OperatorArgs,
    filter::FilterArgs,
    operator::{by, reason},
};

use crate::{
    archive::{self, Moved},
    audit::{self, Note},
    browse::filter::Filter,
    workspace::Workspace,
};
use anyhow::bail;
use clap::Args;
use indicatif::ProgressBar;
use pipeline::setting::ConfigError;
use serde_json::json;
use std::{
    io::{self, Write},
    time::Duration,
};

/// Arguments of `discard`.
#[derive(Debug, Clone, Args)]
pub(super) struct DiscardArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// How long they can be brought back; after that the broker drops them
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = pipeline::setting::parse_duration)]
    keep: Duration,
    /// Every letter of the stage, when there is no filter
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `undo`.
#[derive(Debug, Clone, Args)]
pub(super) struct UndoArgs {
    /// Discard (d-…) or repairing plan (p-…) to undo
    operation: String,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn discard(workspace: Workspace, args: DiscardArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let filter = Filter::from(args.filter);
    let why = reason(&args.reason)?;
    if filter.is_everything() && !args.all {
        return Err(ConfigError::message("no filter means every letter; say --all if that is meant").into());
    }
    if args.keep.is_zero() {
        return Err(
            ConfigError::message("--keep must be longer than nothing, or undo would be impossible").into(),
        );
    }
    let bar = ProgressBar::new_spinner();
    let moved = archive::discard(&workspace, &filter, why, args.keep, |moved| {
        bar.set_position(moved)
    })
    .await?;
    bar.finish_and_clear();
    if moved.moved == 0 {
        bail!(
            "no dead letter of the {} stage matches: {}; nothing was moved",
            workspace.stage,
            filter
        );
    }
    moved_note(&workspace, "discard", why, filter.to_string(), &moved).await?;
    let said = format!(
        "{} moved to the archive, {} left; `dead undo {}` brings them back",
        moved.moved, moved.left, moved.operation
    );
    finish(&moved, &said, args.json)
}

pub(super) async fn undo(workspace: Workspace, args: UndoArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let why = reason(&args.reason)?;
    let moved = archive::undo(&workspace, &args.operation, |_| {}).await?;
    if moved.moved == 0 {
        bail!(
            "the archive of the {} stage holds nothing of `{}`; it may have been undone, or its time is over",
            workspace.stage,
            args.operation
        );
    }
    moved_note(&workspace, "undo", why, String::new(), &moved).await?;
    finish(
        &moved,
        &format!("{} brought back to the dead letters", moved.moved),
        args.json,
    )
}

fn finish(moved: &Moved, said: &str, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(moved)?)?;
    } else {
        writeln!(out, "{said}")?;
    }
    if moved.interrupted {
        bail!(
            "interrupted after {} letters; the others are where they were",
            moved.moved
        );
    }
    Ok(())
}

async fn moved_note(
    workspace: &Workspace,
    action: &str,
    why: &str,
    filter: String,
    moved: &Moved,
) -> anyhow::Result<()> {
    let note = Note {
        action,
        reason: why,
        filter,
        subject: &moved.operation,
        result: json!({"moved": moved.moved, "left": moved.left, "interrupted": moved.interrupted}),
    };
    Ok(audit::append(workspace, note).await?)
}
