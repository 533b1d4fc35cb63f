//! Whether the listing still has the filter under which everything was listed, and the transformers the condition:
//! another one lets customers in that no change will ever bring, and leaves rows of those that it keeps out.

use crate::state::{RunKind, State};
use pipeline::{
    alert::{Problem, Severity},
    service::Runtime,
    store,
};
use std::time::Duration;

/// How often it is compared; a first load that has ended meanwhile ends the problem.
const POLL: Duration = Duration::from_secs(15);
const PROBLEM: &str = "filter-changed";
const REMEDY: &str = words::mark!(
    "customers that it lets in are loaded when they change; `extractor sync --full`, or BACKFILL_ON_CHANGE=true, lists everything again, and `extractor reconcile --source` finds those that it leaves out"
);

/// Compares the filter with that of the last full listing.
pub(crate) struct FilterWatch {
    rt: Runtime,
    state: State,
    filter: String,
    /// Everything is listed again without being asked.
    lists_again: bool,
    is_known: bool,
}

impl FilterWatch {
    /// Nothing is compared yet.
    pub(crate) fn new(rt: Runtime, state: State, filter: String, lists_again: bool) -> Self {
        Self {
            rt,
            state,
            filter,
            lists_again,
            is_known: false,
        }
    }

    /// Polls until shutdown.
    pub(crate) async fn run(mut self) {
        loop {
            if let Err(error) = self.compare().await {
                tracing::debug!(error = pipeline::cause::logged(&error), "filter not compared");
            }
            if !self.rt.shutdown.sleep(POLL).await {
                return;
            }
        }
    }

    async fn compare(&mut self) -> Result<(), store::Error> {
        let Some(changed) = self.changed().await? else {
            self.is_known = false;
            self.rt.alerts.clear(PROBLEM);
            return Ok(());
        };
        if !std::mem::replace(&mut self.is_known, true) {
            tracing::warn!(lists_again = self.lists_again, "{changed}");
        }
        if self.lists_again {
            return self.state.want(RunKind::First).await;
        }
        self.rt.alerts.raise(Problem {
            key: PROBLEM.to_owned(),
            severity: Severity::Warning,
            summary: words::said(changed).to_owned(),
            detail: REMEDY.to_owned(),
            patience: Duration::ZERO,
        });
        Ok(())
    }

    /// What is not as it was when everything was listed.
    async fn changed(&self) -> Result<Option<&'static str>, store::Error> {
        if self.state.filter(&self.filter).await? != self.filter {
            return Ok(Some(words::mark!("the filter of the listing has changed")));
        }
        let conditions = self.state.condition().await?;
        let has_changed = conditions.is_some_and(|conditions| conditions.has_changed());
        Ok(has_changed.then_some(words::mark!("the condition of the mapping extras has changed")))
    }
}
