//! `dead edit`: changing one letter on its way back. What somebody has typed is never thrown away.

use super::{
    browse::find,
    config::{EditorArgs, OperatorArgs},
    operator::{answered, at_terminal, by, confirmed, reason},
    plan::freeze,
    print,
    run_plan::execute,
};

use crate::{
    browse::filter::Filter,
    letter::{Letter, body, exact, reveal::mask_json},
    plan::options::{Canary, Options},
    query::{Query, Word},
    repair::{Edit, Repair},
    workspace::Workspace,
};
use anyhow::Context;
use clap::Args;
use serde_json::Value;
use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

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
    /// Show e-mail addresses and phone numbers in the differences in full
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn edit(workspace: Workspace, args: EditArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator.clone());
    let why = reason(&args.reason)?.to_owned();
    let letter = find(&workspace, false, &args.id).await?;
    let before = body::to_exact(letter.kind(), &letter.body)?;
    // An editor shows the whole body.
    if args.body.is_none() || args.reveal {
        crate::audit::revealed(&workspace, "edit", &words::tr!("--id {}", letter.record.id)).await?;
    }
    let Some(path) = &args.body else {
        let draft = Draft::of(&before)?;
        let edited = by_hand(&workspace, &args, &letter, &before, &draft).await;
        let put_back = match edited {
            Ok(repair) => put_back(&workspace, &args, &letter, &why, repair).await,
            Err(error) => Err(error),
        };
        return match put_back {
            Ok(()) => draft.forget(),
            Err(error) => Err(error.context(words::tr!("the draft is kept in {}", draft.path.display()))),
        };
    };
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        text
    } else {
        std::fs::read_to_string(path).with_context(|| path.display().to_string())?
    };
    let repair = checked(&letter, &text)?;
    show(&before, &repair.1, args.reveal)?;
    put_back(&workspace, &args, &letter, &why, repair.0).await
}

/// What the operator typed, once it fits; asks whether to edit again where somebody can be asked.
async fn by_hand(
    workspace: &Workspace,
    args: &EditArgs,
    letter: &Letter,
    before: &Value,
    draft: &Draft,
) -> anyhow::Result<Repair> {
    loop {
        draft.open(&args.editor.editor)?;
        match checked(letter, &std::fs::read_to_string(&draft.path)?) {
            Ok((repair, after)) => {
                show(before, &after, args.reveal)?;
                if !confirmed(workspace, words::text!("Put the edited copy back?"), args.yes).await? {
                    words::bail!("not confirmed; nothing was moved");
                }
                return Ok(repair);
            }
            Err(error) if at_terminal() => {
                pipeline::remark!("{error:#}");
                if !answered(workspace, words::text!("Edit again?")).await? {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

/// The repair that a text stands for, and the body as JSON.
fn checked(letter: &Letter, text: &str) -> anyhow::Result<(Repair, Value)> {
    let after =
        exact::read(text).with_context(|| words::tr!("the edited body is no JSON; nothing was moved"))?;
    let repair = Repair::Replace(Edit::new(letter, after.clone()));
    repair
        .body(letter)
        .with_context(|| words::tr!("nothing was moved"))?;
    Ok((repair, after))
}

fn show(before: &Value, after: &Value, reveal: bool) -> io::Result<()> {
    let (mut before, mut after) = (before.clone(), after.clone());
    exact::keep(&mut after, &before);
    if !reveal {
        mask_json(&mut before);
        mask_json(&mut after);
    }
    print::diff(&mut io::stderr().lock(), &before, &after)
}

async fn put_back(
    workspace: &Workspace,
    args: &EditArgs,
    letter: &Letter,
    why: &str,
    repair: Repair,
) -> anyhow::Result<()> {
    let now = find(workspace, false, &letter.record.id).await;
    if !now.is_ok_and(|now| now.key() == letter.key() && now.body == letter.body) {
        words::bail!("the letter changed meanwhile; look at it and edit it again; nothing was moved");
    }
    let filter = Filter::from(Query::of(Word::Id, &letter.record.id));
    let options = Options {
        canary: Canary(Vec::new()),
        ..Options::default()
    };
    let preview = freeze(workspace, &filter, why, Some(repair), options.clone()).await?;
    execute(workspace, "edit", preview.plan, &options, args.json).await
}

/// The file that the operator edits; only the operator can read it, and it stays until its letter is put back.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn of(body: &Value) -> anyhow::Result<Self> {
        let mut file = tempfile::Builder::new()
            .prefix("dead-letter-")
            .suffix(".json")
            .tempfile()?;
        writeln!(file, "{}", exact::write_pretty(body))?;
        let (_, path) = file.keep().with_context(|| words::tr!("keep the draft"))?;
        Ok(Self { path })
    }

    fn open(&self, editor: &str) -> anyhow::Result<()> {
        let command = format!("{editor} \"$1\"");
        let status = std::process::Command::new("sh")
            .args(["-c", &command, "edit"])
            .arg(Path::new(&self.path))
            .status()
            .with_context(|| words::tr!("open the editor"))?;
        if !status.success() {
            words::bail!("the editor ended with {status}; nothing was moved");
        }
        Ok(())
    }

    fn forget(self) -> anyhow::Result<()> {
        std::fs::remove_file(&self.path).with_context(|| words::tr!("remove the draft"))
    }
}
