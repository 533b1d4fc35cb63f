//! Comparisons at the times of `RECONCILE_CRON`, by whichever replica gets the lease: what `reconcile --fix` does for people.

use super::Comparison;
use crate::{okki::Client, outage, run::RunSettings, schedule::Schedule, state::State};
use pipeline::{
    alert::{Problem, Severity},
    comparison::By,
    retry::Backoff,
    service::Runtime,
    store,
};
use std::{sync::Arc, time::Duration};

/// How often a replica that waits reads again when the last one ended.
const POLL: Duration = Duration::from_secs(15);
/// One that was stopped goes on after this time at first, and after the longest one when it goes on being stopped.
const REST: Duration = Duration::from_secs(60);
const LONGEST_REST: Duration = Duration::from_secs(3_600);
/// So many stops in a row are no matter of a moment.
const SEVERAL: u32 = 3;
/// Nobody is handed to the loader when more than this share of the customers (percent) has gone, as for the command.
pub(super) const AT_MOST: u8 = 50;
const PROBLEM: &str = "reconcile";

/// Compares when it is time, and this replica's turn.
pub(crate) struct Scheduled {
    /// The process.
    pub rt: Runtime,
    /// OKKI.
    pub client: Arc<Client>,
    /// What is listed, and from when on.
    pub settings: RunSettings,
    /// When.
    pub schedule: Schedule,
    /// Life of the lease.
    pub ttl: Duration,
}

impl Scheduled {
    /// Until shutdown.
    pub(crate) async fn run(self) {
        let mut rests = Backoff::new(REST, LONGEST_REST);
        let mut stops = 0;
        loop {
            tokio::select! {
                () = self.rt.gate.opened() => {}
                () = self.rt.shutdown.requested() => return,
            }
            let wait = match self.round().await {
                Ok(wait) => {
                    rests.reset();
                    stops = 0;
                    wait
                }
                Err(_) if self.rt.shutdown.is_requested() => return,
                Err(error) => {
                    stops += 1;
                    self.stopped(&error, stops);
                    rests.next_delay()
                }
            };
            if !self.rt.shutdown.sleep(wait).await {
                return;
            }
        }
    }

    /// A comparison has not come to its end.
    fn stopped(&self, error: &anyhow::Error, stops: u32) {
        let error = format!("{error:#}");
        tracing::warn!(error, "comparison stopped, will go on");
        if stops < SEVERAL {
            return;
        }
        if stops == SEVERAL {
            tracing::error!(error, "comparison does not come to its end");
        }
        self.rt.alerts.raise(Problem {
            key: PROBLEM.to_owned(),
            severity: Severity::Warning,
            summary: words::tr!("the comparison with everything that was loaded does not come to its end"),
            detail: error,
            patience: Duration::ZERO,
        });
    }

    /// Compares if it is time and nobody else does; says how long to wait.
    async fn round(&self) -> anyhow::Result<Duration> {
        let wait = self.wait(false).await?;
        if !wait.is_zero() {
            return Ok(wait.min(POLL));
        }
        let own = (true, AT_MOST);
        let Some(lease) =
            Comparison::lease(&self.rt, &self.settings, self.ttl, (own.0, By::Schedule)).await?
        else {
            return Ok(POLL);
        };
        let mut comparison = Comparison::new(
            self.rt.clone(),
            Arc::clone(&self.client),
            self.settings.clone(),
            (lease, self.ttl),
            own,
        );
        let findings = comparison.compare_all(false).await?;
        // The next time counts from the end, so that a long one is not followed by another at once.
        outage::waited(|| self.wait(true)).await?;
        outage::released(comparison.lease).await;
        let (open, fixed) = (findings.open(), findings.handled());
        let not_asked = findings.not_asked;
        tracing::info!(open, fixed, not_asked, "compared with everything that was loaded");
        let problem = Problem {
            key: PROBLEM.to_owned(),
            severity: Severity::Warning,
            summary: words::tr!("{open} customers differ from what was loaded"),
            detail: findings.remedies(AT_MOST),
            patience: Duration::ZERO,
        };
        match open {
            0 => self.rt.alerts.over(problem),
            _ => self.rt.alerts.raise(problem),
        }
        Ok(POLL)
    }

    /// How long until the next one; `ended`: one has been made.
    async fn wait(&self, ended: bool) -> Result<Duration, store::Error> {
        let state = State::new(self.rt.store.clone(), self.rt.namespace.clone());
        let now_ms = state.now_ms().await?;
        let key = self.rt.namespace.reconcile_ended_key();
        let mut command = redis::cmd("SET");
        command.arg(&key).arg(now_ms);
        if !ended {
            // The first one is due at the first of its times that somebody waits for.
            command.arg("NX");
        }
        let mut connection = self.rt.store.connection().await?;
        command.query_async::<redis::Value>(&mut *connection).await?;
        let last: Option<i64> = redis::cmd("GET").arg(&key).query_async(&mut *connection).await?;
        let wait = self.schedule.wait(last, now_ms);
        Ok(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
    }
}
