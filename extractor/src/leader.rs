//! The schedule loop of a kind: every replica runs it, the one that gets the lease lists.
//!
//! Standing by costs one small read now and then. A run that a dead leader left behind is due at once, so its
//! successor goes on as soon as the lease has run out.

use crate::{
    checkpoint::show_listing,
    okki::chain,
    pause::Pauses,
    poll::Polling,
    run::{Runner, Span, Stop},
    schedule::Schedule,
    share::Share,
    state::{KindState, Run, RunKind, State},
};
use pipeline::{lease::Lease, retry::Backoff, service::Runtime, telemetry::names};
use std::{sync::Arc, time::Duration};

/// How often a replica that waits reads the state again, which another one may have changed.
const POLL: Duration = Duration::from_secs(15);
/// The same for what is not scheduled but wanted.
const POLL_WANTED: Duration = Duration::from_secs(1);

/// Makes runs of one kind when it is this replica's turn.
pub(crate) struct Leader {
    /// The process.
    pub rt: Runtime,
    /// What to do when OKKI refuses everything.
    pub pauses: Arc<Pauses>,
    /// Runs and checkpoints.
    pub state: State,
    /// Makes the runs.
    pub runner: Arc<Runner>,
    /// Which kind.
    pub kind: RunKind,
    /// Which part of it.
    pub span: Span,
    /// When.
    pub schedule: Schedule,
    /// Life of the lease.
    pub ttl: Duration,
    /// What backfills may use of the day.
    pub share: Share,
    /// Asks for runs between those of the schedule.
    pub polling: Option<Polling>,
}

impl Leader {
    /// Until shutdown.
    pub(crate) async fn run(self: Arc<Self>) {
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
                    backoff.next_delay().max(stop.rest())
                }
            };
            if !self.rt.shutdown.sleep(wait).await {
                return;
            }
        }
    }

    /// Lists if it is time and the lease is free; says how long to wait.
    async fn round(&self) -> Result<Duration, Stop> {
        let poll = match self.schedule {
            Schedule::Wanted => POLL_WANTED,
            _ => POLL,
        };
        let wait = self.wait_for_due().await?;
        if !wait.is_zero() {
            return Ok(self.meanwhile(wait).await?.min(poll));
        }
        let Some(lease) = self.lease().await? else {
            return Ok((self.ttl / 5).max(Duration::from_millis(200)));
        };
        // The one before may have listed between our reading and our lease.
        let listed = match self.wait_for_due().await {
            Ok(wait) if wait.is_zero() => self.make_run(&lease).await.map(drop),
            Ok(_) => Ok(()),
            Err(stop) => Err(stop),
        };
        self.let_go(lease, listed).await?;
        let wait = self.wait_for_due().await?;
        Ok(self.meanwhile(wait).await?.min(poll))
    }

    /// Lists whatever the schedule says; `None`: another replica lists.
    pub(crate) async fn list_now(&self) -> Result<Option<Run>, Stop> {
        let Some(lease) = self.lease().await? else {
            return Ok(None);
        };
        let listed = self.make_run(&lease).await;
        self.let_go(lease, listed).await.map(Some)
    }

    async fn lease(&self) -> Result<Option<Lease>, Stop> {
        let key = self.state.lease_key(self.kind);
        let lease = Lease::acquire(&self.rt.store, key, &self.rt.instance, self.ttl).await?;
        if lease.is_some() {
            self.show_leader(true);
        }
        Ok(lease)
    }

    async fn let_go<T>(&self, lease: Lease, listed: Result<T, Stop>) -> Result<T, Stop> {
        // Not released, it runs out by itself.
        let released = lease.release().await;
        self.show_leader(false);
        let listed = listed?;
        released?;
        Ok(listed)
    }

    /// Polls while no run is due.
    async fn meanwhile(&self, wait: Duration) -> Result<Duration, Stop> {
        let Some(polling) = self.polling.as_ref().filter(|_| !wait.is_zero()) else {
            return Ok(wait);
        };
        let live = self.state.standing(self.kind).await?;
        if live.is_ahead() || live.run.is_some() {
            return Ok(wait);
        }
        Ok(polling.round(&live).await?.min(wait))
    }

    async fn make_run(&self, lease: &Lease) -> Result<Run, Stop> {
        let force = self.kind == RunKind::Refresh;
        let run = self.runner.run(self.kind, self.span, force, lease).await?;
        self.rt.alerts.run_ended(self.kind.name());
        let is_live = self.kind == RunKind::Live;
        let repeated = async {
            let doubtful = match is_live {
                true => self.runner.ask_for_doubtful(lease).await?,
                false => 0,
            };
            if let Some(polling) = &self.polling {
                polling.after_run(&run, doubtful).await?;
            }
            if is_live {
                self.runner.list_damaged_again(lease).await?;
                self.runner.ask_for_lost(lease).await?;
            }
            self.runner.ask_for_missing(self.kind, lease).await
        };
        tokio::select! {
            repeated = repeated => repeated?,
            () = lease.lost() => return Err(Stop::Deposed),
            () = self.rt.shutdown.requested() => return Err(Stop::Shutdown),
        };
        Ok(run)
    }

    async fn wait_for_due(&self) -> Result<Duration, Stop> {
        let state = self.state.standing(self.kind).await?;
        if self.kind == RunKind::Live {
            show_listing(&self.rt.status, &state);
        }
        // The watch over the checkpoint has said what is wrong, and notified people of it.
        if state.is_ahead() {
            return Ok(POLL);
        }
        if state.run.is_some() {
            return Ok(Duration::ZERO);
        }
        if state.wanted {
            // The first live window goes first: what it has published is known then, and not published again.
            let live = self.state.standing(RunKind::Live).await?;
            return Ok(live.checkpoint.map_or(POLL_WANTED, |_| Duration::ZERO));
        }
        let last = self.last_run(&state).await?;
        if self.kind == RunKind::LookBack {
            // Where live windows have not been, nothing was passed over.
            let live = self.state.standing(RunKind::Live).await?;
            if live.checkpoint.is_none() || live.is_ahead() {
                return Ok(POLL);
            }
        }
        let rest = match (self.span, last) {
            (Span::LookBack(looks), Some(last)) => looks.due_ms(&state, last) - state.redis_ms,
            _ => 0,
        };
        let wait = self.schedule.wait(last, state.redis_ms).max(rest);
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
        let wanted = match &self.polling {
            Some(polling) => polling.run_wanted(&state).await?,
            None => None,
        };
        Ok(wanted.map_or(wait, |wanted| wanted.min(wait)))
    }

    /// A refresh, or a look back, follows what is there already: the first one is due at the first of its times that somebody waits for.
    async fn last_run(&self, state: &KindState) -> Result<Option<i64>, Stop> {
        let follows = matches!(self.kind, RunKind::Refresh | RunKind::LookBack);
        if !follows || state.started_ms.is_some() {
            return Ok(state.started_ms);
        }
        Ok(Some(self.state.watched_since(self.kind, state.redis_ms).await?))
    }

    /// Does what a run that has stopped makes necessary.
    pub(crate) fn stopped(&self, stop: &Stop) {
        // Outages and refusals close the gate, of which people are notified anyway.
        if matches!(stop, Stop::Publish(_) | Stop::Part { .. }) {
            self.rt.alerts.run_failed(self.kind.name(), &chain(stop));
        }
        match stop {
            Stop::Okki(error) if self.share.is_used_up(&self.rt, error) => {}
            Stop::Okki(error) => {
                let asked = self.runner.asked_last();
                self.pauses
                    .pause(words::text!("list customers"), error, asked.as_ref());
            }
            Stop::Store(error) if error.is_outage() => self.rt.redis_lost(error),
            Stop::Rests => tracing::info!(job = self.kind.name(), "listing rests, an operator wants it so"),
            Stop::Deposed => {
                tracing::warn!(job = self.kind.name(), "lost the lease, another replica goes on")
            }
            stop => tracing::warn!(
                job = self.kind.name(),
                error = pipeline::cause::logged(stop),
                "listing stopped, will be taken up"
            ),
        }
    }

    fn show_leader(&self, leads: bool) {
        if self.kind == RunKind::Live {
            metrics::gauge!(names::LEADER).set(f64::from(u8::from(leads)));
        }
    }
}
