//! When the next run is due: a fixed interval or a cron expression in Beijing time.
//!
//! Due times are computed from the start of the last run, which the replicas share, so that it does not matter which
//! of them computes it, and none runs twice.

use crate::{clocks::APART_S, okki::time::BEIJING};
use chrono::{DateTime, FixedOffset};
use croner::Cron;
use pipeline::setting::parse_duration;
use std::{str::FromStr, time::Duration};

/// A schedule.
#[derive(Debug, Clone)]
pub(crate) enum Schedule {
    /// From the start of a run to the start of the next.
    Every(Duration),
    /// At these minutes (or seconds, with six fields).
    Cron(Box<Cron>),
    /// Never by the clock, only when somebody has asked for a run.
    Wanted,
}

/// Why a schedule is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InvalidSchedule {
    /// Not a duration.
    #[error("{0}")]
    Interval(String),
    /// An interval of nothing would never rest.
    #[error("{}", words::tr!("an interval must be at least 1s"))]
    TooShort,
    /// Not a cron expression.
    #[error("{}", words::tr!("`{0}` is not a cron expression such as `*/5 * * * *`: {1}"))]
    Cron(String, croner::errors::CronError),
}

impl Schedule {
    /// Reads an interval such as `5m`.
    pub(crate) fn every(text: &str) -> Result<Self, InvalidSchedule> {
        match parse_duration(text).map_err(InvalidSchedule::Interval)? {
            short if short < Duration::from_secs(1) => Err(InvalidSchedule::TooShort),
            interval => Ok(Self::Every(interval)),
        }
    }

    /// Reads a cron expression of five fields, or of six with seconds.
    pub(crate) fn cron(text: &str) -> Result<Self, InvalidSchedule> {
        let cron = Cron::from_str(text).map_err(|error| InvalidSchedule::Cron(text.to_owned(), error))?;
        Ok(Self::Cron(Box::new(cron)))
    }

    /// How long to wait, in milliseconds, for the run after the one that began at `last`, both by the clock that all
    /// replicas share. A beginning in the future was written by another clock and says nothing.
    #[must_use]
    pub(crate) fn wait(&self, last: Option<i64>, now: i64) -> i64 {
        let last = last.filter(|last| last.saturating_sub(now) <= APART_S * 1_000);
        self.due(last).saturating_sub(now)
    }

    /// When the run after the one that began at `last` is due, unix milliseconds; at once when there was none.
    ///
    /// Cron times that passed while nobody ran are made up for by one run.
    #[must_use]
    pub(crate) fn due(&self, last: Option<i64>) -> i64 {
        let Some(last) = last else {
            return if matches!(self, Self::Wanted) { i64::MAX } else { 0 };
        };
        match self {
            Self::Wanted => i64::MAX,
            Self::Every(interval) => last + i64::try_from(interval.as_millis()).unwrap_or(i64::MAX / 2),
            Self::Cron(cron) => {
                let zone = FixedOffset::east_opt(BEIJING.seconds());
                let last =
                    zone.and_then(|zone| Some(DateTime::from_timestamp_millis(last)?.with_timezone(&zone)));
                let next = last.and_then(|last| cron.find_next_occurrence(&last, false).ok());
                next.map_or(i64::MAX, |next| next.timestamp_millis())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::okki::time;

    fn at(text: &str) -> i64 {
        time::parse(text).unwrap() * 1_000
    }

    #[test]
    fn an_interval_counts_from_start_to_start() {
        let schedule = Schedule::every("5m").unwrap();
        assert_eq!(schedule.due(None), 0);
        assert_eq!(schedule.due(Some(1_000)), 301_000);
    }

    #[test]
    fn a_beginning_in_the_future_is_no_reason_to_wait() {
        let month = 30 * 86_400_000;
        let now = at("2026-01-01 00:00:30");
        for schedule in [
            Schedule::every("5m").unwrap(),
            Schedule::cron("*/5 * * * *").unwrap(),
        ] {
            assert!(schedule.wait(Some(now + month), now) <= 0);
            assert!(schedule.wait(Some(i64::MAX), now) <= 0);
            assert!(schedule.wait(Some(now), now) > 0);
        }
        assert!(Schedule::Wanted.wait(None, now) > month && Schedule::Wanted.wait(Some(now), now) > month);
    }

    #[test]
    fn cron_times_are_beijing_times() {
        let schedule = Schedule::cron("30 2 * * *").unwrap();
        assert_eq!(
            schedule.due(Some(at("2026-01-01 02:30:00"))),
            at("2026-01-02 02:30:00")
        );
        assert_eq!(
            schedule.due(Some(at("2026-01-01 02:29:59"))),
            at("2026-01-01 02:30:00")
        );
        let seconds = Schedule::cron("*/10 * * * * *").unwrap();
        assert_eq!(
            seconds.due(Some(at("2026-01-01 00:00:07"))),
            at("2026-01-01 00:00:10")
        );
    }

    #[test]
    fn wrong_schedules_say_what_is_expected() {
        assert_eq!(
            Schedule::every("0s").unwrap_err().to_string(),
            "an interval must be at least 1s"
        );
        assert!(
            Schedule::every("often")
                .unwrap_err()
                .to_string()
                .contains("`often`")
        );
        assert!(
            Schedule::cron("* * *")
                .unwrap_err()
                .to_string()
                .contains("*/5 * * * *")
        );
    }
}
