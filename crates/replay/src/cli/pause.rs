//! `dead pause`.

use super::{
    config::OperatorArgs,
    operator::{by, reason},
    plan::{changed, load},
};
use crate::{
    plan::{Plan, change},
    workspace::Workspace,
};
use clap::Args;

/// Arguments of `pause`.
#[derive(Debug, Clone, Args)]
pub(super) struct PauseArgs {
    /// Plan to let rest
    plan: String,
    /// Why, for the audit log and for whoever runs it
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    operator: OperatorArgs,
    /// The plan's result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn pause(workspace: Workspace, args: PauseArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let why = reason(&args.reason)?;
    let plan = load(&workspace, &args.plan).await?;
    let plan = change::pause(&workspace, &plan.id, &why).await?;
    let told = |plan: &Plan| {
        words::tr!(
            "paused: {} were put back, {} of them are still under way; next: dead resume {}",
            plan.sent,
            plan.under_way(),
            plan.id
        )
    };
    changed(&plan, args.json, told)
}
