//! How long a call may take and how many rows go into a batch, for a vendor that is slower than the settings expect.
//!
//! A call that times out may have done its work all the same. Sending it again with the same patience can go on for
//! ever, so the next ones get more time and batches become smaller; both go back when answers are quick again. The
//! limit never grows beyond the time after which a lost call cannot change anything any more, so that whatever waits
//! for lost calls need not know of it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// Batches do not become smaller than this.
const FEWEST: usize = 5;
/// Quick answers in a row before the limit is lowered, or batches grow.
const QUICK: u32 = 20;

/// The pace of one process.
pub(crate) struct Pace {
    usual: Duration,
    most: Duration,
    largest: usize,
    state: Mutex<State>,
}

struct State {
    limit: Duration,
    raised: Instant,
    rows: usize,
    quick: u32,
    quick_batches: u32,
}

/// For `/status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Standing {
    /// Limit of a call, ms.
    pub(crate) time_limit_ms: u128,
    /// Rows of a batch at most.
    pub(crate) batch_rows: usize,
    /// The vendor is slower than the settings expect.
    pub(crate) slowed_down: bool,
}

impl Pace {
    /// `usual` is the limit as it is set, `most` how far it may grow.
    pub(crate) fn new(usual: Duration, most: Duration, largest: usize) -> Self {
        Self {
            usual,
            most: most.max(usual),
            largest,
            state: Mutex::new(State {
                limit: usual,
                raised: Instant::now(),
                rows: largest,
                quick: 0,
                quick_batches: 0,
            }),
        }
    }

    /// Of a call that is sent now.
    pub(crate) fn limit(&self) -> Duration {
        self.lock().limit
    }

    /// Of a batch that is begun now, at most.
    pub(crate) fn rows(&self) -> usize {
        self.lock().rows
    }

    pub(crate) fn standing(&self) -> Standing {
        let state = self.lock();
        Standing {
            time_limit_ms: state.limit.as_millis(),
            batch_rows: state.rows,
            slowed_down: state.limit > self.usual || state.rows < self.largest,
        }
    }

    /// A call that was sent at this time got no answer within the limit.
    pub(crate) fn timed_out(&self, sent: Instant) {
        let mut state = self.lock();
        state.quick = 0;
        // Calls that were sent with the limit before say nothing about this one.
        if state.limit < self.most && (state.limit == self.usual || sent > state.raised) {
            state.limit = (state.limit * 3 / 2).min(self.most);
            state.raised = Instant::now();
            tracing::warn!(
                limit_ms = state.limit.as_millis(),
                "Jiandaoyun answers too slowly, calls get more time"
            );
        }
    }

    /// A batch of so many rows got no answer within the limit.
    pub(crate) fn batch_timed_out(&self, rows: usize) {
        let mut state = self.lock();
        state.quick_batches = 0;
        let fewer = (rows / 2).max(FEWEST);
        if fewer < state.rows {
            state.rows = fewer;
            tracing::warn!(
                rows = fewer,
                "Jiandaoyun answers too slowly, batches get fewer rows"
            );
        }
    }

    /// A call was answered after this time.
    pub(crate) fn answered(&self, after: Duration) {
        let mut state = self.lock();
        state.quick = if after <= self.usual / 2 {
            state.quick + 1
        } else {
            0
        };
        if state.quick >= QUICK && state.limit > self.usual {
            state.quick = 0;
            state.limit = (state.limit * 2 / 3).max(self.usual);
        }
    }

    /// A batch was answered after this time.
    pub(crate) fn batch_answered(&self, after: Duration) {
        let mut state = self.lock();
        let quick = after <= self.usual / 2;
        state.quick_batches = if quick { state.quick_batches + 1 } else { 0 };
        if state.quick_batches >= QUICK && state.rows < self.largest {
            state.quick_batches = 0;
            state.rows = (state.rows * 2).min(self.largest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_vendor_gets_time_within_bounds_and_a_quick_one_loses_it_again() {
        let (usual, most) = (Duration::from_secs(2), Duration::from_secs(12));
        let pace = Pace::new(usual, most, 100);
        let early = Instant::now();
        pace.timed_out(early);
        assert_eq!(pace.limit(), Duration::from_secs(3));
        pace.timed_out(early);
        assert_eq!(
            pace.limit(),
            Duration::from_secs(3),
            "that one had the limit before"
        );
        for _ in 0..20 {
            pace.timed_out(Instant::now() + Duration::from_secs(1));
        }
        assert_eq!(pace.limit(), most);
        assert!(pace.standing().slowed_down);
        (0..QUICK).for_each(|_| pace.answered(Duration::from_secs(5)));
        assert_eq!(pace.limit(), most, "slow answers keep it");
        (0..10 * QUICK).for_each(|_| pace.answered(Duration::from_millis(100)));
        assert_eq!(pace.limit(), usual);
        assert!(!pace.standing().slowed_down);
    }

    #[test]
    fn batches_shrink_and_grow_again() {
        let pace = Pace::new(Duration::from_secs(2), Duration::from_secs(12), 100);
        pace.batch_timed_out(100);
        pace.batch_timed_out(100);
        assert_eq!(pace.rows(), 50, "both had a hundred");
        (0..10).for_each(|_| pace.batch_timed_out(pace.rows()));
        assert_eq!(pace.rows(), FEWEST);
        (0..10 * QUICK).for_each(|_| pace.batch_answered(Duration::from_millis(100)));
        assert_eq!(pace.rows(), 100);
    }
}
