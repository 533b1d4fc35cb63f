//! Plans that were left running by a process that is gone.

use crate::{
    error::{Error, Result},
    plan::{Plan, State, busy, run, summary},
    workspace::Workspace,
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Plans that run and that nobody runs, since when.
pub(super) struct Orphans {
    after: Duration,
    since: HashMap<String, Instant>,
}

impl Orphans {
    pub(super) fn new(after: Duration) -> Self {
        Self {
            after,
            since: HashMap::new(),
        }
    }

    /// Another process has taken over the watch.
    pub(super) fn forget(&mut self) {
        self.since.clear();
    }

    /// Runs what has been nobody's for long enough.
    pub(super) async fn adopt(&mut self, workspace: &Workspace) -> Result<()> {
        let plans = workspace.plans().list().await?;
        let running = |plan: &Plan| plan.state == State::Running && plan.belongs_to(workspace.stage);
        let running: Vec<Plan> = plans.into_iter().filter(running).collect();
        self.since
            .retain(|id, _| running.iter().any(|plan| plan.id == *id));
        for plan in running {
            match busy::refuse_if_busy(workspace).await {
                Err(Error::Busy { .. }) => {
                    self.forget();
                    return Ok(());
                }
                other => other?,
            }
            let since = *self.since.entry(plan.id.clone()).or_insert_with(Instant::now);
            if since.elapsed() < self.after {
                continue;
            }
            self.since.remove(&plan.id);
            summary::note(workspace, "adopt", &plan).await?;
            tracing::warn!(
                plan = plan.id,
                "a replay was left running by a process that is gone; it goes on here"
            );
            let options = plan.options.clone();
            let ended = run::run(workspace, plan, &options, &mut |_| {}).await?;
            summary::note(workspace, "adopt ended", &ended).await?;
        }
        Ok(())
    }
}
