//! A permit to send at one moment, which expires. The time of a permit, on Redis' clock, is its *slot*.

use super::limits::SLACK;
use std::time::{Duration, Instant};

/// A call that left later than this share of the slack is counted from when it left; less is not worth the round trip, and
/// leaves the network the rest of the slack.
const UNREPORTED: f64 = 0.25;

/// How late a call may leave without being counted anew, within windows of this length.
pub(super) fn unreported(window: Duration) -> Duration {
    window.mul_f64(SLACK * UNREPORTED)
}

/// A permit to send now, for [`super::Quota::sent`].
#[derive(Debug, Clone, Copy)]
#[must_use = "say with `Quota::sent` when the call really left"]
pub struct Granted {
    pub(super) slot: i64,
    pub(super) due: Instant,
    pub(super) probe: bool,
    /// How late it may leave without being counted anew.
    pub(super) unreported: Duration,
}

impl Granted {
    /// Whether it is the one call that is let through a long pause, to find out whether that still stands.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.probe
    }

    /// When a call that left at `at` counts, on Redis' clock in microseconds: in its slot, or when it left after it.
    #[must_use]
    pub fn counted_at(&self, at: Instant) -> i64 {
        let late = at.saturating_duration_since(self.due);
        let moved = if late > self.unreported {
            late
        } else {
            Duration::ZERO
        };
        self.slot + i64::try_from(moved.as_micros()).unwrap_or(i64::MAX)
    }
}

/// A permit whose slot is reserved for one call.
pub(super) struct Permit {
    /// Under which the buckets know it, in microseconds.
    pub(super) slot: i64,
    /// When to send.
    pub(super) due: Instant,
    /// Sending later than this could bring two calls too close together at the vendor.
    pub(super) latest: Instant,
    /// The one call within a long pause.
    pub(super) probe: bool,
}

impl Permit {
    /// Sleeps until the slot is due; `false` when this process woke up too late to use it.
    pub(super) async fn check(&self) -> bool {
        tokio::time::sleep_until(self.due.into()).await;
        // Nothing was sent for long, so a probe is never too close to another call.
        self.probe || Instant::now() <= self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_counts_in_its_slot_or_when_it_left() {
        let due = Instant::now();
        let granted = Granted {
            slot: 5_000_000,
            due,
            probe: false,
            unreported: unreported(Duration::from_secs(1)),
        };
        let ms = Duration::from_millis;
        assert_eq!(granted.counted_at(due), 5_000_000);
        assert_eq!(granted.counted_at(due + ms(4)), 5_000_000);
        assert_eq!(granted.counted_at(due + ms(5)), 5_005_000);
        assert_eq!(granted.counted_at(due + ms(300)), 5_300_000);
    }

    #[tokio::test]
    async fn a_slot_is_never_used_early_and_not_after_its_time() {
        let now = Instant::now();
        let good = Permit {
            slot: 0,
            due: now + Duration::from_millis(5),
            latest: now + Duration::from_secs(60),
            probe: false,
        };
        assert!(good.check().await && now.elapsed() >= Duration::from_millis(5));
        let missed = Permit {
            slot: 0,
            due: now,
            latest: now,
            probe: false,
        };
        assert!(!missed.check().await);
    }
}
