//! Functions on dates and times, in the zone of the context.

use jiff::civil::DateTime;

use super::super::dates::{self, MAX_UNIX, Moment};
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Number, Value};
use super::super::{date_format, temporal};
use super::{Function, arg, clock, f};

pub(super) const TABLE: &[Function] = &[
    f("NOW", 0, 1, now).gives(Kind::DateTime),
    f("SYSDATE", 0, 1, now).gives(Kind::DateTime),
    f("CURRENT_TIMESTAMP", 0, 1, now).gives(Kind::DateTime),
    f("LOCALTIME", 0, 1, now).gives(Kind::DateTime),
    f("LOCALTIMESTAMP", 0, 1, now).gives(Kind::DateTime),
    f("CURDATE", 0, 0, today).gives(Kind::Date),
    f("CURRENT_DATE", 0, 0, today).gives(Kind::Date),
    f("DATE", 1, 1, date).gives(Kind::Date),
    f("DATE_FORMAT", 2, 2, format).gives(Kind::Text),
    f("STR_TO_DATE", 2, 2, str_to_date),
    f("LAST_DAY", 1, 1, last_day).gives(Kind::Date),
    f("DATEDIFF", 2, 2, datediff).gives(Kind::Int),
    f("YEAR", 1, 1, year).gives(Kind::Int),
    f("QUARTER", 1, 1, quarter).gives(Kind::Int),
    f("MONTH", 1, 1, month).gives(Kind::Int),
    f("DAY", 1, 1, day).gives(Kind::Int),
    f("DAYOFMONTH", 1, 1, day).gives(Kind::Int),
    f("DAYOFYEAR", 1, 1, day_of_year).gives(Kind::Int),
    f("DAYOFWEEK", 1, 1, day_of_week).gives(Kind::Int),
    f("WEEKDAY", 1, 1, weekday).gives(Kind::Int),
    f("HOUR", 1, 1, hour).gives(Kind::Int),
    f("MINUTE", 1, 1, minute).gives(Kind::Int),
    f("SECOND", 1, 1, second).gives(Kind::Int),
    f("UNIX_TIMESTAMP", 0, 1, unix_timestamp).gives(Kind::Int),
    f("FROM_UNIXTIME", 1, 2, from_unixtime),
];

fn present(env: &Env<'_>) -> DateTime {
    let now = env.zone().to_datetime(env.context.now);
    now.with().subsec_nanosecond(0).build().unwrap_or(now)
}

fn moment<'r>(args: &'r [Expr], i: usize, env: &Env<'r>) -> Result<Option<Moment>, Failure> {
    Ok(arg(args, i, env)?.moment(env.zone()))
}

fn now<'r>(_: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(Value::DateTime(present(env)))
}

fn today<'r>(_: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(Value::Date(present(env).date()))
}

fn date<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(moment(args, 0, env)?.map_or(Value::Null, |m| Value::Date(m.datetime.date())))
}

fn format<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let value = arg(args, 0, env)?;
    // A time of day, which `STR_TO_DATE` gives, too.
    let time = match &value {
        Value::Text(text) => clock::span(text).and_then(clock::of_epoch),
        _ => None,
    };
    let found = value.moment(env.zone()).map(|moment| moment.datetime).or(time);
    let pattern = arg(args, 1, env)?.into_text();
    if found.is_none() && unix_digits(&value) {
        env.notice(|| {
            words::text!("DATE_FORMAT of a unix time is NULL; write FROM_UNIXTIME({{key}}, '%Y-%m-%d')")
                .to_owned()
        });
    }
    let (Some(t), Some(pattern)) = (found, pattern) else {
        return Ok(Value::Null);
    };
    Ok(Value::owned(date_format::format(t, &pattern)))
}

fn str_to_date<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(pattern)) = (arg(args, 0, env)?.into_text(), arg(args, 1, env)?.into_text()) else {
        return Ok(Value::Null);
    };
    Ok(match date_format::parse(&text, &pattern) {
        Some(date_format::Read::Moment(moment)) => temporal::value(moment),
        Some(date_format::Read::Part(text)) => Value::owned(text),
        None => Value::Null,
    })
}

fn last_day<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(moment(args, 0, env)?.map_or(Value::Null, |m| Value::Date(m.datetime.date().last_of_month())))
}

fn datediff<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(a), Some(b)) = (moment(args, 0, env)?, moment(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    let days = a
        .datetime
        .date()
        .since(b.datetime.date())
        .map(|span| i64::from(span.get_days()));
    Ok(days.map_or(Value::Null, Value::Int))
}

fn part<'r>(args: &'r [Expr], env: &Env<'r>, get: fn(DateTime) -> i64) -> Result<Value<'r>, Failure> {
    Ok(moment(args, 0, env)?.map_or(Value::Null, |m| Value::Int(get(m.datetime))))
}

fn year<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| i64::from(t.year()))
}

fn quarter<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| (i64::from(t.month()) + 2) / 3)
}

fn month<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| i64::from(t.month()))
}

fn day<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| i64::from(t.day()))
}

fn day_of_year<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| i64::from(t.date().day_of_year()))
}

fn day_of_week<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| {
        i64::from(t.date().weekday().to_sunday_one_offset())
    })
}

fn weekday<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| {
        i64::from(t.date().weekday().to_monday_zero_offset())
    })
}

/// A part of a date, or of a time of day such as `10:11`, by its seconds.
fn of_time<'r>(
    args: &'r [Expr],
    env: &Env<'r>,
    get: fn(DateTime) -> i64,
    alone: fn(i64) -> i64,
) -> Result<Value<'r>, Failure> {
    let span = match arg(args, 0, env)? {
        Value::Text(text) | Value::Word(text) => clock::span(&text),
        _ => None,
    };
    match span {
        Some(micros) => Ok(Value::Int(alone(micros.abs() / 1_000_000))),
        None => part(args, env, get),
    }
}

fn hour<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    of_time(args, env, |t| i64::from(t.hour()), |seconds| seconds / 3_600)
}

fn minute<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    of_time(args, env, |t| i64::from(t.minute()), |seconds| seconds / 60 % 60)
}

fn second<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    of_time(args, env, |t| i64::from(t.second()), |seconds| seconds % 60)
}

fn unix_timestamp<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    if args.is_empty() {
        return Ok(Value::Int(env.context.now.as_second()));
    }
    let Some(moment) = moment(args, 0, env)? else {
        return Ok(Value::Null);
    };
    Ok(dates::to_unix(moment.datetime, env.zone()).map_or(Value::Null, |s| Value::Int(s.max(0))))
}

/// Digits of a unix time in seconds or milliseconds, and nothing else.
fn unix_digits(value: &Value<'_>) -> bool {
    value
        .text()
        .is_some_and(|text| matches!(text.len(), 10 | 13) && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Seconds only: milliseconds are beyond the calendar of the function and give NULL.
fn from_unixtime<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let value = arg(args, 0, env)?;
    let seconds = match value.to_number()? {
        Number::Null => return Ok(Value::Null),
        Number::Int(n) => n,
        Number::Decimal(d) => d.truncated().unwrap_or(-1),
        Number::Double(x, _) => x.floor() as i64,
    };
    if seconds > MAX_UNIX {
        env.notice(|| {
            words::text!("FROM_UNIXTIME takes seconds, these are milliseconds, so it is NULL; write FROM_UNIXTIME({{key}}/1000)")
                .to_owned()
        });
    }
    if !(0..=MAX_UNIX).contains(&seconds) {
        return Ok(Value::Null);
    }
    if matches!(&value, Value::Text(text) if text.contains(['-', '/'])) {
        env.notice(|| {
            words::text!("FROM_UNIXTIME takes a unix time, this is a date already; write DATE_FORMAT('{{key}}', '%Y-%m-%d')")
                .to_owned()
        });
    }
    let Some(datetime) = dates::from_unix(seconds, env.zone()) else {
        return Ok(Value::Null);
    };
    match args.get(1) {
        None => Ok(Value::DateTime(datetime)),
        Some(pattern) => {
            let pattern = pattern.eval(env)?.into_text();
            Ok(pattern.map_or(Value::Null, |p| Value::owned(date_format::format(datetime, &p))))
        }
    }
}
