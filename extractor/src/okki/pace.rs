//! When a call may be sent: one quota for list, detail and token calls of all replicas, slower when OKKI says so.
//!
//! A 429 pushes the shared bucket back, by `Retry-After` when the server names a time that is not over, else by waits that double with
//! every 429 in a row; a pause that is too long to wait for with a message in hand comes back from the quota as an error, and
//! pauses the stage. On top of that the process lowers its own rate by a quarter and earns it back slowly, so that
//! a limit that is lower than configured is approached instead of hit again every second.

use super::error::Error;
use pipeline::quota::{Allowance, Bucket, Granted, Lane, Quota, Today};
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};

/// What is waited for when OKKI names no time.
const LONGEST_GUESS: Duration = Duration::from_secs(60);
/// What a command without Redis waits for at most.
const LONGEST_ALONE: Duration = Duration::from_secs(60);
/// The rate is never lowered below this share of the configured one.
const LOWEST_SHARE: f64 = 0.05;
const LOWER: f64 = 0.75;
/// Refusals within this time are one.
const TOGETHER: Duration = Duration::from_millis(500);
/// Share that one good answer earns back.
const RAISE: f64 = 0.002;

/// Paces the calls of one process.
pub(crate) struct Pace {
    shared: Option<(Quota, Bucket)>,
    per_second: f64,
    state: Mutex<State>,
}

struct State {
    share: f64,
    strikes: u32,
    next: Option<Instant>,
    /// When a 429 was told last.
    pushed: Option<Instant>,
}

impl Pace {
    /// Within a quota that all replicas share.
    #[must_use]
    pub(crate) fn shared(quota: Quota, bucket: Bucket) -> Self {
        Self {
            per_second: bucket.per_second,
            shared: Some((quota, bucket)),
            state: Mutex::new(State::NEW),
        }
    }

    /// For a short command that makes a handful of calls without Redis.
    #[must_use]
    pub(crate) fn alone(per_second: f64) -> Self {
        Self {
            shared: None,
            per_second,
            state: Mutex::new(State::NEW),
        }
    }

    /// Returns when the caller has to send; what it sends tells [`Self::follow`] when it leaves.
    pub(crate) async fn acquire(&self, lane: Lane) -> Result<Option<Granted>, Error> {
        if let Some(slot) = self.own_slot() {
            tokio::time::sleep_until(slot).await;
        }
        match &self.shared {
            Some((quota, bucket)) => Ok(Some(quota.grant(&[bucket], lane).await?)),
            None => Ok(None),
        }
    }

    /// Counts the call when it leaves; says when that was, for [`Self::obey`].
    pub(crate) async fn follow(
        &self,
        granted: Option<Granted>,
        left: oneshot::Receiver<std::time::Instant>,
    ) -> i64 {
        match (&self.shared, granted) {
            (Some((quota, bucket)), Some(granted)) => quota.follow(&[bucket], granted, left).await,
            _ => 0,
        }
    }

    /// The answer to the call that counted at `counted` says how many more OKKI takes.
    pub(crate) async fn obey(&self, counted: i64, allowance: Option<Allowance>) -> Result<(), Error> {
        if let (Some((quota, bucket)), Some(allowance)) = (&self.shared, allowance) {
            quota.obey(bucket, counted, allowance).await?;
        }
        Ok(())
    }

    /// How the day of the shared quota stands.
    pub(crate) fn today(&self) -> Option<Today> {
        let (quota, bucket) = self.shared.as_ref()?;
        Some(quota.today(bucket))
    }

    /// OKKI has answered the one call that is let through a long pause.
    pub(crate) async fn reopen(&self) -> Result<(), Error> {
        if let Some((quota, bucket)) = &self.shared {
            quota.reopen(bucket).await?;
        }
        Ok(())
    }

    /// The server said 429.
    pub(crate) async fn push_back(&self, retry_after: Option<Duration>) -> Result<(), Error> {
        let pause = {
            let mut state = self.lock();
            // Calls that were under way together are refused together, and the pause stands.
            let is_same = state.pushed.is_some_and(|at| at.elapsed() < TOGETHER);
            if is_same && retry_after.is_none() {
                return Ok(());
            }
            state.pushed = Some(Instant::now());
            state.strikes += 1;
            state.share = (state.share * LOWER).max(LOWEST_SHARE);
            let doubled = Duration::from_millis(500 << state.strikes.min(7));
            retry_after.unwrap_or(doubled.min(LONGEST_GUESS))
        };
        tracing::debug!(pause_ms = pause.as_millis() as u64, "okki limits the rate");
        match &self.shared {
            Some((quota, bucket)) => quota.push_back(bucket, pause).await?,
            None => tokio::time::sleep(pause.min(LONGEST_ALONE)).await,
        }
        Ok(())
    }

    /// Nobody calls for so long; the rate has nothing to do with it.
    pub(crate) async fn keep_off(&self, wait: Duration) -> Result<(), Error> {
        if let Some((quota, bucket)) = &self.shared {
            quota.push_back(bucket, wait).await?;
        }
        Ok(())
    }

    pub(crate) fn answered(&self) {
        let mut state = self.lock();
        state.strikes = 0;
        state.share = (state.share + RAISE).min(1.0);
    }

    /// The process's own slot: always without a shared quota, with one only while the rate is lowered.
    fn own_slot(&self) -> Option<Instant> {
        let mut state = self.lock();
        if self.shared.is_some() && state.share >= 1.0 {
            state.next = None;
            return None;
        }
        let now = Instant::now();
        let slot = state.next.map_or(now, |next| next.max(now));
        state.next = Some(slot + Duration::from_secs_f64(1.0 / (self.per_second * state.share).max(0.01)));
        Some(slot)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const NEW: Self = Self {
        share: 1.0,
        strikes: 0,
        next: None,
        pushed: None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_refused_rate_is_lowered_and_earned_back() {
        let pace = Pace::alone(10.0);
        let spent = async |calls: u32| {
            let start = Instant::now();
            for _ in 0..calls {
                pace.acquire(Lane::Live).await.unwrap();
            }
            start.elapsed()
        };
        // The clock of the test counts whole milliseconds.
        assert_eq!(spent(11).await.as_millis() / 20, 50);
        pace.push_back(Some(Duration::from_secs(2))).await.unwrap();
        assert!(spent(10).await > Duration::from_millis(1_150));
        (0..1_000).for_each(|_| pace.answered());
        assert!(spent(10).await <= Duration::from_millis(1_100));
    }
}
