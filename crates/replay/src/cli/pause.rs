//! `dead pause`.

use super::{
    config::OperatorArgs,
    operator::{by, reason},
    plan::{changed, load},
};
use crate::{
    plan::{Plan, State},
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

/// The process that runs the plan sees the wish before its next letters.
pub(super) async fn pause(workspace: Workspace, args: PauseArgs) -> anyhow::Result<()> {
    let workspace = by(workspace, args.operator);
    let why = reason(&args.reason)?;
    let plan = load(&workspace, &args.plan).await?;
    let said = words::tr!(
        "paused by {}: {why}; `dead resume {}` goes on",
        workspace.operator,
        plan.id
    );
    if plan.state != State::Running {
        words::bail!(
            "plan {} is {}, nothing is put back by it",
            plan.id,
            plan.state.told()
        );
    }
    let plans = workspace.plans();
    let state = plans
        .change(&plan.id, State::Paused, &said, &[State::Running])
        .await?;
    if state != Some(State::Paused) {
        words::bail!(
            "plan {} is {} by now",
            plan.id,
            state.map_or(words::text!("gone"), State::told)
        );
    }
    let told = |plan: &Plan| {
        words::tr!(
            "paused: {} were put back, {} of them are still under way; next: dead resume {}",
            plan.sent,
            plan.under_way(),
            plan.id
        )
    };
    changed(&workspace, "pause", &plan.id, args.json, told).await
}
