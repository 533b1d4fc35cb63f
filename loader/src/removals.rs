//! The guard of removals: a wrong filter, or a CRM that suddenly says that everybody is gone, must not empty the form.
//!
//! With `ON_REMOVAL=delete` every row that goes is counted in the ledger, by the script that claims it, for all loaders
//! together: for a week, and for each backfill as long as it lasts. More than ten may go only while they are not more than
//! `REMOVAL_LIMIT` percent of the rows that were known. The first one beyond waits, and all after it, until a person has
//! decided (`loader removals allow|keep`), or newer states of the customers have made them all old. What waits steps aside
//! through the longest retry queue, counts no attempt and holds up nothing else.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pipeline::alert::{Problem, Severity};
use pipeline::names::REMOVALS_ALLOWED;
use pipeline::service::Runtime;
use pipeline::telemetry::names;
use proto::v1::{FormRecord, Lane};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::ledger::{self, Cause, Ledger, RemovalLimits, RemovalState};

/// How often this process looks what is known.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What parked removals are given beyond two rounds through their retry queue to come by again.
const SLACK: Duration = Duration::from_secs(1);
/// Under which problem people are notified.
const PROBLEM: &str = "removals-parked";
/// What to do.
pub(crate) const REMEDY: &str = words::mark!(
    "if a filter is wrong, put it right and run `extractor sync --full --force`: newer states make \
     the removals old; else look at `loader removals show` and decide with `loader removals allow` or `loader removals keep`"
);

/// What was said last.
#[derive(Default)]
struct Told {
    decided: Option<i64>,
    waits: Option<bool>,
}

/// Watches what the ledger counts and parks.
pub(crate) struct RemovalGuard {
    runtime: Runtime,
    ledger: Ledger,
    /// `None`: removals delete nothing here.
    share: Option<u8>,
    wake: Notify,
}

impl RemovalGuard {
    pub(crate) fn new(runtime: Runtime, ledger: Ledger, share: Option<u8>) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            ledger,
            share,
            wake: Notify::new(),
        })
    }

    /// By what removals are judged.
    pub(crate) fn limits(&self) -> Option<RemovalLimits> {
        let longest = self.runtime.broker.retry().ladder().last();
        let longest = longest.copied().unwrap_or_default();
        self.share.map(|share| RemovalLimits {
            share,
            probation: longest * 2 + SLACK,
        })
    }

    /// A removal waits until the known rows are counted.
    pub(crate) fn count(&self) {
        self.wake.notify_one();
    }

    /// Counts rows when that is wanted, and tells people what waits, until the process ends.
    pub(crate) async fn watch(self: Arc<Self>) {
        if self.share.is_none() {
            return self.runtime.shutdown.requested().await;
        }
        let mut told = Told::default();
        while !self.runtime.shutdown.is_requested() {
            match self.ledger.removal_state().await {
                Ok(state) => {
                    self.tell(&state, &mut told);
                    if state.count_wanted {
                        self.count_rows().await;
                    }
                }
                Err(error) => tracing::debug!(%error, "parked removals cannot be asked for now"),
            }
            tokio::select! {
                _going = self.runtime.shutdown.sleep(LOOK_EVERY) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    async fn count_rows(&self) {
        match self.ledger.count_rows().await {
            Ok(Some(rows)) => tracing::info!(rows, "known rows were counted, to judge removals by"),
            Ok(None) => {}
            Err(ledger::Error::Store(cause)) => self.runtime.redis_lost(&cause),
            Err(error) => tracing::debug!(%error, "known rows cannot be counted now"),
        }
    }

    fn tell(&self, state: &RemovalState, told: &mut Told) {
        let share = self.share.unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!(names::LOADER_PARKED_REMOVALS).set(state.parked as f64);
        self.runtime.status.set("removals", shown(state, self.limits()));
        if told
            .decided
            .replace(state.decided_ms)
            .is_some_and(|last| last != state.decided_ms)
        {
            tracing::warn!(
                decision = state.decision,
                parked = state.parked,
                "a person has decided about parked removals; their messages come by within the longest retry delay"
            );
        }
        let problem = Problem {
            key: PROBLEM.to_owned(),
            severity: Severity::Critical,
            summary: words::tr!("too many rows are about to be removed, the rest waits for a person"),
            detail: explained(state, share),
            patience: Duration::ZERO,
        };
        let waits = state.waiting_since_ms > 0;
        let changed = told.waits.replace(waits) != Some(waits);
        match waits {
            true => {
                if changed {
                    tracing::error!(parked = state.parked, "{}: {}", problem.summary, problem.detail);
                }
                self.runtime.alerts.raise(problem);
            }
            false if changed => self.runtime.alerts.over(problem),
            false => {}
        }
    }
}

/// Why the customer's row is to go, as far as it is one that goes.
pub(crate) fn cause(record: &FormRecord) -> Cause<'_> {
    Cause {
        filtered: record.filtered,
        allowed: record.run_id.starts_with(REMOVALS_ALLOWED),
        backfill: record.lane() != Lane::Live,
        run: &record.run_id,
    }
}

/// What waits, why, and what to do about it.
pub(crate) fn explained(state: &RemovalState, share: u8) -> String {
    words::tr!(
        "{} removals are parked: {} customers have left the filter, {} were removed in OKKI; {} rows have gone within a \
         week, of {} more that were known, and REMOVAL_LIMIT is {share} %. Nothing is lost and everything else goes on; \
         {REMEDY}",
        state.parked,
        state.left_filter,
        state.parked.saturating_sub(state.left_filter),
        state.removed,
        state.known,
    )
}

/// For `/status` and the command.
pub(crate) fn shown(state: &RemovalState, limits: Option<RemovalLimits>) -> Value {
    let time = |ms: i64| match ms {
        0 => Value::Null,
        ms => json!(Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())),
    };
    json!({
        "limit_percent": limits.map(|limits| limits.share),
        "all_wait_at_first": limits.map(|limits| state.is_young(limits.probation)),
        "parked": state.parked,
        "left_filter": state.left_filter,
        "waiting_since": time(state.waiting_since_ms),
        "removed_within_a_week": state.removed,
        "known_rows": state.known,
        "decided": time(state.decided_ms),
        "decision": state.decision,
        "allowed_until": time(if state.free_until_ms > state.time_ms { state.free_until_ms } else { 0 }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_person_has_allowed_is_not_weighed() {
        let is_allowed = |run: &str| {
            let record = FormRecord {
                run_id: run.to_owned(),
                ..FormRecord::default()
            };
            cause(&record).allowed
        };
        assert!(is_allowed("reconcile-allowed-1"));
        assert!(!is_allowed("reconcile-1") && !is_allowed("live-1"));
    }
}
