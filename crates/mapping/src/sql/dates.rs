//! Dates: reading the forms that sources use, printing, adding intervals. `DATE_FORMAT` is in `date_format`.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

/// Seconds after which a unix time is no longer a time (MySQL's limit: the end of the year 3000).
pub(crate) const MAX_UNIX: i64 = 32_536_771_199;
/// Smaller ones are years, codes and amounts.
const FIRST_UNIX: i64 = 10_000_000;

/// A date with or without a time of day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    pub datetime: DateTime,
    pub has_time: bool,
}

/// Units of `INTERVAL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Microsecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    /// As people of any language read it.
    pub(crate) fn told(self) -> &'static str {
        words::sense(match self {
            Unit::Microsecond => words::mark!("unit of time: microsecond"),
            Unit::Second => words::mark!("unit of time: second"),
            Unit::Minute => words::mark!("unit of time: minute"),
            Unit::Hour => words::mark!("unit of time: hour"),
            Unit::Day => words::mark!("unit of time: day"),
            Unit::Week => words::mark!("unit of time: week"),
            Unit::Month => words::mark!("unit of time: month"),
            Unit::Quarter => words::mark!("unit of time: quarter"),
            Unit::Year => words::mark!("unit of time: year"),
        })
    }

    pub(crate) fn has_time(self) -> bool {
        matches!(self, Unit::Microsecond | Unit::Second | Unit::Minute | Unit::Hour)
    }

    pub(crate) fn parse(name: &str) -> Option<Unit> {
        Some(match name.to_ascii_uppercase().trim_end_matches('S') {
            "MICROSECOND" => Unit::Microsecond,
            "SECOND" => Unit::Second,
            "MINUTE" => Unit::Minute,
            "HOUR" => Unit::Hour,
            "DAY" => Unit::Day,
            "WEEK" => Unit::Week,
            "MONTH" => Unit::Month,
            "QUARTER" => Unit::Quarter,
            "YEAR" => Unit::Year,
            _ => return None,
        })
    }
}

/// Reads `2024-1-5`, `2024/01/05 03:04`, `20240105`, `20240105030405`, ISO 8601 with or without offset.
pub(crate) fn parse(text: &str, zone: &TimeZone) -> Option<Moment> {
    let text = text.trim();
    if text.len() > 40 || !text.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let (body, offset) = split_offset(text)?;
    let mut parts: Vec<&str> = Vec::with_capacity(7);
    if body.len() >= 6 && body.bytes().all(|b| b.is_ascii_digit()) {
        let year = match body.len() {
            8 | 14 => 4,
            6 | 12 => 2,
            _ => return None,
        };
        parts.push(body.get(..year)?);
        let mut at = year;
        while at < body.len() {
            parts.push(body.get(at..at + 2)?);
            at += 2;
        }
    } else {
        let separator = |c: char| c.is_ascii_punctuation() || c == ' ' || c == 'T';
        parts.extend(body.split(separator).filter(|part| !part.is_empty()));
    }
    let number = |i: usize| match parts.get(i) {
        None => Some(0),
        Some(part) if part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit()) => part.parse::<i16>().ok(),
        Some(_) => None,
    };
    if parts.len() < 3 || parts.len() > 7 {
        return None;
    }
    let year = match (parts.first()?.len(), number(0)?) {
        (2, y @ 0..70) => 2000 + y,
        (2, y) => 1900 + y,
        (_, y) => y,
    };
    let small = |i: usize| number(i).and_then(|n| i8::try_from(n).ok());
    let date = Date::new(year, small(1)?, small(2)?).ok()?;
    let nanos = parts.get(6).map_or(Some(0), |f| fraction(f))?;
    let time = Time::new(small(3)?, small(4)?, small(5)?, nanos).ok()?;
    let datetime = date.to_datetime(time);
    let datetime = match offset {
        Some(offset) => zone.to_datetime(offset.to_timestamp(datetime).ok()?),
        None => datetime,
    };
    Some(Moment {
        datetime,
        has_time: parts.len() > 3,
    })
}

/// The date that a text begins with, as the server reads it: what follows does not count.
pub(super) fn leading(text: &str, zone: &TimeZone) -> Option<Moment> {
    let text = text.trim();
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '/' | '.' | ':' | ' ' | 'T');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let head = text[..end].trim_end_matches(|c: char| !c.is_ascii_digit());
    let has_year = head.bytes().take_while(u8::is_ascii_digit).count() == 4;
    // A letter of another script is no separator of the server's.
    let is_date = has_year && head.split(['-', '/', '.']).count() >= 3;
    (is_date && head.len() < text.len())
        .then(|| parse(head, zone))
        .flatten()
}

/// Splits `Z` or `+08:00` off the end.
fn split_offset(text: &str) -> Option<(&str, Option<Offset>)> {
    if let Some(body) = text.strip_suffix(['Z', 'z']) {
        return Some((body, Some(Offset::UTC)));
    }
    let Some(at) = text.rfind(['+', '-']).filter(|at| *at > 10 && text.contains(':')) else {
        return Some((text, None));
    };
    let (body, zone) = text.split_at(at);
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?),
        _ => return None,
    };
    let seconds = (hours * 60 + minutes) * 60 * if zone.starts_with('-') { -1 } else { 1 };
    Some((body.trim_end(), Some(Offset::from_seconds(seconds).ok()?)))
}

fn fraction(digits: &str) -> Option<i32> {
    let digits: String = digits.chars().chain("000000".chars()).take(6).collect();
    digits.parse::<i32>().ok().map(|micros| micros * 1_000)
}

/// A unix time in seconds (or milliseconds when it is too large for seconds) in the zone.
pub(crate) fn from_unix(number: i64, zone: &TimeZone) -> Option<DateTime> {
    let millis = if number.abs() > MAX_UNIX {
        number
    } else {
        number.checked_mul(1_000)?
    };
    Some(zone.to_datetime(Timestamp::from_millisecond(millis).ok()?))
}

pub(super) fn to_unix(datetime: DateTime, zone: &TimeZone) -> Option<i64> {
    zone.to_timestamp(datetime).ok().map(|t| t.as_second())
}

pub(crate) fn show_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

pub(crate) fn show_datetime(t: DateTime) -> String {
    let base = format!(
        "{} {:02}:{:02}:{:02}",
        show_date(t.date()),
        t.hour(),
        t.minute(),
        t.second()
    );
    match t.subsec_nanosecond() / 1_000 {
        0 => base,
        micros => format!("{base}.{micros:06}"),
    }
}

/// `20240105`, what a date is in arithmetic.
pub(super) fn date_number(date: Date) -> i64 {
    (i64::from(date.year()) * 100 + i64::from(date.month())) * 100 + i64::from(date.day())
}

/// `20240105030405`, what a date with time is in arithmetic.
pub(super) fn datetime_number(t: DateTime) -> i64 {
    let time = (i64::from(t.hour()) * 100 + i64::from(t.minute())) * 100 + i64::from(t.second());
    date_number(t.date()) * 1_000_000 + time
}

/// Adds an interval; `None` beyond the calendar.
pub(super) fn add(datetime: DateTime, amount: i64, unit: Unit) -> Option<DateTime> {
    let span = Span::new();
    let span = match unit {
        Unit::Microsecond => span.try_microseconds(amount),
        Unit::Second => span.try_seconds(amount),
        Unit::Minute => span.try_minutes(amount),
        Unit::Hour => span.try_hours(amount),
        Unit::Day => span.try_days(amount),
        Unit::Week => span.try_weeks(amount),
        Unit::Month => span.try_months(amount),
        Unit::Quarter => span.try_months(amount.checked_mul(3)?),
        Unit::Year => span.try_years(amount),
    };
    let sum = datetime.checked_add(span.ok()?).ok()?;
    (sum.year() >= 0).then_some(sum)
}

/// A date in its one form: `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`; the first day of 1970 is "never" and becomes the
/// empty text. `None` when the text is no date, or already in that form.
pub(crate) fn normal_date(text: &str, zone: &super::super::Zone) -> Option<String> {
    if text.starts_with("1970-01-01") || is_never(text) {
        return Some(String::new());
    }
    let digit_at = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let sign_at = |at: usize, sign: u8| text.as_bytes().get(at) == Some(&sign);
    let is_day = sign_at(4, b'-') && sign_at(7, b'-') && [0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(digit_at);
    let is_time = sign_at(10, b' ')
        && sign_at(13, b':')
        && sign_at(16, b':')
        && [11, 12, 14, 15, 17, 18].into_iter().all(digit_at);
    if is_day && (text.len() == 10 || text.len() == 19 && is_time) {
        return None;
    }
    let unix = text.parse::<i64>().ok().filter(|_| !matches!(text.len(), 8 | 14));
    let moment = match unix {
        Some(number) if number.abs() >= 1_000_000_000 => Moment {
            datetime: from_unix(number, zone.time_zone())?,
            has_time: true,
        },
        Some(_) => return None,
        None => parse(text, zone.time_zone())?,
    };
    let day = moment.datetime.date();
    Some(match (day == Date::constant(1970, 1, 1), moment.has_time) {
        (true, _) => String::new(),
        (_, true) => show_seconds(moment.datetime),
        (_, false) => show_date(day),
    })
}

/// Seconds without a fraction: `YYYY-MM-DD HH:mm:ss`.
pub(crate) fn show_seconds(t: DateTime) -> String {
    show_datetime(t.with().subsec_nanosecond(0).build().unwrap_or(t))
}

/// A moment in any of the forms that sources use; digits alone are a unix time, unless they are too few for one.
pub(crate) fn moment(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(unix) if !matches!(text.len(), 8 | 14) => {
            from_unix(unix, zone).filter(|_| unix.abs() >= FIRST_UNIX)
        }
        _ => parse(text, zone).map(|moment| moment.datetime),
    }
}

/// What systems write for a date that there is not: nought, minus one, and MySQL's date of noughts.
pub fn is_never(text: &str) -> bool {
    let text = text.trim();
    matches!(text, "0" | "-1") || text.starts_with("0000-00-00") || text.starts_with("0000/00/00")
}

/// Unix milliseconds of a date in any of the forms that sources use; digits alone are a unix time.
pub fn unix_millis(text: &str, zone: &super::super::Zone) -> Option<i64> {
    let text = text.trim();
    let zone = zone.time_zone();
    zone.to_timestamp(moment(text, zone)?)
        .ok()
        .map(|t| t.as_millisecond())
}

/// `2018-01-01T10:10:10.000Z`
pub fn iso_utc(unix_millis: i64) -> String {
    let Ok(timestamp) = Timestamp::from_millisecond(unix_millis) else {
        return String::new();
    };
    let t = TimeZone::UTC.to_datetime(timestamp);
    format!(
        "{}T{:02}:{:02}:{:02}.{:03}Z",
        show_date(t.date()),
        t.hour(),
        t.minute(),
        t.second(),
        t.millisecond()
    )
}
