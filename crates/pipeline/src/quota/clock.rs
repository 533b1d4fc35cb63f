//! How far away Redis is: needed to distinguish an ordinary answer from one that came late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The usual round trip: the shortest one lately, rising slowly when the path has become longer.
#[derive(Debug, Default)]
pub(super) struct RoundTrip {
    /// Microseconds; 0 before the first observation.
    usual: AtomicU64,
}

impl RoundTrip {
    pub(super) fn observe(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let usual = self.usual.load(Ordering::Relaxed);
        // Two observers at once may lose one of two observations, which does no harm.
        let next = if usual == 0 || took < usual {
            took
        } else {
            usual + (took - usual) / 64
        };
        self.usual.store(next, Ordering::Relaxed);
    }

    /// What an undisturbed exchange takes.
    pub(super) fn usual(&self) -> Duration {
        Duration::from_micros(self.usual.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_down_at_once_and_up_slowly() {
        let path = RoundTrip::default();
        let ms = Duration::from_millis;
        path.observe(ms(20));
        path.observe(ms(2));
        assert_eq!(path.usual(), ms(2));
        path.observe(ms(66));
        assert_eq!(path.usual(), ms(3));
        (0..500).for_each(|_| path.observe(ms(10)));
        assert!(path.usual() > ms(9) && path.usual() <= ms(10));
    }
}
