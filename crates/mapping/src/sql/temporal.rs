//! `date ± INTERVAL n unit`, as operator and as `DATE_ADD`/`DATE_SUB`.

use super::dates::{self, Moment, Unit};
use super::error::Failure;
use super::eval::Env;
use super::expr::Expr;
use super::value::{Number, Value};

/// Adds or subtracts an interval. A bad date gives NULL; a text stays a text.
pub(super) fn interval<'r>(
    date: &'r Expr,
    amount: &'r Expr,
    unit: Unit,
    subtract: bool,
    env: &Env<'r>,
) -> Result<Value<'r>, Failure> {
    let (date, amount) = (date.eval(env)?, amount.eval(env)?);
    let (count, unit) = match amount.to_number()? {
        Number::Null => return Ok(Value::Null),
        Number::Decimal(_) | Number::Double(..) if unit == Unit::Second => (
            (amount.to_f64()?.unwrap_or_default() * 1e6).round() as i64,
            Unit::Microsecond,
        ),
        _ => (amount.to_int()?.unwrap_or_default(), unit),
    };
    let count = if subtract {
        count.checked_neg()
    } else {
        Some(count)
    };
    let Some(moment) = date.moment(env.zone()) else {
        return Ok(Value::Null);
    };
    let Some(sum) = count.and_then(|count| dates::add(moment.datetime, count, unit)) else {
        return Ok(Value::Null);
    };
    let sum = Moment {
        datetime: sum,
        has_time: moment.has_time || unit.has_time(),
    };
    Ok(match value(sum) {
        typed if date.is_temporal() => typed,
        text => text.into_text().map_or(Value::Null, Value::Text),
    })
}

/// A date, or a date and time.
pub(super) fn value<'r>(moment: Moment) -> Value<'r> {
    if moment.has_time {
        Value::DateTime(moment.datetime)
    } else {
        Value::Date(moment.datetime.date())
    }
}
