//! What an operator does to a plan that is there: pause it, cancel it; each on record in the audit log.

use super::{Plan, state::State, summary::note};
use crate::{
    error::{Error, Result},
    workspace::Workspace,
};

/// States that can be ended.
const OPEN: [State; 6] = [
    State::Making,
    State::Planned,
    State::Running,
    State::Paused,
    State::Stopped,
    State::Sent,
];

/// A plan of the workspace's stage.
///
/// # Errors
/// When there is none of this id, it is another stage's, or Redis is away.
pub async fn of_stage(workspace: &Workspace, id: &str) -> Result<Plan> {
    let plan = workspace.plans().load(id).await?.ok_or_else(|| Error::NotFound {
        what: "plan",
        id: id.to_owned(),
        hint: words::tr!(
            "in namespace `{}`; `dead plans --all` lists those that are there",
            workspace.rt.namespace
        ),
    })?;
    if !plan.belongs_to(workspace.stage) {
        return Err(Error::WrongStage {
            what: "plan",
            id: plan.id,
            of: plan.stage,
            here: workspace.stage,
        });
    }
    Ok(plan)
}

/// Lets a running plan rest, whoever runs it: that process sees the wish before its next letters.
///
/// # Errors
/// When it does not run, or Redis is away.
pub async fn pause(workspace: &Workspace, id: &str, why: &str) -> Result<Plan> {
    let plan = of_stage(workspace, id).await?;
    let said = words::kept!(
        "paused by {}: {why}; `dead resume {}` goes on",
        workspace.operator,
        plan.id
    );
    if plan.state != State::Running {
        return Err(Error::NotNow(words::tr!(
            "plan {} is {}, nothing is put back by it",
            plan.id,
            plan.state.told()
        )));
    }
    let plans = workspace.plans();
    let state = plans
        .change(&plan.id, State::Paused, &said, &[State::Running])
        .await?;
    if state != Some(State::Paused) {
        let by_now = state.map_or(words::text!("gone"), State::told);
        return Err(Error::NotNow(words::tr!("plan {} is {by_now} by now", plan.id)));
    }
    on_record(workspace, "pause", &plan.id, why).await
}

/// Ends a plan; what it has not put back stays where it is.
///
/// # Errors
/// When it is over already, or Redis is away.
pub async fn cancel(workspace: &Workspace, id: &str, why: &str) -> Result<Plan> {
    let plan = of_stage(workspace, id).await?;
    let plans = workspace.plans();
    let state = plans.change(&plan.id, State::Cancelled, why, &OPEN).await?;
    if state != Some(State::Cancelled) || plan.state == State::Cancelled {
        return Err(Error::NotNow(words::tr!(
            "plan {} is {} already",
            plan.id,
            plan.state.told()
        )));
    }
    on_record(workspace, "cancel", &plan.id, why).await
}

async fn on_record(workspace: &Workspace, action: &str, id: &str, why: &str) -> Result<Plan> {
    let plan = of_stage(workspace, id).await?;
    let mut noted = plan.clone();
    if !why.is_empty() {
        why.clone_into(&mut noted.reason);
    }
    note(workspace, action, &noted).await?;
    Ok(plan)
}
