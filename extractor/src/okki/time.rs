//! Our clock, times that people type, and times as OKKI wants them: `YYYY-MM-DD HH:mm:ss` in Beijing time (docs/okki-api.md
//! §1). What OKKI itself writes is read by `moment`.

use super::moment;
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time},
    tz,
};

/// Beijing is eight hours ahead of UTC and has no summer time.
pub(crate) const BEIJING: tz::Offset = tz::Offset::constant(8);

/// 2005-01-01. 小满 is younger (docs/okki-api.md §5.1): nobody was changed before, so nothing is listed before, and it stands in
/// for an open bound where a width is needed.
pub(crate) const OLDEST: i64 = 1_104_537_600;

/// Reads a vendor time; `None` for an empty, damaged or 1970 text.
#[must_use]
pub(crate) fn parse(text: &str) -> Option<i64> {
    moment::read(text).ok().flatten()
}

/// Reads a time that a person typed: `2026-01-31`, `2026-01-31 08:00:00`, or an instant with a zone.
///
/// A bare date means the start of the day, or its last second when `end_of_day` is set.
#[must_use]
pub(crate) fn parse_input(text: &str, end_of_day: bool) -> Option<i64> {
    let text = text.trim();
    let bare = if end_of_day {
        Time::constant(23, 59, 59, 0)
    } else {
        Time::midnight()
    };
    civil(text, bare).or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
}

/// Writes an instant in the vendor's form.
#[must_use]
pub(crate) fn format(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(instant) => BEIJING
            .to_datetime(instant)
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
        Err(_) => String::new(),
    }
}

/// The same for a sentence that others read, whose zone nobody else would say.
#[must_use]
pub(crate) fn stamp(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(instant) => format!(
            "{}+08:00",
            BEIJING.to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S")
        ),
        Err(_) => String::new(),
    }
}

/// Our clock, unix seconds.
#[must_use]
pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// Our clock, unix milliseconds.
#[must_use]
pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// `YYYY-MM-DD[ T]HH:MM:SS` or a bare date, exactly; anything behind it is refused.
fn civil(text: &str, bare: Time) -> Option<i64> {
    let at = if text.len() == 10 {
        Date::strptime("%Y-%m-%d", text).ok()?.to_datetime(bare)
    } else if text.len() == 19 {
        DateTime::strptime("%Y-%m-%d %H:%M:%S", text.replace('T', " ")).ok()?
    } else {
        return None;
    };
    Some(BEIJING.to_timestamp(at).ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beijing_times_round_trip() {
        let seconds = parse("2025-11-06 00:08:47").unwrap();
        assert_eq!(seconds, 1_762_358_927);
        assert_eq!(format(seconds), "2025-11-06 00:08:47");
    }

    #[test]
    fn no_date_is_none() {
        for none in [
            "",
            "1970-01-01 00:00:00",
            "1970-01-01",
            "0000-00-00 00:00:00",
            "yesterday",
            "2025-13-01",
        ] {
            assert_eq!(parse(none), None, "{none:?}");
        }
    }

    #[test]
    fn people_type_dates_times_and_instants() {
        let midnight = parse("2026-01-31 00:00:00").unwrap();
        assert_eq!(parse_input("2026-01-31", false), Some(midnight));
        assert_eq!(parse_input("2026-01-31", true), Some(midnight + 86_399));
        assert_eq!(parse_input("2026-01-31T00:00:00+08:00", true), Some(midnight));
        assert_eq!(parse_input("31.01.2026", false), None);
        assert_eq!(parse_input("2026-01-31 8:00", false), None);
    }
}
