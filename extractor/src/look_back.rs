//! How often, and how far back, the past that live windows have passed over is listed once more: arithmetic only.
//!
//! A listing that shows nothing for longer than windows overlap, or shows changes later than that, loses them without a
//! sign. What was published is not published again, so that looking back costs a page or two while nothing is late.

use crate::{schedule::Schedule, state::KindState};
use pipeline::setting::{ConfigError, positive_duration};
use std::time::Duration;

/// How far back at least.
const NARROW: Duration = Duration::from_secs(3_600);
/// How far back now and then, and always after something was late.
const WIDE: Duration = Duration::from_secs(86_400);
/// So many narrow looks go with a wide one.
const RARER: u32 = 24;
/// Wide looks are no rarer, unless the quota allows no more.
const RAREST: Duration = Duration::from_secs(6 * 3_600);
/// Calls of a look that finds nothing, in the most costly case.
const CALLS: f64 = 5.0;
/// Share of a day's quota.
const SHARE: f64 = 0.02;

/// When to look back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LookBack {
    every: Duration,
    /// Rows that looks may list in a second of the time between them, in thousandths.
    rows_per_ks: u64,
}

/// What one look is about, kept with its run.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Look {
    /// As far back as any.
    pub wide: bool,
    /// What it finds was late. The first look of all finds what this Redis has never held.
    pub told: bool,
    /// Changes that no live window has shown.
    pub late: u64,
    /// Update time of the oldest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<i64>,
}

impl LookBack {
    /// As often as wanted and as the quota allows: calls per second and per day, and rows of a page.
    #[must_use]
    pub(crate) fn new(every: Duration, (per_second, daily): (f64, Option<u64>), page: u32) -> Self {
        let affordable = daily.map_or(Duration::ZERO, |calls| {
            let looks = (calls as f64 * SHARE / CALLS).max(1.0);
            Duration::from_secs_f64(86_400.0 / looks)
        });
        let of_a_day = daily.map_or(f64::INFINITY, |calls| calls as f64 / 86_400.0);
        let rows = per_second.min(of_a_day) * SHARE * f64::from(page);
        Self {
            every: every.max(affordable),
            // The cast saturates.
            rows_per_ks: ((rows * 1_000.0) as u64).max(1),
        }
    }

    /// What was typed; `None` is never.
    pub(crate) fn parse(
        text: &str,
        quota: (f64, Option<u64>),
        page: u32,
    ) -> Result<Option<Self>, ConfigError> {
        if text.trim() == "off" {
            return Ok(None);
        }
        match positive_duration("LOOK_BACK", text)? {
            short if short < Duration::from_secs(1) => Err(ConfigError::new(
                "LOOK_BACK",
                words::tr!("is shorter than a listing takes"),
                words::tr!("write a duration such as 15m, or off"),
            )),
            long if long > WIDE => Err(ConfigError::new(
                "LOOK_BACK",
                words::tr!("is longer than looks reach back"),
                words::tr!("write at most 24h, or off"),
            )),
            every => Ok(Some(Self::new(every, quota, page))),
        }
    }

    /// From look to look.
    #[must_use]
    pub(crate) const fn schedule(self) -> Schedule {
        Schedule::Every(self.every)
    }

    /// How long after the begin of a look that has listed so many rows the next one may begin: what looks cost is bounded,
    /// whatever the past holds.
    #[must_use]
    pub(crate) fn rest(self, rows: u64) -> Duration {
        Duration::from_millis(rows.saturating_mul(1_000_000) / self.rows_per_ks).min(WIDE)
    }

    /// When the next one may begin at the earliest for what the last one has cost, unix milliseconds.
    #[must_use]
    pub(crate) fn due_ms(self, state: &KindState, last_ms: i64) -> i64 {
        let rest = self.rest(state.looked.unwrap_or(0)).as_millis();
        last_ms.saturating_add(i64::try_from(rest).unwrap_or(i64::MAX))
    }

    /// Whether it is time for a wide look, the last one having been made at `wide_s`. A time in the future says nothing.
    #[must_use]
    pub(crate) fn is_wide(self, wide_s: Option<i64>, now_s: i64) -> bool {
        let rest = (self.every * RARER)
            .min(RAREST.max(self.every))
            .as_secs()
            .cast_signed();
        wide_s.is_none_or(|last| last > now_s || now_s - last >= rest)
    }

    /// How far back a look reaches: narrow ones as well reach further than to the one before.
    #[must_use]
    pub(crate) fn reach(self, is_wide: bool) -> Duration {
        match is_wide {
            true => WIDE,
            false => NARROW.max(self.every.saturating_mul(2)).min(WIDE),
        }
    }
}

/// For how long published states are remembered, so that no look publishes them again.
#[must_use]
pub(crate) fn remembered() -> Duration {
    WIDE + NARROW
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn looks_grow_to_a_day_four_times_a_day_and_after_something_late() {
        let looks = LookBack::new(15 * MINUTE, (10.0, None), 200);
        let now = 1_000_000;
        assert!(looks.is_wide(None, now), "the first one");
        assert!(looks.is_wide(Some(0), now), "after something late");
        assert!(
            looks.is_wide(Some(now + 5), now),
            "a time that no clock has reached"
        );
        assert!(!looks.is_wide(Some(now - 6 * 3_600 + 1), now));
        assert!(looks.is_wide(Some(now - 6 * 3_600), now));
        assert_eq!(looks.reach(false), 60 * MINUTE);
        assert_eq!(looks.reach(true), 24 * 60 * MINUTE);
        assert!(remembered() > looks.reach(true));
    }

    #[test]
    fn who_finds_much_to_list_rests_longer() {
        // 10 calls a second: 0.2 for looks, 40 rows.
        let looks = LookBack::new(15 * MINUTE, (10.0, None), 200);
        assert_eq!(looks.rest(0), Duration::ZERO);
        assert_eq!(looks.rest(2_000), Duration::from_secs(50));
        assert_eq!(looks.rest(1_000_000), Duration::from_secs(25_000));
        assert_eq!(looks.rest(u64::MAX), WIDE);
        let looks = LookBack::new(15 * MINUTE, (10.0, Some(8_640)), 200);
        assert_eq!(looks.rest(2_000), Duration::from_secs(5_000));
        for wrong in ["25h", "0s", "often"] {
            assert!(LookBack::parse(wrong, (10.0, None), 200).is_err(), "{wrong}");
        }
        assert!(LookBack::parse("24h", (10.0, None), 200).unwrap().is_some());
    }

    #[test]
    fn a_small_quota_makes_looks_rarer_and_none_leaves_a_gap() {
        let of_a_day = |calls| LookBack::new(15 * MINUTE, (10.0, Some(calls)), 200);
        assert_eq!(of_a_day(1_000_000).every, 15 * MINUTE);
        for calls in [1, 100, 1_000, 5_000] {
            let looks = of_a_day(calls);
            let a_day = 86_400.0 / looks.every.as_secs_f64();
            assert!(
                a_day * CALLS <= (calls as f64 * SHARE).max(CALLS) * 1.01,
                "{looks:?}"
            );
            assert!(looks.reach(false) >= looks.every, "{looks:?}");
            assert!(!looks.is_wide(Some(0), 60), "{looks:?}");
        }
    }
}
