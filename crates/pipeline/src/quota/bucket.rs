//! What is limited and who goes first: plain data, checked nowhere but made harmless here.

use std::time::Duration;

/// Beijing time, in which the vendors' days begin.
const BEIJING: i32 = 8 * 3600;

/// One limit of a vendor. Buckets of the same name and account are the same bucket. Where namespaces give it different
/// numbers, the lowest ones count for all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Stable name, such as `jdy:batch_create`; part of the Redis key and a metric label.
    pub name: String,
    /// Calls per second. Below 1 means one call in `1/per_second` seconds.
    pub per_second: f64,
    /// How many calls may go at once before they are spaced evenly (a stall of up to 200 ms is made up for in any
    /// case). The window is kept whatever stands here.
    pub burst: u32,
    /// Calls per day of the vendor's calendar, if limited.
    pub daily: Option<u64>,
    /// Calls of the day, of all lanes together, after which only live work goes on.
    pub daily_lower: Option<u64>,
    /// When that day begins: seconds east of UTC.
    pub day_offset_s: i32,
}

impl Bucket {
    /// Evenly spaced calls, no daily limit, days in Beijing time.
    pub fn per_second(name: impl Into<String>, per_second: f64) -> Self {
        Self {
            name: name.into(),
            per_second,
            burst: 1,
            daily: None,
            daily_lower: None,
            day_offset_s: BEIJING,
        }
    }

    /// Lets `burst` calls go at once.
    #[must_use]
    pub fn with_burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }

    /// Limits the calls of a day.
    #[must_use]
    pub fn with_daily(self, daily: u64) -> Self {
        Self {
            daily: Some(daily),
            ..self
        }
    }

    /// Keeps what is beyond `percent` of the day's calls for live work; comes after [`Self::with_daily`].
    #[must_use]
    pub fn with_lower_lanes_up_to(self, percent: u8) -> Self {
        let share = |daily: u64| {
            let share = u128::from(daily) * u128::from(percent.min(100)) / 100;
            u64::try_from(share).unwrap_or(daily)
        };
        Self {
            daily_lower: self.daily.map(share),
            ..self
        }
    }

    /// How many calls fit into one window: the whole calls of a second, at least one.
    pub(super) fn calls(&self) -> u32 {
        // The cast saturates, and the rate is within its range anyway.
        (self.rate().floor() as u32).max(1)
    }

    /// The time in which that many calls may be made: one second, more for rates below one, and between a half and
    /// one for fractional rates.
    pub(super) fn window(&self) -> Duration {
        Duration::from_secs_f64(f64::from(self.calls()) / self.rate())
    }

    /// Distance of evenly spaced calls.
    pub(super) fn pace(&self) -> Duration {
        self.window() / self.calls()
    }

    /// Nonsense becomes the nearest sense: never faster than asked for, never standing still for ever.
    fn rate(&self) -> f64 {
        if self.per_second.is_nan() {
            0.001
        } else {
            self.per_second.clamp(0.001, 10_000.0)
        }
    }
}

/// Who asks; the lower ones get only what the higher ones leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Changes that happen now.
    Live,
    /// History that is loaded once.
    Backfill,
    /// Dead letters that are tried again.
    Replay,
}

impl Lane {
    /// The lane's word in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Backfill => "backfill",
            Self::Replay => "replay",
        }
    }

    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Backfill => 1,
            Self::Replay => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hold_whole_calls() {
        let shape = |rate| {
            let bucket = Bucket::per_second("b", rate);
            (
                bucket.calls(),
                bucket.window().as_millis(),
                bucket.pace().as_millis(),
            )
        };
        assert_eq!(shape(10.0), (10, 1000, 100));
        assert_eq!(shape(50.0), (50, 1000, 20));
        assert_eq!(shape(1.0), (1, 1000, 1000));
        assert_eq!(shape(2.5), (2, 800, 400));
        assert_eq!(shape(0.5), (1, 2000, 2000));
    }

    #[test]
    fn nonsense_is_harmless() {
        for rate in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(
                Bucket::per_second("b", rate).window(),
                Duration::from_secs(1000),
                "{rate}"
            );
        }
        assert_eq!(Bucket::per_second("b", f64::INFINITY).calls(), 10_000);
    }
}
