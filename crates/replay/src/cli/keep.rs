//! `dead discard`, `dead undo`, `dead export`, `dead import`, `dead audit`.

use super::{Spool, reason};

use crate::{
    archive::{self, Moved},
    audit::{self, Note},
    config::OperatorArgs,
    exchange,
    filter::Filter,
    print,
    workspace::Workspace,
};
use anyhow::{Context, bail};
use clap::Args;
use indicatif::ProgressBar;
use pipeline::setting::ConfigError;
use serde_json::json;
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::PathBuf,
    time::Duration,
};

/// Arguments of `discard`.
#[derive(Debug, Clone, Args)]
pub struct DiscardArgs {
    #[command(flatten)]
    filter: Filter,
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
pub struct UndoArgs {
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

/// Arguments of `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    filter: Filter,
    /// File to write; it must not exist [default: standard output]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// With customer data and bodies, so that it can be imported again
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    operator: OperatorArgs,
}

/// Arguments of `import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// File that `export --reveal` wrote
    file: PathBuf,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Take over letters of another namespace
    #[arg(long)]
    adopt: bool,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `audit`.
#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    /// JSON, one entry a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn discard(workspace: Workspace, args: DiscardArgs) -> anyhow::Result<()> {
    let workspace = workspace.by(args.operator);
    let why = reason(&args.reason)?;
    if args.filter.is_everything() && !args.all {
        return Err(ConfigError::message("no filter means every letter; say --all if that is meant").into());
    }
    if args.keep.is_zero() {
        return Err(
            ConfigError::message("--keep must be longer than nothing, or undo would be impossible").into(),
        );
    }
    let bar = ProgressBar::new_spinner();
    let moved = archive::discard(&workspace, &args.filter, why, args.keep, |moved| {
        bar.set_position(moved)
    })
    .await?;
    bar.finish_and_clear();
    if moved.moved == 0 {
        bail!(
            "no dead letter of the {} stage is meant by: {}; nothing was moved",
            workspace.stage,
            args.filter
        );
    }
    moved_note(&workspace, "discard", why, args.filter.to_string(), &moved).await?;
    let said = format!(
        "{} put away, {} left; `dead undo {}` brings them back",
        moved.moved, moved.left, moved.operation
    );
    finish(&moved, &said, args.json)
}

pub(super) async fn undo(workspace: Workspace, args: UndoArgs) -> anyhow::Result<()> {
    let workspace = workspace.by(args.operator);
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

pub(super) async fn export(workspace: Workspace, args: ExportArgs) -> anyhow::Result<()> {
    let workspace = workspace.by(args.operator);
    let mut spool = None;
    let written = match &args.file {
        Some(path) => {
            let file = File::create_new(path).with_context(|| path.display().to_string())?;
            exchange::export(&workspace, &args.filter, args.reveal, &mut BufWriter::new(file)).await?
        }
        None => {
            let out = spool.insert(Spool::new());
            exchange::export(&workspace, &args.filter, args.reveal, out).await?
        }
    };
    let note = Note {
        action: "export",
        filter: args.filter.to_string(),
        result: json!({"exported": written, "revealed": args.reveal}),
        ..Note::default()
    };
    audit::append(&workspace, note).await?;
    eprintln!(
        "{written} letters exported{}",
        if args.reveal { "" } else { ", masked" }
    );
    spool.map_or(Ok(()), |spool| Ok(spool.show()?))
}

pub(super) async fn import(workspace: Workspace, args: ImportArgs) -> anyhow::Result<()> {
    let workspace = workspace.by(args.operator);
    let why = reason(&args.reason)?;
    let path = &args.file;
    let open = || File::open(path).map(BufReader::new);
    let report = exchange::import(&workspace, args.adopt, open)
        .await
        .with_context(|| path.display().to_string())?;
    let note = Note {
        action: "import",
        reason: why,
        result: json!(report),
        ..Note::default()
    };
    audit::append(&workspace, note).await?;
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        writeln!(
            out,
            "{} imported, {} were there already",
            report.imported, report.present
        )?;
    }
    Ok(())
}

pub(super) async fn audit(workspace: &Workspace, args: AuditArgs) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let mut written = Ok(());
    let mut broken = 0_u64;
    audit::read(workspace, |entry| {
        broken += u64::from(!entry.intact);
        if written.is_ok() {
            written = if args.json {
                writeln!(out, "{}", json!(entry))
            } else {
                print::audit(&mut out, &entry)
            };
        }
    })
    .await?;
    written?;
    if broken > 0 {
        bail!("{broken} entries do not fit their digest: the log was changed");
    }
    Ok(())
}
