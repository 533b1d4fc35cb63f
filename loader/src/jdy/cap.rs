//! How many calls may be open at once: found by itself, because the vendor's limit (HTTP 429) is not published.
//!
//! Additive growth on success, halving on 429 at most once a second, never below one.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Where every process begins (docs/jiandaoyun-api.md §8-7).
const START: f64 = 5.0;
/// Answers that were sent before the limit was lowered say nothing new.
const HALVING_PAUSE: Duration = Duration::from_secs(1);

/// The cap of one process.
pub(crate) struct Cap {
    most: f64,
    state: Mutex<State>,
    freed: Notify,
}

struct State {
    limit: f64,
    open: u32,
    halved: Option<Instant>,
}

/// The right to have one call open.
pub(crate) struct Seat<'a>(&'a Cap);

impl Cap {
    /// `most` is the highest limit it may find.
    pub(crate) fn new(most: u32) -> Self {
        let most = f64::from(most.max(1));
        let state = State {
            limit: START.min(most),
            open: 0,
            halved: None,
        };
        Self {
            most,
            state: Mutex::new(state),
            freed: Notify::new(),
        }
    }

    /// Waits for a free seat.
    pub(crate) async fn acquire(&self) -> Seat<'_> {
        loop {
            let freed = self.freed.notified();
            if self.try_open() {
                return Seat(self);
            }
            freed.await;
        }
    }

    /// A call went through.
    pub(crate) fn raise(&self) {
        let mut state = self.lock();
        state.limit = (state.limit + 1.0 / state.limit).min(self.most);
        drop(state);
        self.freed.notify_one();
    }

    /// The vendor said 429.
    pub(crate) fn halve(&self) {
        let mut state = self.lock();
        if state.halved.is_none_or(|at| at.elapsed() >= HALVING_PAUSE) {
            state.limit = (state.limit / 2.0).max(1.0);
            state.halved = Some(Instant::now());
        }
    }

    #[cfg(test)]
    fn limit(&self) -> f64 {
        self.lock().limit
    }

    fn try_open(&self) -> bool {
        let mut state = self.lock();
        let free = f64::from(state.open) + 1.0 <= state.limit;
        if free {
            state.open += 1;
        }
        free
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limit_grows_with_success_and_halves_once() {
        let cap = Cap::new(8);
        (0..100).for_each(|_| cap.raise());
        assert!((cap.limit() - 8.0).abs() < f64::EPSILON);
        cap.halve();
        cap.halve();
        assert!(
            (cap.limit() - 4.0).abs() < f64::EPSILON,
            "answers of the same moment count once"
        );
        let mut seats = Vec::new();
        for _ in 0..4 {
            seats.push(cap.acquire().await);
        }
        assert!(!cap.try_open());
        seats.pop();
        assert!(cap.try_open());
    }
}
