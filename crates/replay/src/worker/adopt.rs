//! Plans that were left running by a process that is gone.

use crate::{
    error::{Error, Result},
    plan::{Plan, State, busy, run, summary},
    rule,
    workspace::Workspace,
};
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Plans are not read more often: there may be many of a week.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Plans that run and that nobody runs, since when.
pub(super) struct Orphans {
    after: Duration,
    looked: Option<Instant>,
    since: HashMap<String, Instant>,
}

impl Orphans {
    pub(super) fn new(after: Duration) -> Self {
        Self {
            after,
            looked: None,
            since: HashMap::new(),
        }
    }

    /// Another process has taken over the watch.
    pub(super) fn forget(&mut self) {
        self.since.clear();
    }

    /// Runs what has been nobody's for long enough.
    pub(super) async fn adopt(&mut self, workspace: &Workspace) -> Result<()> {
        let often = (self.after / 4).min(LOOK_EVERY);
        if self.looked.is_some_and(|at| at.elapsed() < often) {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        let plans = workspace.plans().list().await?;
        // A rule goes on with its own plan, at its hours, and judges it.
        let running = |plan: &Plan| {
            plan.state == State::Running && plan.belongs_to(workspace.stage) && !rule::is_of_a_rule(plan)
        };
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
