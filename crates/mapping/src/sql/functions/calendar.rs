//! Functions on spans, weeks and zones: `TIMESTAMPDIFF WEEK YEARWEEK CONVERT_TZ FORMAT_DATE` and the like.

use jiff::civil::{Date, DateTime};

use super::super::super::expression::{Pattern, Zone};
use super::super::dates::{self, Unit};
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::temporal;
use super::super::value::{Kind, Value};
use super::text::text;
use super::{Function, arg, f};

/// `TO_DAYS('1970-01-01')`.
const EPOCH_DAY: i64 = 719_528;

pub(super) const TABLE: &[Function] = &[
    f("TIMESTAMPDIFF", 3, 3, timestamp_diff).gives(Kind::Int),
    f("TIMESTAMPADD", 3, 3, timestamp_add),
    f("WEEK", 1, 2, week).gives(Kind::Int),
    f("WEEKOFYEAR", 1, 1, week_of_year).gives(Kind::Int),
    f("YEARWEEK", 1, 2, year_week).gives(Kind::Int),
    f("CONVERT_TZ", 3, 3, convert_tz).gives(Kind::DateTime),
    f("DAYNAME", 1, 1, day_name).gives(Kind::Text),
    f("MONTHNAME", 1, 1, month_name).gives(Kind::Text),
    f("TO_DAYS", 1, 1, to_days).gives(Kind::Int),
    f("FORMAT_DATE", 2, 2, format_date).gives(Kind::Text),
];

fn moment<'r>(args: &'r [Expr], i: usize, env: &Env<'r>) -> Result<Option<DateTime>, Failure> {
    Ok(arg(args, i, env)?
        .moment(env.zone())
        .map(|moment| moment.datetime))
}

/// The unit, which the compiler has made a text.
fn unit<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Option<Unit>, Failure> {
    Ok(text(args, 0, env)?.and_then(|name| Unit::parse(&name)))
}

fn day_number(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    EPOCH_DAY + date.since(epoch).map_or(0, |span| i64::from(span.get_days()))
}

fn micros(t: DateTime) -> i64 {
    let seconds = (i64::from(t.hour()) * 60 + i64::from(t.minute())) * 60 + i64::from(t.second());
    day_number(t.date()) * 86_400_000_000 + seconds * 1_000_000 + i64::from(t.subsec_nanosecond()) / 1_000
}

/// Whole units from the second to the third argument; what is begun does not count.
fn timestamp_diff<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(unit), Some(from), Some(to)) = (unit(args, env)?, moment(args, 1, env)?, moment(args, 2, env)?)
    else {
        return Ok(Value::Null);
    };
    let span = micros(to) - micros(from);
    let months = || {
        let (early, late) = if span < 0 { (to, from) } else { (from, to) };
        let count = |t: DateTime| i64::from(t.year()) * 12 + i64::from(t.month());
        let within = |t: DateTime| (t.day(), t.time());
        let begun = i64::from(within(late) < within(early));
        (count(late) - count(early) - begun) * span.signum()
    };
    Ok(Value::Int(match unit {
        Unit::Microsecond => span,
        Unit::Second => span / 1_000_000,
        Unit::Minute => span / 60_000_000,
        Unit::Hour => span / 3_600_000_000,
        Unit::Day => span / 86_400_000_000,
        Unit::Week => span / 604_800_000_000,
        Unit::Month => months(),
        Unit::Quarter => months() / 3,
        Unit::Year => months() / 12,
    }))
}

fn timestamp_add<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(unit) = unit(args, env)? else {
        return Ok(Value::Null);
    };
    match (args.get(2), args.get(1)) {
        (Some(date), Some(amount)) => temporal::interval(date, amount, unit, false, env),
        _ => Ok(Value::Null),
    }
}

/// How weeks are counted, in the bits of the server's `calc_week`.
#[derive(Clone, Copy)]
struct Weeks {
    monday_first: bool,
    of_year: bool,
    first_weekday: bool,
}

impl Weeks {
    fn mode(mode: i64) -> Weeks {
        let monday_first = mode & 1 != 0;
        Weeks {
            monday_first,
            of_year: mode & 2 != 0,
            first_weekday: (mode & 4 != 0) == monday_first,
        }
    }

    /// Year and number of a date's week.
    fn of(self, date: Date) -> (i64, i64) {
        let mut year = i64::from(date.year());
        let length = |year: i64| {
            let year = i16::try_from(year).unwrap_or(1);
            Date::new(year, 1, 1).map_or(365, |first| i64::from(first.days_in_year()))
        };
        let day = day_number(date);
        let mut first = day - i64::from(date.day_of_year()) + 1;
        let shift = if self.monday_first { 5 } else { 6 };
        let mut weekday = (first + shift).rem_euclid(7);
        let mut of_year = self.of_year;
        let late = |weekday: i64| match self.first_weekday {
            true => weekday != 0,
            false => weekday >= 4,
        };
        if date.month() == 1 && i64::from(date.day()) <= 7 - weekday {
            if !of_year && late(weekday) {
                return (year, 0);
            }
            of_year = true;
            year -= 1;
            let days = length(year);
            first -= days;
            weekday = (weekday + 53 * 7 - days).rem_euclid(7);
        }
        let days = match late(weekday) {
            true => day - (first + 7 - weekday),
            false => day - (first - weekday),
        };
        if of_year && days >= 52 * 7 {
            let weekday = (weekday + length(year)) % 7;
            if !late(weekday) {
                return (year + 1, 1);
            }
        }
        (year, days / 7 + 1)
    }
}

fn weeks<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Option<(Date, i64)>, Failure> {
    let mode = match args.get(1) {
        None => 0,
        Some(expr) => expr.eval(env)?.to_int()?.unwrap_or(0),
    };
    Ok(moment(args, 0, env)?.map(|t| (t.date(), mode & 7)))
}

fn week<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let found = weeks(args, env)?;
    Ok(found.map_or(Value::Null, |(date, mode)| {
        Value::Int(Weeks::mode(mode).of(date).1)
    }))
}

fn week_of_year<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let date = moment(args, 0, env)?;
    Ok(date.map_or(Value::Null, |t| Value::Int(Weeks::mode(3).of(t.date()).1)))
}

fn year_week<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let number = |(date, mode): (Date, i64)| {
        let (year, week) = Weeks::mode(mode | 2).of(date);
        Value::Int(year * 100 + week)
    };
    Ok(weeks(args, env)?.map_or(Value::Null, number))
}

fn convert_tz<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(t), Some(from), Some(to)) = (moment(args, 0, env)?, text(args, 1, env)?, text(args, 2, env)?)
    else {
        return Ok(Value::Null);
    };
    let zone = |name: &str| match name.eq_ignore_ascii_case("SYSTEM") {
        true => Some(env.zone().clone()),
        false => {
            // `+8:00` is an offset of one digit.
            let padded = match name.as_bytes() {
                [sign @ (b'+' | b'-'), _, b':', ..] => format!("{}0{}", char::from(*sign), &name[1..]),
                _ => name.to_owned(),
            };
            padded.parse::<Zone>().ok().map(|zone| zone.time_zone().clone())
        }
    };
    let (Some(from), Some(to)) = (zone(&from), zone(&to)) else {
        return Ok(Value::Null);
    };
    let there = from
        .to_timestamp(t)
        .ok()
        .map(|timestamp| match timestamp.as_second() {
            // Before unix times began the server leaves the time as it is.
            ..0 => t,
            _ => to.to_datetime(timestamp),
        });
    Ok(there.map_or(Value::Null, Value::DateTime))
}

fn day_name<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    named(args, env, "%W")
}

fn month_name<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    named(args, env, "%M")
}

fn named<'r>(args: &'r [Expr], env: &Env<'r>, pattern: &str) -> Result<Value<'r>, Failure> {
    let name = |t| Value::owned(super::super::date_format::format(t, pattern));
    Ok(moment(args, 0, env)?.map_or(Value::Null, name))
}

fn to_days<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(moment(args, 0, env)?.map_or(Value::Null, |t| Value::Int(day_number(t.date()))))
}

/// Not of MySQL but of the platform: a date by a pattern with Java's or PHP's letters.
fn format_date<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let value = arg(args, 0, env)?;
    let unix = match &value {
        Value::Int(n) if n.abs() >= 1_000_000_000 => dates::from_unix(*n, env.zone()),
        Value::Text(text) if text.len() >= 10 && !matches!(text.len(), 14) => {
            text.parse().ok().and_then(|n| dates::from_unix(n, env.zone()))
        }
        _ => None,
    };
    let moment = unix.or_else(|| value.moment(env.zone()).map(|moment| moment.datetime));
    let (Some(moment), Some(pattern)) = (moment, text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    let pattern = Pattern::parse(&pattern).map_err(|why| Failure::new("bad-pattern", why))?;
    Ok(Value::owned(pattern.format(moment)))
}
