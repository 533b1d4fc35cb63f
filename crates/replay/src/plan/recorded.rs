//! A run of a plan with its begin and its end in the audit log.

use super::{Plan, in_hand::give_back, options::Options, run, summary::note};
use crate::{browse::guarded::GuardedBrowser, error::Result, workspace::Workspace};

/// Runs a plan as [`run::run`] does; `action` and what became of it are on record.
///
/// # Errors
/// As [`run::run`].
pub async fn run(
    workspace: &Workspace,
    action: &str,
    plan: Plan,
    options: &Options,
    view: &mut (dyn FnMut(&Plan) + Send),
) -> Result<Plan> {
    run_in_hand(workspace, action, plan, None, options, view).await
}

/// The same as [`run::run_in_hand`] does.
///
/// # Errors
/// As [`run::run`].
pub async fn run_in_hand(
    workspace: &Workspace,
    action: &str,
    plan: Plan,
    in_hand: Option<GuardedBrowser>,
    options: &Options,
    view: &mut (dyn FnMut(&Plan) + Send),
) -> Result<Plan> {
    let id = plan.id.clone();
    if let Err(error) = note(workspace, action, &plan).await {
        give_back(in_hand).await;
        return Err(error.into());
    }
    match run::run_in_hand(workspace, plan, in_hand, options, view).await {
        Ok(plan) => {
            note(workspace, &format!("{action} ended"), &plan).await?;
            Ok(plan)
        }
        Err(error) => {
            if let Ok(Some(plan)) = workspace.plans().load(&id).await {
                note(workspace, &format!("{action} failed"), &plan).await?;
            }
            Err(error)
        }
    }
}
