//! Functions on times of day and spans of time, which are texts such as `10:11:12`: `TIME TIMEDIFF SEC_TO_TIME MAKEDATE`
//! and the like. The server has a type for them; here they are what it prints.

use jiff::civil::{Date, DateTime};

use super::super::dates::Unit;
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::super::{date_format, dates};
use super::text::text;
use super::{Function, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("TIME", 1, 1, time).gives(Kind::Text),
    f("TIMEDIFF", 2, 2, time_diff).gives(Kind::Text),
    f("TIME_FORMAT", 2, 2, time_format).gives(Kind::Text),
    f("TIME_TO_SEC", 1, 1, time_to_sec).gives(Kind::Int),
    f("SEC_TO_TIME", 1, 1, sec_to_time).gives(Kind::Text),
    f("MAKEDATE", 2, 2, make_date).gives(Kind::Date),
    f("EXTRACT", 2, 2, extract).gives(Kind::Int),
];

const SECOND: i64 = 1_000_000;
/// `838:59:59`, where the server's times end.
const LONGEST: i64 = (838 * 3_600 + 59 * 60 + 59) * SECOND;

/// Microseconds of `10:11`, `-100:11:12` or `1 10:11:12.5`; nothing when it is no time of day.
pub(super) fn span(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, body) = text.strip_prefix('-').map_or((1, text), |body| (-1, body));
    let (days, clock) = match body.split_once(' ') {
        Some((days, clock)) => (
            days.parse::<i64>().ok().filter(|days| (0..=34).contains(days))?,
            clock.trim(),
        ),
        None => (0, body),
    };
    let mut parts = clock.split(':');
    let number = |part: Option<&str>, longest: usize| {
        let part = part?;
        let is_number = (1..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (number(parts.next(), 3)?, number(parts.next(), 2)?);
    let (seconds, micros) = match parts.next() {
        None => (0, 0),
        Some(rest) => {
            let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
            let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
            (number(Some(whole), 2)?, digits.parse::<i64>().ok()?)
        }
    };
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(sign * ((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * SECOND + micros))
}

/// A time of day by itself, or that of a date.
pub(super) fn of_day(value: &Value<'_>, env: &Env<'_>) -> Option<i64> {
    let alone = match value {
        Value::Text(text) | Value::Word(text) => span(text),
        _ => None,
    };
    alone.or_else(|| {
        let t = value.moment(env.zone())?.datetime;
        Some(within_day(t))
    })
}

pub(super) fn within_day(t: DateTime) -> i64 {
    let seconds = (i64::from(t.hour()) * 60 + i64::from(t.minute())) * 60 + i64::from(t.second());
    seconds * SECOND + i64::from(t.subsec_nanosecond()) / 1_000
}

pub(super) fn shown<'r>(micros: i64) -> Value<'r> {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.abs().min(LONGEST);
    let (seconds, fraction) = (micros / SECOND, micros % SECOND);
    let mut text = format!(
        "{sign}{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    if fraction > 0 {
        text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    Value::owned(text)
}

fn time<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(of_day(&arg(args, 0, env)?, env).map_or(Value::Null, shown))
}

/// Between two times of day or two dates, not between one of each.
fn time_diff<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (a, b) = (arg(args, 0, env)?, arg(args, 1, env)?);
    let alone = |value: &Value<'_>| value.text().and_then(|text| span(&text));
    let days = |value: &Value<'_>| {
        let t = value.moment(env.zone())?.datetime;
        let epoch = Date::constant(1970, 1, 1);
        let days = t
            .date()
            .since(epoch)
            .ok()
            .map(|span| i64::from(span.get_days()))?;
        Some(days * 86_400 * SECOND + within_day(t))
    };
    let between = match (alone(&a), alone(&b)) {
        (Some(a), Some(b)) => Some(a - b),
        (None, None) => days(&a).zip(days(&b)).map(|(a, b)| a - b),
        _ => None,
    };
    Ok(between.map_or(Value::Null, shown))
}

fn time_format<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(micros), Some(pattern)) = (of_day(&arg(args, 0, env)?, env), text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    Ok(of_epoch(micros).map_or(Value::Null, |t| Value::owned(date_format::format(t, &pattern))))
}

/// A time of day on some day, for what knows dates only.
pub(super) fn of_epoch(micros: i64) -> Option<DateTime> {
    let day = Date::constant(1970, 1, 1).to_datetime(jiff::civil::Time::midnight());
    dates::add(day, micros.rem_euclid(86_400 * SECOND), Unit::Microsecond)
}

fn time_to_sec<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(of_day(&arg(args, 0, env)?, env).map_or(Value::Null, |micros| Value::Int(micros / SECOND)))
}

fn sec_to_time<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let seconds = arg(args, 0, env)?.to_f64()?;
    Ok(seconds.map_or(Value::Null, |seconds| shown((seconds * 1e6).round() as i64)))
}

/// The n-th day of a year.
fn make_date<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(year), Some(day)) = (arg(args, 0, env)?.to_int()?, arg(args, 1, env)?.to_int()?) else {
        return Ok(Value::Null);
    };
    let year = match year {
        0..70 => year + 2_000,
        70..100 => year + 1_900,
        year => year,
    };
    let first = i16::try_from(year)
        .ok()
        .filter(|_| day > 0)
        .and_then(|year| Date::new(year, 1, 1).ok());
    let found = first.and_then(|first| {
        dates::add(
            first.to_datetime(jiff::civil::Time::midnight()),
            day - 1,
            Unit::Day,
        )
    });
    Ok(found.map_or(Value::Null, |t| Value::Date(t.date())))
}

/// `EXTRACT(YEAR_MONTH FROM x)`: parts one behind the other, in two digits each.
fn extract<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let unit = text(args, 0, env)?.unwrap_or_default();
    let Some(moment) = arg(args, 1, env)?.moment(env.zone()) else {
        return Ok(Value::Null);
    };
    let t = moment.datetime;
    let part = |name: &str| -> Option<i64> {
        Some(match name {
            "YEAR" => i64::from(t.year()),
            "MONTH" => i64::from(t.month()),
            "DAY" => i64::from(t.day()),
            "HOUR" => i64::from(t.hour()),
            "MINUTE" => i64::from(t.minute()),
            "SECOND" => i64::from(t.second()),
            _ => return None,
        })
    };
    const ORDER: [&str; 6] = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
    let at = |name: &str| ORDER.iter().position(|other| *other == name);
    let ends = unit
        .split_once('_')
        .and_then(|(from, to)| Some((at(from)?, at(to)?)));
    let Some((from, to)) = ends.filter(|(from, to)| from < to) else {
        return Ok(Value::Null);
    };
    let parts = ORDER.iter().take(to + 1).skip(from).filter_map(|name| part(name));
    Ok(Value::Int(parts.fold(0, |all, part| all * 100 + part)))
}

/// The units of EXTRACT that are made of several.
pub(in super::super) fn is_compound(unit: &str) -> bool {
    matches!(
        unit,
        "YEAR_MONTH"
            | "DAY_HOUR"
            | "DAY_MINUTE"
            | "DAY_SECOND"
            | "HOUR_MINUTE"
            | "HOUR_SECOND"
            | "MINUTE_SECOND"
    )
}
