//! The schedule loop of a job: every replica runs it, the one that gets the lease lists.
//!
//! Standing by costs one small read now and then. A run that a dead leader left behind is due at once, so its
//! successor goes on as soon as the lease has run out.

use crate::{
    lister::{Lister, Span, Stop},
    okki::{chain, time},
    pause::Pauses,
    schedule::Schedule,
    state::{Job, JobState, State},
};
use pipeline::{lease::Lease, retry::Backoff, service::Runtime, telemetry::names};
use std::{sync::Arc, time::Duration};

/// A sleeper looks this often whether somebody else has changed the state.
const LOOK: Duration = Duration::from_secs(15);

/// Leads one job when it is this replica's turn.
pub struct Lead {
    /// The process.
    pub rt: Runtime,
    /// What to do when OKKI refuses everything.
    pub pauses: Arc<Pauses>,
    /// Runs and checkpoints.
    pub state: State,
    /// Does the listing.
    pub lister: Arc<Lister>,
    /// What to list.
    pub job: Job,
    /// Which part of it.
    pub span: Span,
    /// When.
    pub schedule: Schedule,
    /// Life of the lease.
    pub ttl: Duration,
}

impl Lead {
    /// Until shutdown.
    pub async fn run(self) {
        let mut backoff = Backoff::default();
        loop {
            tokio::select! {
                () = self.rt.gate.opened() => {}
                () = self.rt.shutdown.requested() => return,
            }
            let wait = match self.round().await {
                Ok(wait) => {
                    backoff.reset();
                    wait
                }
                Err(Stop::Shutdown) => return,
                Err(stop) => {
                    self.stopped(&stop);
                    backoff.next_delay()
                }
            };
            if !self.rt.shutdown.sleep(wait).await {
                return;
            }
        }
    }

    /// Lists if it is time and the lease is free; says how long to wait.
    async fn round(&self) -> Result<Duration, Stop> {
        let wait = self.wait_for_due().await?;
        if !wait.is_zero() {
            return Ok(wait.min(LOOK));
        }
        let key = self.state.lease_key(self.job);
        let Some(lead) = Lease::acquire(&self.rt.store, key, &self.rt.instance, self.ttl).await? else {
            return Ok((self.ttl / 5).max(Duration::from_millis(200)));
        };
        self.show_leader(true);
        // The one before may have listed between our look and our lease.
        let listed = match self.wait_for_due().await {
            Ok(wait) if wait.is_zero() => self.list(&lead).await,
            Ok(_) => Ok(()),
            Err(stop) => Err(stop),
        };
        // Not released, it runs out by itself.
        let released = lead.release().await;
        self.show_leader(false);
        listed?;
        released?;
        Ok(self.wait_for_due().await?.min(LOOK))
    }

    async fn list(&self, lead: &Lease) -> Result<(), Stop> {
        self.lister.list(self.job, self.span, false, lead).await?;
        self.rt.alerts.run_ended(self.job.name());
        if self.job == Job::Live {
            self.lister.ask_for_lost(lead).await?;
        }
        Ok(())
    }

    async fn wait_for_due(&self) -> Result<Duration, Stop> {
        let state = self.state.job(self.job).await?;
        self.show(&state);
        if state.run.is_some() {
            return Ok(Duration::ZERO);
        }
        let wait = self.schedule.due(state.started_ms) - time::now_ms();
        Ok(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
    }

    fn stopped(&self, stop: &Stop) {
        // Outages and refusals close the gate, which is told by itself.
        if matches!(stop, Stop::Publish(_)) {
            self.rt.alerts.run_failed(self.job.name(), &chain(stop));
        }
        match stop {
            Stop::Okki(error) => self.pauses.hold("list customers", error),
            Stop::Store(error) if error.is_outage() => self.rt.redis_lost(error),
            Stop::Deposed => tracing::warn!(job = self.job.name(), "lost the lease, another replica goes on"),
            stop => tracing::warn!(
                job = self.job.name(),
                error = chain(stop),
                "listing stopped, will be taken up"
            ),
        }
    }

    fn show_leader(&self, leads: bool) {
        if self.job == Job::Live {
            metrics::gauge!(names::LEADER).set(f64::from(u8::from(leads)));
        }
    }

    fn show(&self, state: &JobState) {
        if self.job != Job::Live {
            return;
        }
        let age = state.checkpoint.map(|checkpoint| time::now() - checkpoint);
        let board = serde_json::json!({
            "checkpoint": state.checkpoint.map(time::format),
            "checkpoint_age_s": age,
            "run": state.run,
        });
        self.rt.status.set("listing", board);
    }
}
