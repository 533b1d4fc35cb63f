//! What the values of a test are: numbers, points of time or texts, and their order.

use std::cmp::Ordering;

use super::super::sql::dates;
use super::super::sql::value::Value;

/// What marks a point of time.
pub(super) const TIMESTAMP: &str = "timestamp:";

/// What stands behind `timestamp:`, in capitals or not.
pub(super) fn marked(text: &str) -> Option<&str> {
    let (mark, rest) = text.trim_start().split_at_checked(TIMESTAMP.len())?;
    mark.eq_ignore_ascii_case(TIMESTAMP).then_some(rest)
}

/// The point of time of `timestamp:<unix>`, in seconds or milliseconds, or of `timestamp:<date>`.
pub(super) fn seconds(text: &str, zone: &jiff::tz::TimeZone) -> Option<i64> {
    let text = marked(text)?.trim();
    let unix = text.parse::<i64>().ok();
    let unix = unix.map(|unix| if text.len() == 13 { unix / 1_000 } else { unix });
    unix.or_else(|| {
        let datetime = dates::parse(text, zone)?.datetime;
        Some(zone.to_timestamp(datetime).ok()?.as_second())
    })
}

/// Numbers as numbers, `timestamp:<unix>` against a date, everything else as text.
pub(super) fn order(text: &str, other: &str, zone: &jiff::tz::TimeZone) -> Option<Ordering> {
    if let Some(seconds) = seconds(other, zone) {
        let found = match text.parse::<i64>() {
            Ok(millis) if text.len() == 13 => millis / 1_000,
            Ok(unix) if text.len() >= 9 && text.len() != 14 => unix,
            _ => zone
                .to_timestamp(dates::parse(text, zone)?.datetime)
                .ok()?
                .as_second(),
        };
        return Some(found.cmp(&seconds));
    }
    match (number(text), number(other)) {
        (Some(a), Some(b)) => a.partial_cmp(&b),
        _ if text.is_empty() => None,
        _ => match (point(text, zone), point(other, zone)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => Some(text.cmp(other)),
        },
    }
}

/// A number, also with commas between its thousands.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if Value::literal(text).is_some() {
        return text.parse().ok();
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut groups = whole.trim_start_matches('-').split(',');
    let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let is_first = groups
        .next()
        .is_some_and(|group| (1..=3).contains(&group.len()) && is_digits(group));
    let mut count = 0;
    let is_grouped = groups.all(|group| {
        count += 1;
        group.len() == 3 && is_digits(group)
    });
    (is_first && is_grouped && count > 0 && is_digits(fraction))
        .then(|| text.replace(',', "").parse().ok())
        .flatten()
}

/// The point of time that a text is as a whole: a date with its year first, or a unix time beside one.
pub(super) fn point(text: &str, zone: &jiff::tz::TimeZone) -> Option<i64> {
    let text = text.trim();
    let datetime = match text.parse::<i64>() {
        Ok(unix) if matches!(text.len(), 10 | 13) => dates::from_unix(unix, zone)?,
        Ok(_) => return None,
        Err(_) if matches!(text.as_bytes().get(4), Some(b'-' | b'/')) => dates::parse(text, zone)?.datetime,
        Err(_) => return None,
    };
    zone.to_timestamp(datetime).ok().map(|t| t.as_second())
}
