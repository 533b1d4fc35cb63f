//! When the simulator itself stood still: calls that came meanwhile are handled together afterwards, and look like a burst
//! although their client was in time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::state::{State, lock};

/// How often it is noted that the simulator runs.
const TICK: Duration = Duration::from_millis(10);
/// A longer silence is a stall.
const STALL: Duration = Duration::from_millis(50);
/// What came during a stall is handled within this time after it.
const WAKE: Duration = Duration::from_millis(100);

/// When a call may have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// Not before this: the simulator has run since then, or stood still since.
    pub earliest: Instant,
    /// It is handled now.
    pub handled: Instant,
}

impl Arrival {
    /// It came when it was handled.
    #[cfg(test)]
    pub(super) fn at(handled: Instant) -> Arrival {
        Arrival {
            earliest: handled,
            handled,
        }
    }
}

/// What is known of stalls.
#[derive(Debug)]
pub(super) struct Stalls(Mutex<Known>);

#[derive(Debug)]
struct Known {
    ticked: Instant,
    /// The last stall.
    last: Option<(Instant, Instant)>,
    longest: Duration,
}

impl Default for Stalls {
    fn default() -> Stalls {
        Stalls::since(Instant::now())
    }
}

impl Stalls {
    fn since(now: Instant) -> Stalls {
        Stalls(Mutex::new(Known {
            ticked: now,
            last: None,
            longest: Duration::ZERO,
        }))
    }

    /// The simulator runs.
    fn tick(&self, now: Instant) {
        let mut known = lock(&self.0);
        let silent = now.saturating_duration_since(known.ticked);
        if silent > STALL {
            known.last = Some((known.ticked, now));
            known.longest = known.longest.max(silent);
        }
        known.ticked = known.ticked.max(now);
    }

    /// When a call may have come that is handled now.
    pub(super) fn arrival(&self, handled: Instant) -> Arrival {
        let known = lock(&self.0);
        let earliest = match known.last {
            // Nobody has noted yet that it runs again.
            _ if handled.saturating_duration_since(known.ticked) > STALL => known.ticked,
            Some((from, to)) if handled.saturating_duration_since(to) < WAKE => from,
            _ => handled,
        };
        Arrival { earliest, handled }
    }

    /// The longest one.
    pub(super) fn longest_ms(&self) -> u64 {
        lock(&self.0).longest.as_millis() as u64
    }
}

/// Notes that the simulator runs, until it ends.
pub(super) async fn watch(state: Arc<State>) {
    loop {
        state.stalls.tick(Instant::now());
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = state.stop.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handled_after_a_stall_may_have_come_at_its_beginning() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let stalls = Stalls::since(start);
        let earliest = |ms| stalls.arrival(at(ms)).earliest;
        stalls.tick(at(10));
        assert_eq!(earliest(15), at(15));
        assert_eq!(stalls.longest_ms(), 0);
        // It is noted by the first call, or by the first tick, whichever comes first.
        assert_eq!(earliest(700), at(10));
        stalls.tick(at(701));
        assert_eq!(earliest(702), at(10));
        [740, 780, 820].into_iter().for_each(|ms| stalls.tick(at(ms)));
        assert_eq!(earliest(830), at(830));
        assert_eq!(stalls.longest_ms(), 691);
    }
}
