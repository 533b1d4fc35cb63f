//! What time it is, by three clocks of which any one may be wrong: OKKI's, Redis', and this machine's.
//!
//! A window must not reach past OKKI's clock, or a customer could still enter it, and a checkpoint must not reach past
//! the real time, or nothing would be listed until then. So OKKI's own word counts, but for a time that lies ahead
//! of both clocks of ours; without its word the one of ours counts that is behind.

use crate::okki::time;

/// By how much clocks may differ before somebody has to know.
pub(crate) const APART_S: i64 = 60;

/// The two clocks that are not OKKI's, unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clocks {
    ours: i64,
    redis: i64,
}

impl Clocks {
    /// With Redis' clock as it was just read, unix milliseconds.
    #[must_use]
    pub(crate) fn with_redis(redis_ms: i64) -> Self {
        Self {
            ours: time::now(),
            redis: redis_ms.div_euclid(1_000),
        }
    }

    /// The one that is ahead.
    pub(crate) fn latest(self) -> i64 {
        self.ours.max(self.redis)
    }

    /// The one that is behind.
    pub(crate) fn earliest(self) -> i64 {
        self.ours.min(self.redis)
    }

    /// OKKI's time, from what it says itself.
    #[must_use]
    pub(crate) fn okki_now(self, said: Option<i64>) -> i64 {
        said.map_or(self.earliest(), |said| said.min(self.latest()))
    }

    /// Whether what OKKI says of its time is behind both of ours by more than clocks may differ.
    #[must_use]
    pub(crate) fn is_behind(self, said: Option<i64>) -> bool {
        said.is_some_and(|said| self.earliest().saturating_sub(said) > APART_S)
    }

    /// Whether a time lies further ahead than clocks may differ.
    #[must_use]
    pub(crate) fn is_future(self, seconds: i64) -> bool {
        seconds.saturating_sub(self.latest()) > APART_S
    }

    /// What a person should know of OKKI's clock and ours.
    #[must_use]
    pub(crate) fn trouble(self, said: Option<i64>) -> Option<String> {
        let apart = self.ours - self.redis;
        match said {
            _ if apart.abs() > APART_S => Some(words::tr!(
                "this machine's clock and Redis' differ by {} s",
                apart.abs()
            )),
            Some(said) if self.is_future(said) => {
                let ahead = said.saturating_sub(self.latest());
                Some(words::tr!(
                    "okki says that its time is {ahead} s ahead of ours, which is not believed"
                ))
            }
            Some(said) if self.is_behind(Some(said)) => {
                let behind = self.earliest().saturating_sub(said);
                Some(words::tr!(
                    "okki's time is {behind} s behind ours, so changes are listed that much later"
                ))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: i64 = 30 * 86_400;

    #[test]
    fn one_clock_that_is_wrong_does_not_reach_into_the_future() {
        let now = 1_800_000_000;
        let clocks = |ours, redis| Clocks { ours, redis };
        let right = clocks(now, now);
        assert_eq!(right.okki_now(Some(now - 3)), now - 3);
        assert_eq!(right.okki_now(Some(now + MONTH)), now);
        assert_eq!(right.okki_now(None), now);
        for wrong in [clocks(now + MONTH, now), clocks(now, now + MONTH)] {
            assert_eq!(wrong.okki_now(Some(now)), now);
            assert_eq!(wrong.okki_now(None), now);
        }
        for slow in [clocks(now - MONTH, now), clocks(now, now - MONTH)] {
            assert_eq!(slow.okki_now(Some(now)), now);
            assert!(!slow.is_future(now));
        }
        assert!(right.is_future(now + APART_S + 1) && !right.is_future(now + APART_S));
        assert!(right.is_future(i64::MAX) && !right.is_future(i64::MIN));
    }

    #[test]
    fn clocks_that_differ_are_named() {
        let clocks = Clocks {
            ours: 10_000,
            redis: 10_030,
        };
        assert_eq!(clocks.trouble(Some(10_010)), None);
        assert_eq!(clocks.trouble(None), None);
        assert!(clocks.trouble(Some(20_000)).unwrap().contains("9970 s ahead"));
        assert!(clocks.trouble(Some(5_000)).unwrap().contains("5000 s behind"));
        let clocks = Clocks {
            ours: 10_000,
            redis: 99_999,
        };
        assert!(clocks.trouble(Some(10_000)).unwrap().contains("Redis"));
    }
}
