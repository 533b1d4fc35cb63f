//! `dead audit`.

use super::{
    config::DeskArgs,
    desk::{Desk, tell_fallback},
    print,
    trace::progress,
};
use crate::{
    audit::{self, anchor::Anchors},
    when,
    workspace::Workspace,
};
use clap::Args;
use serde_json::json;
use std::io::{self, Write};

/// Arguments of `audit`.
#[derive(Debug, Clone, Args)]
pub(super) struct AuditArgs {
    #[command(flatten)]
    desk: DeskArgs,
    /// JSON, one entry a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn audit(workspace: &Workspace, args: AuditArgs) -> anyhow::Result<()> {
    // Before the log: what comes meanwhile is in the log and not here, which is harmless.
    let known = anchors(workspace, &args.desk).await?;
    let (mut anchors, unknown) = match known {
        Ok(anchors) => (anchors, None),
        Err(why) => (Anchors::default(), Some(why)),
    };
    let mut out = io::stdout().lock();
    let mut written = Ok(());
    let (mut broken, mut entries) = (0_u64, 0);
    audit::read(workspace, |mut entry| {
        anchors.met(&mut entry);
        broken += u64::from(!entry.intact);
        if written.is_ok() {
            written = if args.json {
                writeln!(out, "{}", json!(entry))
            } else {
                print::audit(&mut out, &entry)
            };
            entries += 1;
        }
    })
    .await?;
    written?;
    if !args.json {
        print::audit_end(&mut out, entries)?;
    }
    let said = match (anchors.missing(), unknown) {
        (Some(_), _) => None,
        (None, Some(why)) => Some(why),
        (None, None) if entries > 0 => Some(end(&anchors)),
        (None, None) => None,
    };
    match said {
        Some(said) if args.json => pipeline::remark!("{said}"),
        Some(said) => writeln!(out, "{said}")?,
        None => {}
    }
    if let Some((count, first, last)) = anchors.missing() {
        words::bail!(
            "{count} entries are missing that the account of events knows, from {} to {}: the log was cut, or Redis has lost them",
            when::time(first),
            when::time(last)
        );
    }
    if broken > 0 {
        words::bail!("{broken} entries do not fit their digest: the log was changed");
    }
    Ok(())
}

/// How much the account of events says of the end.
fn end(anchors: &Anchors) -> String {
    if anchors.is_empty() {
        return words::tr!(
            "whether its end was cut is not known: the account of events names none of its entries"
        );
    }
    let since = anchors.since.map(when::time).unwrap_or_default();
    match anchors.unknown_end {
        0 => words::tr!("its end is there: the account of events, which begins {since}, misses no entry"),
        more => words::tr!(
            "the account of events, which begins {since}, misses no entry, and does not know the last {more}"
        ),
    }
}

/// What the account of events knows of the log, from the read model where there is one; or why that is not known.
async fn anchors(workspace: &Workspace, desk: &DeskArgs) -> anyhow::Result<Result<Anchors, String>> {
    if let Some(desk) = Desk::of(desk)? {
        if let Some(anchors) = desk.anchors().await? {
            pipeline::remark!("answered by the read model at {}", desk.url());
            return Ok(Ok(anchors));
        }
        tell_fallback(&desk);
    }
    Ok(
        match audit::anchor::read(&workspace.rt.broker, progress()).await {
            Ok(Some(anchors)) => Ok(anchors),
            Ok(None) => Err(words::tr!(
                "whether its end was cut is not known: there is no account of events, for EVENTS is off or nothing was handled yet"
            )),
            Err(error) => Err(words::tr!(
                "whether its end was cut is not known, for the account of events cannot be read: {}",
                pipeline::cause::chain(&error)
            )),
        },
    )
}
