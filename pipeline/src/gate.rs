//! "An outage is not a failure": one gate per process that every consumer waits at.
//!
//! Whoever finds that nothing can succeed now (broker, Redis or vendor away, credentials refused, quota used up)
//! closes the gate with a reason. While any reason stands, no work is started, the process reports itself not ready
//! but live, and no attempt of any message is counted. [`Gate::hold`] also puts somebody in charge of opening again.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::retry::Backoff;
use crate::telemetry;

mod probe;

/// Why nothing is started now. Each reason is closed and opened on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pause {
    /// The service has not finished starting.
    Starting,
    /// The broker is not reachable.
    Broker,
    /// Redis is not reachable.
    Redis,
    /// A vendor refuses our credentials or permissions.
    Credentials,
    /// A vendor does not answer.
    Outage,
    /// A vendor's quota is used up for longer than a moment.
    Quota,
    /// The form, the account or the plan must be changed by a person.
    Configuration,
    /// The index of the form is being rebuilt.
    Index,
}

impl Pause {
    /// The reason's word in metrics and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Broker => "broker",
            Self::Redis => "redis",
            Self::Credentials => "credentials",
            Self::Outage => "outage",
            Self::Quota => "quota",
            Self::Configuration => "configuration",
            Self::Index => "index",
        }
    }
}

/// One standing reason, for `/readyz` and `/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseReport {
    /// The reason.
    pub reason: Pause,
    /// What exactly, for people; no secrets.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
}

/// The gate; clones are the same gate. A new one is open.
#[derive(Clone)]
pub struct Gate {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    open: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    closed: BTreeMap<Pause, Closed>,
    /// Backoffs of earlier probers with the time they ended: a problem that comes straight back goes on waiting
    /// where it stopped, instead of being probed every second for ever.
    recent: BTreeMap<Pause, (Backoff, Instant)>,
    generation: u64,
}

struct Closed {
    detail: String,
    since: Timestamp,
    /// Tells a prober whether the closure it found is still the one it was started for.
    generation: u64,
    prober: Option<AbortOnDropHandle<()>>,
}

impl Gate {
    /// An open gate.
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                open: watch::Sender::new(true),
            }),
        }
    }

    /// Closes for this reason until `open`; while it stands already, only the detail changes.
    pub fn close(&self, reason: Pause, detail: impl Into<String>) {
        self.shared.close(&mut self.shared.lock(), reason, detail.into());
    }

    /// Takes this reason away (and ends its prober); the gate opens with the last one.
    pub fn open(&self, reason: Pause) {
        self.shared.open(&mut self.shared.lock(), reason);
    }

    /// Closes for this reason and probes in the background, after 1 s at first and 30 s at most, until the probe
    /// says `true`. While such a prober is at work, only the detail changes. A probe that panics has said `false`.
    pub fn hold<F, Fut>(&self, reason: Pause, detail: impl Into<String>, probe: F)
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.hold_with(reason, detail, Backoff::default(), probe);
    }

    /// The same with other waits.
    pub fn hold_with<F, Fut>(&self, reason: Pause, detail: impl Into<String>, backoff: Backoff, probe: F)
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let mut state = self.shared.lock();
        self.shared.close(&mut state, reason, detail.into());
        let backoff = state.backoff(reason, backoff);
        if let Some(closed) = state
            .closed
            .get_mut(&reason)
            .filter(|closed| closed.prober.is_none())
        {
            let watched = probe::Watched {
                gate: Arc::downgrade(&self.shared),
                reason,
                generation: closed.generation,
            };
            closed.prober = Some(AbortOnDropHandle::new(tokio::spawn(watched.run(backoff, probe))));
        }
    }

    /// Whether work may be started.
    pub fn is_open(&self) -> bool {
        *self.shared.open.borrow()
    }

    /// Completes as soon as the gate is open.
    pub async fn opened(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        drop(self.shared.open.subscribe().wait_for(|open| *open).await);
    }

    /// The standing reasons.
    pub fn report(&self) -> Vec<PauseReport> {
        let report = |(reason, closed): (&Pause, &Closed)| PauseReport {
            reason: *reason,
            detail: closed.detail.clone(),
            since: closed.since,
        };
        self.shared.lock().closed.iter().map(report).collect()
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn backoff(&mut self, reason: Pause, fresh: Backoff) -> Backoff {
        const SAME_PROBLEM: Duration = Duration::from_secs(60);
        match self.recent.remove(&reason) {
            Some((used, ended)) if ended.elapsed() < SAME_PROBLEM => used,
            _ => fresh,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self, state: &mut State, reason: Pause, detail: String) {
        if let Some(closed) = state.closed.get_mut(&reason) {
            closed.detail = detail;
            return;
        }
        match reason {
            Pause::Starting => tracing::debug!(reason = reason.name(), detail, "paused"),
            _ => tracing::warn!(reason = reason.name(), detail, "paused"),
        }
        state.generation += 1;
        let generation = state.generation;
        state.closed.insert(
            reason,
            Closed {
                detail,
                since: Timestamp::now(),
                generation,
                prober: None,
            },
        );
        self.publish(state, reason);
    }

    fn open(&self, state: &mut State, reason: Pause) {
        let Some(closed) = state.closed.remove(&reason) else {
            return;
        };
        let paused_s = Timestamp::now().duration_since(closed.since).as_secs();
        tracing::info!(reason = reason.name(), paused_s, "resumed");
        self.publish(state, reason);
    }

    /// Called with the lock held, so that waiters never see an older state than the map's.
    fn publish(&self, state: &State, reason: Pause) {
        telemetry::gate_closed(reason, state.closed.contains_key(&reason));
        self.open.send_replace(state.closed.is_empty());
    }
}

#[cfg(test)]
#[path = "gate/tests.rs"]
mod tests;
