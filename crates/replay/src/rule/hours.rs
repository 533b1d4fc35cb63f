//! Hours of the day, in a zone; they may go over midnight.

use jiff::{
    Timestamp, ToSpan,
    civil::{DateTime, Time},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// From one time of the day to another one, which is not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    from: Time,
    to: Time,
}

impl Hours {
    fn holds(self, time: Time) -> bool {
        match self.from < self.to {
            true => self.from <= time && time < self.to,
            false => self.from <= time || time < self.to,
        }
    }

    /// When they begin next, unix milliseconds; now, while they last.
    pub(crate) fn next(self, now: i64, zone: &TimeZone) -> i64 {
        let Some(here) = local(now, zone) else { return now };
        if self.holds(here.time()) {
            return now;
        }
        first(now, here, self.from, zone).unwrap_or(now)
    }

    /// When they end, for a moment within them, unix milliseconds.
    pub(crate) fn end(self, now: i64, zone: &TimeZone) -> i64 {
        let end = local(now, zone).and_then(|here| first(now, here, self.to, zone));
        end.unwrap_or(now)
    }
}

fn local(now: i64, zone: &TimeZone) -> Option<DateTime> {
    Some(zone.to_datetime(Timestamp::from_millisecond(now).ok()?))
}

/// The first moment after this one at which clocks show the time; one that a change of clocks leaves out is the next
/// that there is.
fn first(now: i64, here: DateTime, time: Time, zone: &TimeZone) -> Option<i64> {
    let today = here.date().to_datetime(time);
    let at = |day: DateTime| Some(zone.to_timestamp(day).ok()?.as_millisecond());
    let candidate = at(today).filter(|at| *at > now);
    candidate.or_else(|| at(today.checked_add(1.day()).ok()?))
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || words::tr!("`{text}` are no hours; write 02:00-06:00, or 22:00-06:00 over midnight");
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        let (from, to) = text.split_once('-').ok_or_else(problem)?;
        let (from, to) = time(from).zip(time(to)).ok_or_else(problem)?;
        match from == to {
            true => Err(problem()),
            false => Ok(Self { from, to }),
        }
    }
}

impl TryFrom<String> for Hours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Hours> for String {
    fn from(hours: Hours) -> Self {
        hours.to_string()
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from, self.to);
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            from.hour(),
            from.minute(),
            to.hour(),
            to.minute()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn hours_begin_and_end_in_their_zone() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let night: Hours = "02:00-06:00".parse().unwrap();
        let over: Hours = "22:00-06:00".parse().unwrap();
        for (hours, now, next, end) in [
            // 01:00, 03:00 and 07:00 in Shanghai.
            (night, "2026-01-01T17:00:00Z", "2026-01-01T18:00:00Z", None),
            (
                night,
                "2026-01-01T19:00:00Z",
                "2026-01-01T19:00:00Z",
                Some("2026-01-01T22:00:00Z"),
            ),
            (night, "2026-01-01T23:00:00Z", "2026-01-02T18:00:00Z", None),
            (
                over,
                "2026-01-01T15:00:00Z",
                "2026-01-01T15:00:00Z",
                Some("2026-01-01T22:00:00Z"),
            ),
            (
                over,
                "2026-01-01T19:00:00Z",
                "2026-01-01T19:00:00Z",
                Some("2026-01-01T22:00:00Z"),
            ),
            (over, "2026-01-01T22:00:00Z", "2026-01-02T14:00:00Z", None),
        ] {
            assert_eq!(hours.next(at(now), &zone), at(next), "{hours} at {now}");
            if let Some(end) = end {
                assert_eq!(hours.end(at(now), &zone), at(end), "{hours} at {now}");
            }
        }
    }

    #[test]
    fn an_hour_that_the_clocks_leave_out_does_not_stop_the_rule() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let hours: Hours = "02:30-02:45".parse().unwrap();
        let now = at("2026-03-29T00:00:00Z");
        assert!(hours.next(now, &zone) > now);
    }

    #[test]
    fn hours_are_written_as_on_a_door() {
        for text in ["02:00-06:00", "22:30-06:00"] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
        }
        for bad in ["", "2-6", "02:00", "02:00-02:00", "25:00-26:00", "a:b-c:d"] {
            assert!(bad.parse::<Hours>().is_err(), "{bad}");
        }
    }
}
