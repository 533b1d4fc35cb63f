//! Functions on dates and times, in the zone of the context.

use jiff::civil::DateTime;

use super::super::dates::{self, MAX_UNIX, Moment};
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Number, Value};
use super::super::{date_format, temporal};
use super::{Function, arg, f};

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

fn clock(env: &Env<'_>) -> DateTime {
    let now = env.zone().to_datetime(env.context.now);
    now.with().subsec_nanosecond(0).build().unwrap_or(now)
}

fn moment<'r>(args: &'r [Expr], i: usize, env: &Env<'r>) -> Result<Option<Moment>, Failure> {
    Ok(arg(args, i, env)?.moment(env.zone()))
}

fn now<'r>(_: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(Value::DateTime(clock(env)))
}

fn today<'r>(_: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(Value::Date(clock(env).date()))
}

fn date<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(moment(args, 0, env)?.map_or(Value::Null, |m| Value::Date(m.datetime.date())))
}

fn format<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(moment), Some(pattern)) = (moment(args, 0, env)?, arg(args, 1, env)?.into_text()) else {
        return Ok(Value::Null);
    };
    Ok(Value::owned(date_format::format(moment.datetime, &pattern)))
}

fn str_to_date<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(pattern)) = (arg(args, 0, env)?.into_text(), arg(args, 1, env)?.into_text()) else {
        return Ok(Value::Null);
    };
    Ok(date_format::parse(&text, &pattern).map_or(Value::Null, temporal::value))
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

fn hour<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| i64::from(t.hour()))
}

fn minute<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| i64::from(t.minute()))
}

fn second<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    part(args, env, |t| i64::from(t.second()))
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

/// Seconds only: milliseconds are beyond the calendar of the function and give NULL.
fn from_unixtime<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let value = arg(args, 0, env)?;
    let seconds = match value.to_number()? {
        Number::Null => return Ok(Value::Null),
        Number::Int(n) => n,
        Number::Decimal(d) => d.truncated().unwrap_or(-1),
        Number::Double(x, _) => x.floor() as i64,
    };
    if !(0..=MAX_UNIX).contains(&seconds) {
        return Ok(Value::Null);
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
