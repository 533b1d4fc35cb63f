//! A run of a plan with its begin and its end in the audit log.

use super::{Plan, options::Options, run, summary::note};
use crate::{error::Result, workspace::Workspace};

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
    let id = plan.id.clone();
    note(workspace, action, &plan).await?;
    match run::run(workspace, plan, options, view).await {
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
