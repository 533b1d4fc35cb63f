//! `dead operations`.

use super::print;
use crate::{operation::Operations, workspace::Workspace};
use clap::Args;
use std::io::{self, Write};

/// Arguments of `operations`.
#[derive(Debug, Clone, Args)]
pub(super) struct OperationsArgs {
    /// Of every stage
    #[arg(long)]
    all: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(super) async fn operations(workspace: &Workspace, args: OperationsArgs) -> anyhow::Result<()> {
    let mut operations = Operations::of(workspace).list().await?;
    operations.retain(|operation| args.all || operation.stage == workspace.stage.name());
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&operations)?)?;
    } else {
        print::operations(&mut out, &operations)?;
    }
    Ok(())
}
