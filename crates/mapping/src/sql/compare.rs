//! Comparison of two values after MySQL's rules for mixed types.

use std::cmp::Ordering;

use super::collation::{self, Collation};
use super::error::Failure;
use super::value::{Number, Value};

/// What a comparison depends on beside its two sides.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'z> {
    pub zone: &'z jiff::tz::TimeZone,
    pub collation: Collation,
}

/// `None` when either side is NULL.
pub(super) fn compare(a: &Value<'_>, b: &Value<'_>, rules: Rules<'_>) -> Result<Option<Ordering>, Failure> {
    if a.is_null() || b.is_null() {
        return Ok(None);
    }
    if let (Some(x), Some(y)) = (plain(a), plain(b)) {
        return Ok(Some(collation::compare(x, y, rules.collation)));
    }
    if a.is_temporal() || b.is_temporal() {
        let read = |v: &Value<'_>| v.moment(rules.zone).map(|m| m.datetime);
        if a.is_temporal() && b.is_temporal() || a.is_text() || b.is_text() {
            return Ok(read(a).zip(read(b)).map(|(x, y)| x.cmp(&y)));
        }
    }
    Ok(Some(match (a.to_number()?, b.to_number()?) {
        (Number::Int(x), Number::Int(y)) => x.cmp(&y),
        (Number::Double(..), _) | (_, Number::Double(..)) => {
            let (x, y) = (a.to_f64()?.unwrap_or_default(), b.to_f64()?.unwrap_or_default());
            x.partial_cmp(&y).unwrap_or(Ordering::Equal)
        }
        (x, y) => x.decimal().compare(y.decimal()),
    }))
}

/// The same for the operators `= <> < <= > >= <=>` and NULLIF, where the server takes exact numbers as they would be
/// printed: `3.3333 = 10/3` is true. CASE, IN and BETWEEN compare all digits.
pub(super) fn compare_shown(
    a: &Value<'_>,
    b: &Value<'_>,
    rules: Rules<'_>,
) -> Result<Option<Ordering>, Failure> {
    match (a, b) {
        (Value::Decimal(x), Value::Decimal(y)) => Ok(Some(x.as_shown().compare(y.as_shown()))),
        (Value::Decimal(x), Value::Int(_)) => compare(&Value::Decimal(x.as_shown()), b, rules),
        (Value::Int(_), Value::Decimal(y)) => compare(a, &Value::Decimal(y.as_shown()), rules),
        _ => compare(a, b, rules),
    }
}

fn plain<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::Text(text) | Value::Word(text) => Some(text),
        _ => None,
    }
}
