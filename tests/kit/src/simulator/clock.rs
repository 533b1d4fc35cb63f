//! The vendors' clock: real time plus an offset that tests may move, and the text forms both vendors print.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{Timestamp, civil::DateTime, tz::Offset};

const BEIJING: Offset = Offset::constant(8);

/// Wall clock with a movable offset. Rate limits do not use it: they count real seconds.
#[derive(Debug, Default)]
pub(super) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    pub(super) fn now_ms(&self) -> i64 {
        Timestamp::now().as_millisecond() + self.offset_ms.load(Ordering::Relaxed)
    }

    pub(super) fn now(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    pub(super) fn set_offset_s(&self, seconds: i64) {
        self.offset_ms
            .store(seconds.saturating_mul(1000), Ordering::Relaxed);
    }
}

/// `YYYY-MM-DD HH:mm:ss` in Beijing time, as OKKI prints times.
pub(super) fn beijing(unix: i64) -> String {
    match Timestamp::from_second(unix) {
        Ok(at) => BEIJING.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => "1970-01-01 00:00:00".into(),
    }
}

/// Reads `YYYY-MM-DD HH:mm:ss` or `YYYY-MM-DD`; a bare date is its first second, or its last one for `end`.
pub(super) fn from_beijing(text: &str, end: bool) -> Option<i64> {
    let text = text.trim();
    let full = match (text.len(), end) {
        (10, false) => format!("{text} 00:00:00"),
        (10, true) => format!("{text} 23:59:59"),
        _ => text.to_owned(),
    };
    let civil = DateTime::strptime("%Y-%m-%d %H:%M:%S", &full).ok()?;
    BEIJING.to_timestamp(civil).ok().map(Timestamp::as_second)
}

/// Number of the Beijing day, for daily quotas.
pub(super) fn beijing_day(unix: i64) -> i64 {
    (unix + 8 * 3600).div_euclid(86_400)
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, as Jiandaoyun prints times.
pub(super) fn iso_utc(ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(at) => Offset::UTC
            .to_datetime(at)
            .strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
            .to_string(),
        Err(_) => "1970-01-01T00:00:00.000Z".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_round_trip() {
        assert_eq!(beijing(1_710_403_200), "2024-03-14 16:00:00");
        assert_eq!(from_beijing("2024-03-14 16:00:00", false), Some(1_710_403_200));
        assert_eq!(from_beijing("2024-03-14", false), Some(1_710_345_600));
        assert_eq!(from_beijing("2024-03-14", true), Some(1_710_345_600 + 86_399));
        assert_eq!(from_beijing("yesterday", false), None);
    }

    #[test]
    fn jiandaoyun_times_are_utc_with_milliseconds() {
        assert_eq!(iso_utc(1_508_539_311_430), "2017-10-20T22:41:51.430Z");
    }
}
