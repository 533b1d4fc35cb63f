//! Calls per second that are taken.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// A second's worth of calls may come at once; then they are spaced.
pub(super) struct Rate {
    per_second: f64,
    left: Mutex<(f64, Instant)>,
}

impl Rate {
    pub(super) fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second);
        Self {
            per_second,
            left: Mutex::new((per_second, Instant::now())),
        }
    }

    /// Whether one more call is within the rate.
    pub(super) fn take(&self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&self, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(left.1).as_secs_f64();
        let available = passed.mul_add(self.per_second, left.0).min(self.per_second);
        let taken = available >= 1.0;
        *left = (available - f64::from(u8::from(taken)), now);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_second_holds_so_many_calls() {
        let rate = Rate::new(3);
        let begun = Instant::now();
        let taken = |after: u64| rate.take_at(begun + Duration::from_millis(after));
        assert_eq!(
            [taken(0), taken(0), taken(0), taken(0)],
            [true, true, true, false]
        );
        assert_eq!([taken(340), taken(350)], [true, false]);
        assert_eq!((0..9).filter(|_| taken(60_000)).count(), 3);
    }
}
