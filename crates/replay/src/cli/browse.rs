//! `dead list`, `dead groups`, `dead show`: browsing, which changes nothing.

use super::{filter::FilterArgs, print, spool::Spool};
use crate::{
    browse::{filter::Filter, groups::Groups},
    letter::{
        Letter, body,
        fingerprint::fingerprint,
        reveal::{mask_json, mask_record},
    },
    workspace::Workspace,
};
use clap::Args;
use pipeline::failure::identity;
use serde_json::json;
use std::io::{self, Write};

/// Arguments of `list`.
#[derive(Debug, Clone, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Those in the archive instead
    #[arg(long)]
    archived: bool,
    /// Show e-mail addresses and phone numbers in full
    #[arg(long)]
    reveal: bool,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

/// Arguments of `groups`.
#[derive(Debug, Clone, Args)]
pub(super) struct GroupsArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Show e-mail addresses and phone numbers in full
    #[arg(long)]
    reveal: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Arguments of `show`.
#[derive(Debug, Clone, Args)]
pub(super) struct ShowArgs {
    /// Id as `list` prints it, or the digits behind its `~`
    id: String,
    /// Search the archive instead
    #[arg(long)]
    archived: bool,
    /// Show e-mail addresses and phone numbers in full
    #[arg(long)]
    reveal: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn list(workspace: &Workspace, args: ListArgs) -> anyhow::Result<()> {
    let filter = Filter::from(args.filter);
    let mut out = Spool::new();
    let mut browser = workspace
        .browse_at(workspace.stage, args.archived, "list")
        .await?;
    let mut shown = 0;
    while !filter.is_full(shown) {
        let Some(taken) = browser.next().await? else { break };
        if filter.matches(&taken.letter) {
            let archived = taken.letter.archived();
            let mut record = taken.letter.record;
            if !args.reveal {
                mask_record(&mut record);
            }
            if args.json {
                let mut line = serde_json::to_value(&record)?;
                line["group"] = fingerprint(&record).into();
                if let Some(archived) = archived {
                    line["archived"] = serde_json::to_value(archived)?;
                }
                writeln!(out, "{line}")?;
            } else {
                print::row(&mut out, &record, archived.as_ref(), shown == 0)?;
            }
            shown += 1;
        }
        workspace.check()?;
    }
    browser.close().await?;
    if !args.json {
        writeln!(out, "{shown} of the {} stage's dead letters", workspace.stage)?;
    }
    Ok(out.show()?)
}

pub(super) async fn groups(workspace: &Workspace, args: GroupsArgs) -> anyhow::Result<()> {
    let filter = Filter::from(args.filter);
    let mut browser = workspace.browse("groups").await?;
    let mut groups = Groups::default();
    let mut counted = 0;
    while !filter.is_full(counted) {
        let Some(taken) = browser.next().await? else { break };
        if filter.matches(&taken.letter) {
            counted += 1;
            groups.add(&taken.letter.record);
        }
        workspace.check()?;
    }
    browser.close().await?;
    let mut groups = groups.into_sorted();
    if !args.reveal {
        groups
            .iter_mut()
            .for_each(|group| group.example = pipeline::mask::mask_text(&group.example));
    }
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&groups)?)?;
    } else {
        print::groups(&mut out, &groups)?;
    }
    Ok(())
}

/// The first letter that `id` means.
pub(super) async fn find(workspace: &Workspace, archived: bool, id: &str) -> anyhow::Result<Letter> {
    let mut browser = workspace.browse_at(workspace.stage, archived, "show").await?;
    let mut found = None;
    while let Some(taken) = browser.next().await? {
        if identity::means(id, &taken.letter.record.id) {
            found = Some(taken.letter);
            break;
        }
        workspace.check()?;
    }
    browser.close().await?;
    found.ok_or_else(|| {
        let place = if archived { "archived" } else { "dead" };
        anyhow::anyhow!(
            "no {place} letter `{id}` in the {} stage; `dead list` prints the ids",
            workspace.stage
        )
    })
}

pub(super) async fn show(workspace: &Workspace, args: ShowArgs) -> anyhow::Result<()> {
    let mut letter = find(workspace, args.archived, &args.id).await?;
    let mut shown = body::to_json(letter.kind(), &letter.body);
    if !args.reveal {
        mask_record(&mut letter.record);
        if let Ok(shown) = &mut shown {
            mask_json(shown);
        }
    }
    let mut out = io::stdout().lock();
    if args.json {
        let mut all = serde_json::to_value(&letter.record)?;
        all["group"] = fingerprint(&letter.record).into();
        all["type"] = letter.kind().into();
        all["archived"] = json!(letter.archived());
        all["body"] = match shown {
            Ok(shown) => shown,
            Err(error) => json!({"bytes": letter.body.len(), "problem": error.to_string()}),
        };
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
    } else {
        print::letter(&mut out, &letter)?;
        match shown {
            Ok(shown) => print::body(&mut out, &shown)?,
            Err(error) => writeln!(out, "body      {} bytes: {error}", letter.body.len())?,
        }
    }
    Ok(())
}
