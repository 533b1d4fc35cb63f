//! The gate itself: standing reasons, the probers that take them away, and those who wait.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::mask::mask_text;
use crate::retry::Backoff;
use crate::telemetry::names;

use super::pause::{Pause, StandingPause};

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
    /// Says to a prober whether the closure it found is still the one it was started for.
    generation: u64,
    prober: Option<AbortOnDropHandle<()>>,
    /// It stands, and work is started all the same, to see whether it succeeds.
    trial: bool,
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

    /// Says what a standing reason is about now, as its probe has found it; nothing where it does not stand.
    pub fn tell(&self, reason: Pause, detail: impl Into<String>) {
        let detail = mask_text(&detail.into());
        if let Some(closed) = self.shared.lock().closed.get_mut(&reason) {
            closed.detail = detail;
        }
    }

    /// Takes this reason away (and ends its prober); the gate opens with the last one.
    pub fn open(&self, reason: Pause) {
        self.shared.open(&mut self.shared.lock(), reason);
    }

    /// A probe that needs real work: `true` lets work through although this reason stands and is reported, `false`
    /// ends that. Closing again for the same reason ends it, too.
    pub fn try_out(&self, reason: Pause, on: bool) {
        let mut state = self.shared.lock();
        if let Some(closed) = state.closed.get_mut(&reason) {
            closed.trial = on;
            self.shared.publish(&state, reason);
        }
    }

    /// Closes for this reason and probes in the background, after 1 s at first and 30 s at most, until the probe
    /// says `true`. While such a prober is at work, only the detail changes. A probe that panics has said `false`.
    pub fn close_until<F, Fut>(&self, reason: Pause, detail: impl Into<String>, probe: F)
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        self.close_until_with(reason, detail, Backoff::default(), probe);
    }

    /// The same with other waits.
    pub(crate) fn close_until_with<F, Fut>(
        &self,
        reason: Pause,
        detail: impl Into<String>,
        backoff: Backoff,
        probe: F,
    ) where
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
            let prober = Prober {
                gate: Arc::downgrade(&self.shared),
                reason,
                generation: closed.generation,
            };
            closed.prober = Some(AbortOnDropHandle::new(tokio::spawn(prober.run(backoff, probe))));
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

    /// Completes as soon as an operator wants the stage to rest: what lasts long and can be taken up again ends then.
    pub async fn rests(&self) {
        let mut changes = self.shared.open.subscribe();
        while !self.shared.lock().closed.contains_key(&Pause::Operator) {
            // The sender lives in `self`, so waiting cannot fail.
            drop(changes.changed().await);
        }
    }

    /// How long deliveries may be kept while it is closed: rows without a key wait for a person, and what a paused loader
    /// keeps is hidden from that person's `loader adopt`; an operator sees in the queue what waits.
    #[must_use]
    pub fn hold_at_most(&self, usual: Duration) -> Duration {
        const FOR_A_PERSON: Duration = Duration::from_secs(3);
        let of_persons = [Pause::Keyless, Pause::Operator];
        let state = self.shared.lock();
        match of_persons.iter().any(|pause| state.closed.contains_key(pause)) {
            true => usual.min(FOR_A_PERSON),
            false => usual,
        }
    }

    /// The standing reasons.
    pub fn pauses(&self) -> Vec<StandingPause> {
        let standing = |(reason, closed): (&Pause, &Closed)| StandingPause {
            reason: *reason,
            detail: closed.detail.clone(),
            since: closed.since,
        };
        self.shared.lock().closed.iter().map(standing).collect()
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
        // A vendor's words may quote a customer.
        let detail = mask_text(&detail);
        if let Some(closed) = state.closed.get_mut(&reason) {
            closed.detail = detail;
            if std::mem::take(&mut closed.trial) {
                self.publish(state, reason);
            }
            return;
        }
        match reason {
            Pause::Starting => tracing::debug!(reason = reason.name(), detail, "paused"),
            _ => tracing::warn!(reason = reason.name(), detail, "paused"),
        }
        metrics::counter!(names::PAUSES, "reason" => reason.name()).increment(1);
        state.generation += 1;
        let generation = state.generation;
        state.closed.insert(
            reason,
            Closed {
                detail,
                since: Timestamp::now(),
                generation,
                prober: None,
                trial: false,
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
        let closed = state.closed.contains_key(&reason);
        metrics::gauge!(names::GATE_CLOSED, "reason" => reason.name()).set(f64::from(u8::from(closed)));
        let tried = |closed: &Closed| closed.trial;
        self.open.send_replace(state.closed.values().all(tried));
    }
}

/// The closure that a prober is responsible for. Holds no gate alive.
struct Prober {
    gate: Weak<Shared>,
    reason: Pause,
    generation: u64,
}

impl Prober {
    /// Ends on success, or when the gate is dropped or opened by another caller (then the task is aborted).
    async fn run<F, Fut>(self, mut backoff: Backoff, probe: F)
    where
        F: Fn() -> Fut + Send + 'static,
        Fut: Future<Output = bool> + Send + 'static,
    {
        loop {
            backoff.wait().await;
            let probed = match catch_unwind(AssertUnwindSafe(&probe)) {
                Ok(answer) => AssertUnwindSafe(answer).catch_unwind().await,
                Err(panic) => Err(panic),
            };
            let Some(gate) = self.gate.upgrade() else { return };
            match probed {
                Ok(true) => return self.succeeded(&gate, backoff),
                Ok(false) => {}
                Err(_) => tracing::error!(reason = self.reason.name(), "probe panicked"),
            }
        }
    }

    fn succeeded(&self, gate: &Shared, backoff: Backoff) {
        let mut state = gate.lock();
        let same = |closed: &&mut Closed| closed.generation == self.generation;
        if let Some(closed) = state.closed.get_mut(&self.reason).filter(same) {
            // This task is ending by itself; dropping its handle with the closure must not abort it halfway.
            if let Some(prober) = closed.prober.take() {
                drop(prober.detach());
            }
            gate.open(&mut state, self.reason);
            state.recent.insert(self.reason, (backoff, Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests;
