//! Functions that add spans of time, make times of day and count months: `ADDTIME SUBTIME MAKETIME CURTIME TIMESTAMP
//! MICROSECOND PERIOD_ADD PERIOD_DIFF`.

use super::super::dates::{self, Moment, Unit};
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::temporal;
use super::super::value::{Kind, Value};
use super::clock::{self, shown, span, within_day};
use super::text::text;
use super::{Function, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("ADDTIME", 2, 2, add_time),
    f("SUBTIME", 2, 2, sub_time),
    f("MAKETIME", 3, 3, make_time).gives(Kind::Text),
    f("CURTIME", 0, 0, current_time).gives(Kind::Text),
    f("CURRENT_TIME", 0, 0, current_time).gives(Kind::Text),
    f("TIMESTAMP", 1, 2, timestamp).gives(Kind::DateTime),
    f("MICROSECOND", 1, 1, microsecond).gives(Kind::Int),
    f("UTC_DATE", 0, 0, utc_date).gives(Kind::Date),
    f("UTC_TIMESTAMP", 0, 0, utc_timestamp).gives(Kind::DateTime),
    f("PERIOD_ADD", 2, 2, period_add).gives(Kind::Int),
    f("PERIOD_DIFF", 2, 2, period_diff).gives(Kind::Int),
];

fn add_time<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    moved(args, 1, env)
}

fn sub_time<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    moved(args, -1, env)
}

/// A date or a time of day, a span later or earlier; a text stays a text.
fn moved<'r>(args: &'r [Expr], sign: i64, env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let start = arg(args, 0, env)?;
    let Some(by) = text(args, 1, env)?.and_then(|by| span(&by)).map(|by| by * sign) else {
        return Ok(Value::Null);
    };
    if let Some(at) = start
        .text()
        .filter(|_| start.is_text())
        .and_then(|text| span(&text))
    {
        return Ok(shown(at + by));
    }
    let sum = start
        .moment(env.zone())
        .and_then(|moment| dates::add(moment.datetime, by, Unit::Microsecond));
    let sum = sum.map_or(Value::Null, |datetime| {
        temporal::value(Moment {
            datetime,
            has_time: true,
        })
    });
    Ok(match start.is_temporal() {
        true => sum,
        false => sum.into_text().map_or(Value::Null, Value::Text),
    })
}

fn make_time<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let mut parts = [0; 3];
    for (at, part) in parts.iter_mut().enumerate() {
        match arg(args, at, env)?.to_int()? {
            Some(number) => *part = number,
            None => return Ok(Value::Null),
        }
    }
    let [hours, minutes, seconds] = parts;
    if !(0..60).contains(&minutes) || !(0..60).contains(&seconds) || hours.abs() > 838 {
        return Ok(Value::Null);
    }
    let micros = ((hours.abs() * 60 + minutes) * 60 + seconds) * 1_000_000;
    Ok(shown(if hours < 0 { -micros } else { micros }))
}

fn current_time<'r>(_: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let now = env.zone().to_datetime(env.context.now);
    Ok(shown(within_day(now) / 1_000_000 * 1_000_000))
}

fn utc(env: &Env<'_>) -> jiff::civil::DateTime {
    let now = jiff::tz::TimeZone::UTC.to_datetime(env.context.now);
    now.with().subsec_nanosecond(0).build().unwrap_or(now)
}

fn utc_date<'r>(_: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(Value::Date(utc(env).date()))
}

fn utc_timestamp<'r>(_: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(Value::DateTime(utc(env)))
}

/// A date with its time, or with another one added.
fn timestamp<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(moment) = arg(args, 0, env)?.moment(env.zone()) else {
        return Ok(Value::Null);
    };
    if args.len() < 2 {
        return Ok(Value::DateTime(moment.datetime));
    }
    let by = text(args, 1, env)?.and_then(|by| span(&by));
    let sum = by.and_then(|by| dates::add(moment.datetime, by, Unit::Microsecond));
    Ok(sum.map_or(Value::Null, Value::DateTime))
}

fn microsecond<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let value = arg(args, 0, env)?;
    Ok(clock::of_day(&value, env).map_or(Value::Null, |micros| Value::Int(micros.abs() % 1_000_000)))
}

/// Months since the year nought of `202403` or `2403`.
fn months(period: i64) -> Option<i64> {
    let (year, month) = (period / 100, period % 100);
    let year = match year {
        0..70 => year + 2_000,
        70..100 => year + 1_900,
        year => year,
    };
    (period > 0 && (1..=12).contains(&month)).then(|| year * 12 + month - 1)
}

fn period_add<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(period), Some(by)) = (arg(args, 0, env)?.to_int()?, arg(args, 1, env)?.to_int()?) else {
        return Ok(Value::Null);
    };
    let sum = months(period)
        .and_then(|months| months.checked_add(by))
        .filter(|sum| *sum >= 0);
    Ok(sum.map_or(Value::Null, |sum| Value::Int(sum / 12 * 100 + sum % 12 + 1)))
}

fn period_diff<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(a), Some(b)) = (arg(args, 0, env)?.to_int()?, arg(args, 1, env)?.to_int()?) else {
        return Ok(Value::Null);
    };
    Ok(months(a)
        .zip(months(b))
        .map_or(Value::Null, |(a, b)| Value::Int(a - b)))
}
