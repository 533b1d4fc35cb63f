//! The background prober of a held gate: waits, asks, and opens when the answer is yes.

use super::*;

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures::FutureExt as _;

/// The closure that a prober is responsible for. Holds no gate alive.
pub(super) struct Watched {
    pub(super) gate: Weak<Shared>,
    pub(super) reason: Pause,
    pub(super) generation: u64,
}

impl Watched {
    /// Ends on success, or when the gate is dropped or opened by somebody else (then the task is aborted).
    pub(super) async fn run<F, Fut>(self, mut backoff: Backoff, probe: F)
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
