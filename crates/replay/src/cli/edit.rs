//! `dead edit`: changing one letter on its way back. What somebody has typed is never thrown away.

use super::{
    config::{EditorArgs, OperatorArgs},
    operator::{answered, at_terminal, by, confirmed, reason},
    print,
    run_plan::execute,
};

use crate::{
    browse::find,
    plan::make,
    repair::{
        Repair,
        edit::{self, Checked, Opened},
    },
    workspace::Workspace,
};
use anyhow::Context;
use clap::Args;
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
    let why = reason(&args.reason)?;
    let letter = find(&workspace, false, &args.id).await?;
    // An editor shows the whole body.
    if args.body.is_none() || args.reveal {
        crate::audit::revealed(&workspace, "edit", &words::tr!("--id {}", letter.record.id)).await?;
    }
    let opened = Opened::of(&letter)?;
    let Some(path) = &args.body else {
        let draft = Draft::of(&opened.text)?;
        let edited = by_hand(&workspace, &args, &opened, &draft).await;
        let put_back = match edited {
            Ok(repair) => put_back(&workspace, &args, &opened, &why, repair).await,
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
    let checked = opened.checked(&text)?;
    show(&checked, args.reveal)?;
    put_back(&workspace, &args, &opened, &why, checked.repair).await
}

/// What the operator typed, once it fits; asks whether to edit again where somebody can be asked.
async fn by_hand(
    workspace: &Workspace,
    args: &EditArgs,
    opened: &Opened,
    draft: &Draft,
) -> anyhow::Result<Repair> {
    loop {
        draft.open(&args.editor.editor)?;
        match opened.checked(&std::fs::read_to_string(&draft.path)?) {
            Ok(checked) => {
                show(&checked, args.reveal)?;
                if !confirmed(workspace, words::text!("Put the edited copy back?"), args.yes).await? {
                    words::bail!("not confirmed; nothing was moved");
                }
                return Ok(checked.repair);
            }
            Err(wrong) if at_terminal() => {
                let error = anyhow::Error::new(wrong);
                pipeline::remark!("{error:#}");
                if !answered(workspace, words::text!("Edit again?")).await? {
                    return Err(error);
                }
            }
            Err(wrong) => return Err(wrong.into()),
        }
    }
}

fn show(checked: &Checked, reveal: bool) -> io::Result<()> {
    let (before, after) = checked.shown(reveal);
    print::diff(&mut io::stderr().lock(), &before, &after)
}

async fn put_back(
    workspace: &Workspace,
    args: &EditArgs,
    opened: &Opened,
    why: &str,
    repair: Repair,
) -> anyhow::Result<()> {
    edit::unchanged(workspace, opened).await?;
    let (plan, options) = edit::planned(workspace, make::id(), opened, why, repair).await?;
    execute(workspace, "edit", plan, &options, args.json).await
}

/// The file that the operator edits; only the operator can read it, and it stays until its letter is put back.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn of(text: &str) -> anyhow::Result<Self> {
        let mut file = tempfile::Builder::new()
            .prefix("dead-letter-")
            .suffix(".json")
            .tempfile()?;
        writeln!(file, "{text}")?;
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
