//! `dead discard`, `dead undo`.

use super::{
    config::OperatorArgs,
    filter::FilterArgs,
    operator::{by, reason},
};

use crate::{
    archive::{self, Moved},
    browse::filter::Filter,
    operation::Operations,
    workspace::Workspace,
};
use clap::Args;
use indicatif::ProgressBar;
use pipeline::setting::ConfigError;
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
    let filter = Filter::try_from(args.filter)?;
    let why = reason(&args.reason)?;
    if filter.is_everything() && !args.all {
        return Err(ConfigError::message(words::text!(
            "no filter means every letter; say --all if that is meant"
        ))
        .into());
    }
    if args.keep.is_zero() {
        return Err(ConfigError::message(words::text!(
            "--keep must be longer than nothing, or undo would be impossible"
        ))
        .into());
    }
    if args.keep > archive::LONGEST {
        return Err(ConfigError::message(words::text!(
            "--keep: the broker keeps a letter of the archive for 49d at most; `dead export --reveal` keeps it in a file"
        ))
        .into());
    }
    let bar = ProgressBar::new_spinner();
    let moved = archive::discard(&workspace, &filter, &why, args.keep, |moved| {
        bar.set_position(moved)
    })
    .await?;
    bar.finish_and_clear();
    if moved.moved == 0 && !moved.interrupted {
        return Err(nothing(&workspace, &filter, moved.withheld.as_deref()));
    }
    let said = words::tr!(
        "{} moved to the archive, {} left; `dead undo {}` brings them back",
        moved.moved,
        moved.left,
        moved.operation
    );
    finish(&moved, &said, args.json)
}

pub(super) async fn undo(workspace: Workspace, args: UndoArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let why = reason(&args.reason)?;
    let of_import = args.operation.starts_with("i-");
    // How many letters it is about, as far as that is known.
    let about = Operations::of(&workspace).find(&args.operation).await?;
    let about = about.map_or(0, |operation| operation.moved);
    let moved = archive::undo(&workspace, &args.operation, &why, |_| {}).await?;
    if moved.moved == 0 && of_import {
        words::bail!(
            "the dead letters of the {} stage hold nothing of `{}` any more; it may have been undone, or they were put back or discarded since{}",
            workspace.stage,
            args.operation,
            also(moved.withheld.as_deref())
        );
    }
    if moved.moved == 0 {
        words::bail!(
            "the archive of the {} stage holds nothing of `{}`; it may have been undone, or its time is over{}",
            workspace.stage,
            args.operation,
            also(moved.withheld.as_deref())
        );
    }
    let missing = about.saturating_sub(moved.moved);
    let said = match (of_import, missing) {
        (true, 0) => words::tr!("{} moved to the archive", moved.moved),
        (true, _) => words::tr!(
            "{} moved to the archive; the other {missing} of {about} are not among the dead letters: they were put back or discarded since{}",
            moved.moved,
            also(moved.withheld.as_deref())
        ),
        (false, 0) => words::tr!("{} brought back to the dead letters", moved.moved),
        (false, _) => words::tr!(
            "{} brought back to the dead letters; the other {missing} of {about} are not in the archive: they were brought back before, or their time is over{}",
            moved.moved,
            also(moved.withheld.as_deref())
        ),
    };
    finish(&moved, &said, args.json)
}

/// Goes on with a discard or an undo that was interrupted.
pub(super) async fn resume(workspace: &Workspace, id: &str, json: bool) -> anyhow::Result<()> {
    let operation = Operations::of(workspace).load(id).await?;
    let moved = archive::resume(workspace, operation, |_| {}).await?;
    finish(
        &moved,
        &words::tr!("{} moved now, {} left", moved.moved, moved.left),
        json,
    )
}

/// Nothing matches, as far as can be seen.
pub(super) fn nothing(workspace: &Workspace, filter: &Filter, withheld: Option<&str>) -> anyhow::Error {
    words::failure!(
        "no dead letter of the {} stage matches: {filter}; nothing was moved{}",
        workspace.stage,
        also(withheld)
    )
}

/// What else has to be said where letters could not be seen.
fn also(withheld: Option<&str>) -> String {
    withheld.map_or_else(String::new, |who| words::tr!("; but {who}"))
}

fn finish(moved: &Moved, said: &str, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(moved)?)?;
    } else {
        writeln!(out, "{said}")?;
    }
    if moved.interrupted {
        words::bail!(
            "interrupted after {} letters; the others are where they were, and `dead resume {}` goes on",
            moved.moved,
            moved.operation
        );
    }
    Ok(())
}
