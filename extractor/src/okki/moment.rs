//! Times of OKKI in every usual form: as documented (docs/okki-api.md §1), with a zone, with slashes, in unix seconds or
//! smaller units. A time orders the states of a customer, so what names no second is not read, and never guessed.

use super::time::BEIJING;
use jiff::{Timestamp, civil::DateTime, fmt::rfc2822};

/// Up to a day after the epoch: how the vendor says "no date".
const NO_DATE_S: i64 = 86_400;
/// Plain numbers below this are no times of a customer.
const OLDEST_S: i64 = 100_000_000;
/// Longest text that an error repeats.
const REPEATED: usize = 48;

/// A time that nobody can read; the text is what came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", words::tr!("`{0}` cannot be read as a time"))]
pub(crate) struct Unreadable(String);

impl Unreadable {
    pub(super) fn new(text: &str) -> Self {
        Self(text.chars().take(REPEATED).collect())
    }
}

/// Reads a vendor time, unix seconds; `None` for an empty one and for the vendor's "no date" of 1970.
pub(crate) fn read(text: &str) -> Result<Option<i64>, Unreadable> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("0000-00-00") || text.starts_with("1970-01-01") {
        return Ok(None);
    }
    let is_number =
        text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && text.matches('.').count() < 2;
    let seconds = if is_number { number(text) } else { written(text) };
    match seconds {
        Some(seconds) if (0..=NO_DATE_S).contains(&seconds) => Ok(None),
        Some(seconds) if seconds > 0 => Ok(Some(seconds)),
        _ => Err(Unreadable::new(text)),
    }
}

/// Unix seconds, milliseconds, microseconds or nanoseconds, told apart by their size; or `20261128045908`.
fn number(text: &str) -> Option<i64> {
    let whole = text.split('.').next().unwrap_or_default();
    if whole.len() == 14 && whole.starts_with("20") {
        return local(whole, "%Y%m%d%H%M%S");
    }
    let number: i64 = whole.parse().ok()?;
    let unit = match whole.trim_start_matches('0').len() {
        ..=11 => 1,
        12..=14 => 1_000,
        15..=17 => 1_000_000,
        _ => 1_000_000_000,
    };
    let seconds = number / unit;
    (seconds <= NO_DATE_S || seconds >= OLDEST_S).then_some(seconds)
}

fn written(text: &str) -> Option<i64> {
    if !names_a_second(text) {
        return None;
    }
    let instant = |at: Timestamp| Some(at.as_second());
    if let Ok(at) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return instant(at);
    }
    let plain = text.replace(['/', '年', '月'], "-").replace('日', " ");
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let joined = plain.replace(" +", "+").replace(" -", "-").replace(" Z", "Z");
    if let Ok(at) = joined.parse::<Timestamp>() {
        return instant(at);
    }
    if let Ok(at) = plain.parse::<DateTime>() {
        return beijing(at);
    }
    local(&plain.replace('T', " "), "%Y-%m-%d %H:%M:%S")
}

/// Hour, minute and second: a time that is any coarser hides changes within it.
fn names_a_second(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit();
    text.as_bytes().windows(6).any(|part| match part {
        [b':', a, b, b':', c, d] => [*a, *b, *c, *d].into_iter().all(digit),
        _ => false,
    })
}

fn local(text: &str, format: &str) -> Option<i64> {
    beijing(DateTime::strptime(format, text).ok()?)
}

fn beijing(at: DateTime) -> Option<i64> {
    Some(BEIJING.to_timestamp(at).ok()?.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_form_is_the_same_second() {
        for text in [
            "2026-11-28 04:59:08",
            " 2026-11-28T04:59:08 ",
            "2026-11-28 04:59:08.999",
            "2026-11-28T04:59:08,5",
            "2026-11-28T04:59:08+08:00",
            "2026-11-28T04:59:08+0800",
            "2026-11-28T04:59:08.123456+08:00",
            "2026-11-28T04:59:08+08:00[Asia/Shanghai]",
            "2026-11-28 04:59:08 +0800",
            "2026-11-28 04:59:08 +08:00",
            "2026-11-27T20:59:08Z",
            "2026-11-27t20:59:08z",
            "2026-11-27 20:59:08 Z",
            "2026-11-27T20:59:08.000Z",
            "2026-11-27T13:59:08-07:00",
            "2026/11/28 04:59:08",
            "2026/11/28 4:59:08",
            "2026年11月28日 04:59:08",
            "2026年11月28日04:59:08",
            "Sat, 28 Nov 2026 04:59:08 +0800",
            "Fri, 27 Nov 2026 20:59:08 GMT",
            "20261128045908",
            "1795813148",
            "1795813148.25",
            "1795813148999",
            "1795813148000000",
            "1795813148000000000",
        ] {
            assert_eq!(read(text), Ok(Some(1_795_813_148)), "{text}");
        }
        assert_eq!(read("2026-1-8 4:05:08"), read("2026-01-08 04:05:08"));
    }

    #[test]
    fn no_date_is_none() {
        for none in [
            "",
            "  ",
            "0",
            "0.0",
            "1970-01-01 00:00:00",
            "1970-01-01",
            "1970-01-01T08:00:00+08:00",
            "0000-00-00 00:00:00",
            "86400",
        ] {
            assert_eq!(read(none), Ok(None), "{none:?}");
        }
    }

    #[test]
    fn what_names_no_second_is_an_error_with_the_text() {
        for odd in [
            "yesterday",
            "2025-13-01 00:00:00",
            "2026-11-28",
            "2026-11-28 04:59",
            "2026-11-28T04:59+08:00",
            "28. Nov 2026, 4h59",
            "11/28/2026 4:59:08 AM",
            "20261128",
            "-5",
            "1e9",
            "1.2.3",
            "99999999999999999999",
        ] {
            assert_eq!(read(odd), Err(Unreadable::new(odd)), "{odd:?}");
        }
        let long = Unreadable::new(&"x".repeat(500)).to_string();
        assert!(long.len() < 100, "{long}");
    }
}
