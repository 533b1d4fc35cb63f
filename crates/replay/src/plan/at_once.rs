//! Putting dead letters back in one go: a plan that is made and run at once, without canary and without waiting.

use super::{Plan, make::make, options::Options, run::run};
use crate::{browse::filter::Filter, workspace::Workspace};

use pipeline::{service::Runtime, stage::Stage};

/// What a replay has done.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// Plan of the replay, found in the headers of everything it put back.
    pub replay: String,
    /// Letters put back.
    pub replayed: u64,
    /// Letters that are still where they were.
    pub left: u64,
}

impl From<&Plan> for Report {
    fn from(plan: &Plan) -> Self {
        Self {
            replay: plan.id.clone(),
            replayed: plan.sent,
            left: plan.left(),
        }
    }
}

/// Puts the chosen letters back to the queues that they came from, oldest first.
///
/// # Errors
/// When another replay of this stage is under way, or the broker goes away; what was not put back is still there.
pub async fn replay(
    rt: &Runtime,
    stage: Stage,
    filter: &Filter,
    mut progress: impl FnMut(&Report) + Send,
) -> anyhow::Result<Report> {
    let workspace = Workspace::new(rt.clone(), stage);
    refuse_if_busy(&workspace).await?;
    let options = Options::at_once();
    let Some(preview) = make(
        &workspace,
        filter,
        "put back at once",
        None,
        options.clone(),
        |_| {},
    )
    .await?
    else {
        return Ok(Report::default());
    };
    let plan = run(&workspace, preview.plan, &options, &mut |plan| {
        progress(&Report::from(plan))
    })
    .await?;
    Ok(Report::from(&plan))
}

/// Refuses before anything is browsed, and names the operator of the other replay.
///
/// # Errors
/// When another replay of this stage is under way.
pub(crate) async fn refuse_if_busy(workspace: &Workspace) -> anyhow::Result<()> {
    let key = workspace.rt.namespace.replay_lease_key(workspace.stage);
    let mut connection = workspace.rt.store.connection().await?;
    let busy: bool = redis::cmd("EXISTS")
        .arg(&key)
        .query_async(&mut *connection)
        .await?;
    anyhow::ensure!(
        !busy,
        "another replay of the {} stage is under way, by {}; wait for it or cancel it, and try again in a few seconds if it was killed",
        workspace.stage,
        workspace.holder(&key).await
    );
    Ok(())
}
