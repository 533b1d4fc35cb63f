//! Jitter of the ladder: messages that failed together do not come back together.
//!
//! A retry queue gives its messages back in order, so one that may go earlier than the one before it waits for it all the
//! same. Therefore each gets a time after that of the one before it, within the last fifth of its delay: a group is spread
//! over that fifth, and a single message comes back at any time of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much of a delay may be taken off.
const OFF: f64 = 0.2;
/// Of the room that is left, what the first message of a group may take, and each one after it.
const FIRST: f64 = 0.5;
const NEXT: f64 = 0.1;

/// When the last message of each delay comes back.
#[derive(Debug, Default)]
pub(crate) struct Spread(Mutex<BTreeMap<Duration, Instant>>);

impl Spread {
    /// How long a message waits that is published now to the queue of this delay.
    pub(crate) fn wait(&self, delay: Duration) -> Duration {
        self.wait_at(delay, Instant::now(), rand::random())
    }

    fn wait_at(&self, delay: Duration, now: Instant, chance: f64) -> Duration {
        let (early, late) = (now + delay.mul_f64(1.0 - OFF), now + delay);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.get(&delay).copied().filter(|before| *before > early);
        let (from, share) = before.map_or((early, FIRST), |before| (before, NEXT));
        let room = late.saturating_duration_since(from);
        let due = (from + room.mul_f64(share * chance)).min(late);
        last.insert(delay, due);
        due.saturating_duration_since(now).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_fail_together_come_back_one_after_the_other_and_never_late() {
        let (spread, now, minute) = (Spread::default(), Instant::now(), Duration::from_secs(60));
        let waits: Vec<_> = (0..50).map(|_| spread.wait_at(minute, now, 0.5)).collect();
        assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
        assert!(
            waits[0] >= minute.mul_f64(0.8) && waits[49] <= minute,
            "{waits:?}"
        );
        let apart = waits[20] - waits[0];
        assert!(apart >= Duration::from_secs(4), "spread over {apart:?} only");
        assert_eq!(
            spread.wait_at(Duration::from_secs(5), now, 0.0),
            Duration::from_secs(4)
        );
        let later = spread.wait_at(minute, now + minute, 0.0);
        assert_eq!(later, minute.mul_f64(0.8), "a later group begins anew");
    }

    #[test]
    fn single_messages_come_back_at_different_times() {
        let minute = Duration::from_secs(60);
        let waits = [0.0, 0.4, 0.9].map(|chance| Spread::default().wait_at(minute, Instant::now(), chance));
        assert!(waits[0] < waits[1] && waits[1] < waits[2], "{waits:?}");
    }
}
