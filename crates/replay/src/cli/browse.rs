//! `dead list`, `dead groups`: browsing, which changes nothing.

use super::{asked, config::LookArgs, filter::FilterArgs, operator::by, print, spool::Spool};
use crate::{
    audit,
    browse::{browser::Taken, filter::Filter, groups::Groups},
    letter::{fingerprint::fingerprint, reveal::masked_record},
    workspace::Workspace,
};
use clap::Args;
use std::io::{self, Write};

/// Arguments of `list`.
#[derive(Debug, Clone, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Those in the archive instead
    #[arg(long)]
    archived: bool,
    #[command(flatten)]
    look: LookArgs,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

/// Arguments of `groups`.
#[derive(Debug, Clone, Args)]
pub(super) struct GroupsArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    look: LookArgs,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(super) async fn list(workspace: &Workspace, args: ListArgs) -> anyhow::Result<()> {
    let workspace = &by(workspace.clone(), args.look.operator);
    let filter = Filter::try_from(args.filter)?;
    if args.look.reveal {
        audit::revealed(workspace, "list", &filter.to_string()).await?;
    }
    // The read model holds neither the archive nor what is masked.
    if !args.archived
        && !args.look.reveal
        && asked::list(workspace.stage, &args.look.desk, &filter, args.json).await?
    {
        return Ok(());
    }
    let mut out = Spool::new();
    let (mut shown, mut first_id) = (0, None);
    let browser = workspace
        .browse_at(workspace.stage, args.archived, "list")
        .await?;
    let withheld = browser.withheld();
    let visit = async |taken: Taken| {
        if filter.matches(&taken.letter) {
            let (archived, life) = (taken.letter.archived(), taken.letter.life().map(str::to_owned));
            // Masking changes the words, and the group is that of the words.
            let group = fingerprint(&taken.letter.record);
            let record = match args.look.reveal {
                true => taken.letter.record,
                false => masked_record(&taken.letter),
            };
            if args.json {
                let mut line = serde_json::to_value(&record)?;
                line["group"] = group.into();
                if let Some(archived) = archived {
                    line["archived"] = serde_json::to_value(archived)?;
                }
                if let Some(life) = life {
                    line["restored_by"] = life.into();
                }
                writeln!(out, "{line}")?;
            } else {
                print::row(&mut out, &record, &group, archived.as_ref(), shown == 0)?;
            }
            first_id.get_or_insert(record.id);
            shown += 1;
        }
        Ok(filter.go_on(shown))
    };
    browser.walk(visit).await?;
    if !args.json {
        let place = if args.archived {
            "archive"
        } else {
            words::text!("dead letters")
        };
        print::listed(&mut out, workspace.stage, place, shown, first_id.as_deref())?;
    }
    tell(withheld.as_deref(), &mut out, args.json)?;
    Ok(out.show()?)
}

/// Says who may hold letters that could not be seen: below what was seen, or beside the JSON.
fn tell(withheld: Option<&str>, out: &mut impl Write, json: bool) -> io::Result<()> {
    match withheld {
        Some(who) if json => pipeline::remark!("there may be more: {who}"),
        Some(who) => writeln!(out, "{}", words::tr!("there may be more: {who}"))?,
        None => {}
    }
    Ok(())
}

pub(super) async fn groups(workspace: &Workspace, args: GroupsArgs) -> anyhow::Result<()> {
    let workspace = &by(workspace.clone(), args.look.operator);
    let filter = Filter::try_from(args.filter)?;
    if args.look.reveal {
        audit::revealed(workspace, "groups", &filter.to_string()).await?;
    }
    if !args.look.reveal && asked::groups(workspace.stage, &args.look.desk, &filter, args.json).await? {
        return Ok(());
    }
    let mut groups = Groups::shown(args.look.reveal);
    let mut counted = 0;
    let browser = workspace.browse("groups").await?;
    let withheld = browser.withheld();
    let visit = async |taken: Taken| {
        if filter.matches(&taken.letter) {
            counted += 1;
            groups.add(&taken.letter);
        }
        Ok(filter.go_on(counted))
    };
    browser.walk(visit).await?;
    let groups = groups.into_sorted();
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&groups)?)?;
    } else {
        print::groups(&mut out, workspace.stage, &groups)?;
    }
    Ok(tell(withheld.as_deref(), &mut out, args.json)?)
}
