//! `dead audit`.

use super::print;
use crate::{audit, workspace::Workspace};
use clap::Args;
use serde_json::json;
use std::io::{self, Write};

/// Arguments of `audit`.
#[derive(Debug, Clone, Args)]
pub(super) struct AuditArgs {
    /// JSON, one entry a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn audit(workspace: &Workspace, args: AuditArgs) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let mut written = Ok(());
    let (mut broken, mut entries) = (0_u64, 0);
    audit::read(workspace, |entry| {
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
    if broken > 0 {
        words::bail!("{broken} entries do not fit their digest: the log was changed");
    }
    Ok(())
}
