//! `dead edit` and `dead patch`: changing letters on their way back.

use super::{
    browse::find,
    config::{EditorArgs, OperatorArgs},
    operator::{by, confirmed, reason},
    plan::{freeze, note},
    print,
    replay::execute,
    run_args::RunArgs,
};

use crate::{
    browse::filter::Filter,
    letter::{Letter, body, reveal::mask_json},
    plan::{
        options::{Canary, Options},
        state::State,
    },
    repair::{Repair, assignment::Assignment},
    workspace::Workspace,
};
use anyhow::{Context, bail};
use clap::Args;
use pipeline::setting::ConfigError;
use serde_json::Value;
use std::{
    io::{self, Read, Write},
    path::PathBuf,
};

/// Letters that a preview shows.
const SAMPLES: usize = 3;

/// Arguments of `edit`.
#[derive(Debug, Clone, Args)]
pub(super) struct EditArgs {
    /// Id as `list` prints it, or the digits behind its `~`
    id: String,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Take the edited JSON from this file, `-` for standard input, instead of opening an editor
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    #[command(flatten)]
    editor: EditorArgs,
    /// Do not ask before putting it back
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

/// Arguments of `patch`.
#[derive(Debug, Clone, Args)]
pub(super) struct PatchArgs {
    /// Group as `groups` prints it
    group: String,
    /// Set a value, for instance 客户名称=ACME or detail.name=ACME; may be given several times
    #[arg(long = "set", value_name = "FIELD=VALUE", required_unless_present = "remap")]
    sets: Vec<Assignment>,
    /// Run the mapping of today once more, from the stored snapshot or from a fresh detail of the customer
    #[arg(long, conflicts_with = "sets")]
    remap: bool,
    /// Why, for the audit log
    #[arg(long)]
    reason: String,
    /// Do not ask before running
    #[arg(long)]
    yes: bool,
    /// Show e-mail addresses and phone numbers in the preview in full
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn edit(workspace: Workspace, args: EditArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let why = reason(&args.reason)?;
    let letter = find(&workspace, false, &args.id).await?;
    let before = body::to_json(letter.kind(), &letter.body)?;
    let text = match &args.body {
        Some(path) if path.as_os_str() == "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text)?;
            text
        }
        Some(path) => std::fs::read_to_string(path).with_context(|| path.display().to_string())?,
        None => in_editor(&args.editor.editor, &before)?,
    };
    let after: Value =
        serde_json::from_str(&text).context("the edited body is no JSON; nothing was moved")?;
    let repair = Repair::Replace(after.clone());
    repair.body(&letter).context("nothing was moved")?;
    print::diff(&mut io::stderr().lock(), &before, &after)?;
    if !confirmed("Put the edited copy back?", args.yes || args.body.is_some())? {
        bail!("not confirmed; nothing was moved");
    }
    let filter = Filter {
        id: Some(letter.record.id.clone()),
        ..Filter::default()
    };
    let options = Options {
        canary: Canary(Vec::new()),
        ..Options::default()
    };
    let preview = freeze(&workspace, &filter, why, Some(repair), options.clone()).await?;
    execute(&workspace, "edit", preview.plan, &options, args.json).await
}

/// Lets the operator edit; only the operator can read the file, and it is gone afterwards.
fn in_editor(editor: &str, body: &Value) -> anyhow::Result<String> {
    let mut file = tempfile::Builder::new()
        .prefix("dead-letter-")
        .suffix(".json")
        .tempfile()?;
    writeln!(file, "{}", serde_json::to_string_pretty(body)?)?;
    let command = format!("{editor} \"$1\"");
    let status = std::process::Command::new("sh")
        .args(["-c", &command, "edit"])
        .arg(file.path())
        .status()
        .context("open the editor")?;
    if !status.success() {
        bail!("the editor ended with {status}; nothing was moved");
    }
    Ok(std::fs::read_to_string(file.path())?)
}

pub(super) async fn patch(workspace: Workspace, args: PatchArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let why = reason(&args.reason)?;
    let repair = if args.remap {
        Repair::Remap
    } else {
        Repair::Set(args.sets)
    };
    let filter = Filter {
        group: Some(args.group),
        ..Filter::default()
    };
    preview(&workspace, &filter, &repair, args.reveal).await?;
    let options = args.run.over(Options::default());
    let made = freeze(&workspace, &filter, why, Some(repair), options.clone()).await?;
    let question = format!(
        "Repair and put back {} letters (plan {})?",
        made.plan.total, made.plan.id
    );
    let answer = confirmed(&question, args.yes);
    if !matches!(answer, Ok(true)) {
        workspace
            .plans()
            .change(
                &made.plan.id,
                State::Cancelled,
                "not confirmed",
                &[State::Planned],
            )
            .await?;
        note(&workspace, "cancel", &made.plan).await?;
        answer?;
        bail!("not confirmed; nothing was moved");
    }
    execute(&workspace, "patch", made.plan, &options, args.json).await
}

/// Shows what would change in some letters of the group; fails when the repair fits none of them.
async fn preview(
    workspace: &Workspace,
    filter: &Filter,
    repair: &Repair,
    reveal: bool,
) -> anyhow::Result<()> {
    let mut samples: Vec<Letter> = Vec::with_capacity(SAMPLES);
    let mut browser = workspace.browse("preview").await?;
    while samples.len() < SAMPLES {
        let Some(taken) = browser.next().await? else { break };
        if filter.matches(&taken.letter) {
            samples.push(taken.letter);
        }
    }
    browser.close().await?;
    let mut out = io::stderr().lock();
    let mut problem = None;
    for letter in &samples {
        writeln!(out, "{}", letter.record.id)?;
        if *repair == Repair::Remap {
            let how = if letter.kind().ends_with(".CompanySnapshot") {
                "the stored snapshot"
            } else {
                "a fresh detail"
            };
            writeln!(out, "  mapped anew from {how}")?;
            continue;
        }
        match repair.body(letter) {
            Ok(repaired) => {
                let (mut before, mut after) = (
                    body::to_json(letter.kind(), &letter.body)?,
                    body::to_json(letter.kind(), &repaired)?,
                );
                if !reveal {
                    mask_json(&mut before);
                    mask_json(&mut after);
                }
                print::diff(&mut out, &before, &after)?;
            }
            Err(error) => {
                writeln!(out, "  stays as it is: {error}")?;
                problem.get_or_insert(error);
            }
        }
    }
    match problem {
        Some(error) if samples.len() == 1 || samples.iter().all(|letter| repair.body(letter).is_err()) => {
            Err(ConfigError::message(format!("{error}; nothing was moved")).into())
        }
        _ => Ok(()),
    }
}
