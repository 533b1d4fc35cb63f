//! What time it is, by three clocks of which any one may be wrong: OKKI's, Redis', and this machine's.
//!
//! A window must not reach past OKKI's clock, or a customer could still enter it, and a checkpoint must not reach past
//! the real time, or nothing would be listed until then. So OKKI's own word counts, but for a time that lies ahead
//! of both clocks of ours; without its word the one of ours counts that is behind.
//!
//! Rows say more than any clock: one that was changed later than OKKI says that it is shows that its word is wrong, and one
//! that was changed later than both of ours that it is right. Then windows end there; checkpoints never pass ours, and
//! windows begin no later than where OKKI's word would have them end, whatever is believed.

use crate::okki::time;

/// By how much clocks may differ before somebody has to know.
pub(crate) const APART_S: i64 = 60;

/// A word of OKKI that turned out wrong makes windows begin no further back than this; looks back reach as far.
const A_DAY_S: i64 = 86_400;

/// What time it is for OKKI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    /// As its own answer says.
    said: Option<i64>,
    /// As is believed.
    pub now: i64,
    /// A row says whether that is right.
    pub is_proven: bool,
}

impl Told {
    /// From where on a window has to list at the latest, whatever the checkpoint is: OKKI's clock may have been put back.
    #[must_use]
    pub(crate) fn since(self, checkpoint: i64) -> Option<i64> {
        let said = self.said.unwrap_or(self.now).min(self.now);
        let since = match said < self.now {
            true => said.max(checkpoint.saturating_sub(A_DAY_S)),
            false => said,
        };
        (since < checkpoint).then_some(since)
    }

    /// By how many seconds it is later for OKKI than for both of ours.
    #[must_use]
    pub(crate) fn ahead_by(self, clocks: Clocks) -> i64 {
        self.now.saturating_sub(clocks.latest()).max(0)
    }
}

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

    /// The same, weighed against the latest of some rows.
    #[must_use]
    pub(crate) fn told(self, said: Option<i64>, shown: Option<i64>) -> Told {
        let within = |(start, end): (i64, i64)| shown.is_some_and(|shown| (start..=end).contains(&shown));
        let is_proven = self.proof(said).is_some_and(within);
        let now = match said {
            Some(said) if is_proven && self.is_future(said) => said,
            Some(_) if is_proven => self.earliest(),
            said => self.okki_now(said),
        };
        Told { said, now, is_proven }
    }

    /// Between which update times a row tells whether OKKI's clock or ours is wrong, where they differ.
    #[must_use]
    pub(crate) fn proof(self, said: Option<i64>) -> Option<(i64, i64)> {
        let said = said?;
        if self.is_future(said) {
            return Some((self.latest().saturating_add(APART_S + 1), said));
        }
        self.is_behind(Some(said))
            .then(|| (said.saturating_add(APART_S + 1), self.earliest()))
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
    pub(crate) fn trouble(self, told: Told) -> Option<String> {
        let apart = self.ours - self.redis;
        match told.said {
            _ if apart.abs() > APART_S => Some(words::tr!(
                "this machine's clock and Redis' differ by {} s",
                apart.abs()
            )),
            Some(said) if self.is_future(said) => {
                let ahead = said.saturating_sub(self.latest());
                Some(match told.is_proven {
                    true => words::tr!("okki's time is {ahead} s ahead of ours, and so are changes"),
                    false => words::tr!(
                        "okki says that its time is {ahead} s ahead of ours, which is not believed"
                    ),
                })
            }
            Some(said) if self.is_behind(Some(said)) => {
                let behind = self.earliest().saturating_sub(said);
                Some(match told.is_proven {
                    true => words::tr!(
                        "okki says that its time is {behind} s behind ours, and shows later changes, so it is not believed"
                    ),
                    false => {
                        words::tr!("okki's time is {behind} s behind ours, and it shows no later changes")
                    }
                })
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
    fn rows_say_which_clock_is_wrong() {
        let now = 1_800_000_000;
        let clocks = Clocks {
            ours: now,
            redis: now,
        };
        let (behind, ahead) = (Some(now - 28_800), Some(now + 7_200));
        let told = |said, shown| clocks.told(said, shown).now;
        assert_eq!(told(behind, None), now - 28_800);
        assert_eq!(told(behind, Some(now - 28_790)), now - 28_800, "of its second");
        assert_eq!(told(behind, Some(now - 600)), now, "a later change disproves it");
        assert_eq!(
            told(behind, Some(now + 90_000)),
            now - 28_800,
            "nobody has come near"
        );
        assert_eq!(told(ahead, None), now);
        assert_eq!(told(ahead, Some(now + 30)), now);
        assert_eq!(told(ahead, Some(now + 7_100)), now + 7_200);
        assert_eq!(told(ahead, Some(now + 90_000)), now);
        assert_eq!(told(Some(now - 3), Some(now + 3_000)), now - 3);
        assert_eq!(clocks.told(ahead, Some(now + 7_100)).ahead_by(clocks), 7_200);
        assert_eq!(clocks.told(ahead, None).ahead_by(clocks), 0);
    }

    #[test]
    fn windows_begin_where_okki_s_word_would_have_them_end() {
        let now = 1_800_000_000;
        let clocks = Clocks {
            ours: now,
            redis: now,
        };
        let since = |said, shown| clocks.told(Some(said), shown).since(now - 10);
        assert_eq!(since(now - 3, None), None);
        assert_eq!(since(now - 7_200, None), Some(now - 7_200), "put back");
        assert_eq!(since(now - MONTH, None), Some(now - MONTH));
        assert_eq!(
            since(now - 7_200, Some(now - 100)),
            Some(now - 7_200),
            "a row may lie"
        );
        assert_eq!(since(now - MONTH, Some(now - 100)), Some(now - 10 - A_DAY_S));
        assert_eq!(since(now + 7_200, None), None);
    }

    #[test]
    fn clocks_that_differ_are_named() {
        let trouble = |clocks: Clocks, said| clocks.trouble(clocks.told(said, None));
        let clocks = Clocks {
            ours: 10_000,
            redis: 10_030,
        };
        assert_eq!(trouble(clocks, Some(10_010)), None);
        assert_eq!(trouble(clocks, None), None);
        assert!(trouble(clocks, Some(20_000)).unwrap().contains("9970 s ahead"));
        assert!(trouble(clocks, Some(5_000)).unwrap().contains("5000 s behind"));
        let clocks = Clocks {
            ours: 10_000,
            redis: 99_999,
        };
        assert!(trouble(clocks, Some(10_000)).unwrap().contains("Redis"));
    }
}
