//! `dead list`, `dead groups`, `dead show`: looking, which changes nothing.

use super::Spool;
use crate::{
    body, exchange::mask_record, filter::Filter, fingerprint::fingerprint, groups::Groups, letter::Letter,
    print, reveal::mask_json, workspace::Workspace,
};
use clap::Args;
use pipeline::failure::identity;
use serde_json::json;
use std::io::{self, Write};

/// Arguments of `list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    #[command(flatten)]
    filter: Filter,
    /// Those that were put away instead
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
pub struct GroupsArgs {
    #[command(flatten)]
    filter: Filter,
    /// Show e-mail addresses and phone numbers in full
    #[arg(long)]
    reveal: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Arguments of `show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// Id as `list` prints it, or the digits behind its `~`
    id: String,
    /// Browser among those that were put away
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
    let mut out = Spool::new();
    let mut look = workspace.look_at(workspace.stage, args.archived, "list").await?;
    let mut shown = 0;
    while !args.filter.is_full(shown) {
        let Some(held) = look.next().await? else { break };
        if args.filter.matches(&held.letter) {
            let archived = held.letter.archived();
            let mut record = held.letter.record;
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
    look.close().await?;
    if !args.json {
        writeln!(out, "{shown} of the {} stage's dead letters", workspace.stage)?;
    }
    Ok(out.show()?)
}

pub(super) async fn groups(workspace: &Workspace, args: GroupsArgs) -> anyhow::Result<()> {
    let mut look = workspace.look("groups").await?;
    let mut groups = Groups::default();
    let mut counted = 0;
    while !args.filter.is_full(counted) {
        let Some(held) = look.next().await? else { break };
        if args.filter.matches(&held.letter) {
            counted += 1;
            groups.add(&held.letter.record);
        }
        workspace.check()?;
    }
    look.close().await?;
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

/// The first letter that somebody who wrote `id` means.
pub(super) async fn find(workspace: &Workspace, archived: bool, id: &str) -> anyhow::Result<Letter> {
    let mut look = workspace.look_at(workspace.stage, archived, "show").await?;
    let mut found = None;
    while let Some(held) = look.next().await? {
        if identity::means(id, &held.letter.record.id) {
            found = Some(held.letter);
            break;
        }
        workspace.check()?;
    }
    look.close().await?;
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
