//! `+ - * / DIV %`, the minus sign and `BETWEEN`, with the types that MySQL gives them.

use std::cmp::Ordering;

use super::compare::{Rules, compare};
use super::decimal::Decimal;
use super::error::Failure;
use super::expr::Operator;
use super::value::{Kind, Number, Value};

/// One operation. NULL makes NULL, division by zero too.
pub(super) fn compute<'r>(operator: Operator, a: &Value<'_>, b: &Value<'_>) -> Result<Value<'r>, Failure> {
    // A number is demanded of both sides before NULL decides, so that a bare text is found out in any case.
    let (x, y) = (a.to_number()?, b.to_number()?);
    match (x, y) {
        (Number::Null, _) | (_, Number::Null) => Ok(Value::Null),
        (Number::Double(..), _) | (_, Number::Double(..)) => {
            let (f, g) = (a.to_f64()?.unwrap_or_default(), b.to_f64()?.unwrap_or_default());
            double(operator, f, g, kind(operator, a.kind(), b.kind()))
        }
        (Number::Int(m), Number::Int(n)) => int(operator, m, n),
        _ => decimal(operator, x, y),
    }
}

fn int<'r>(operator: Operator, m: i64, n: i64) -> Result<Value<'r>, Failure> {
    let result = match operator {
        Operator::Add => m.checked_add(n),
        Operator::Subtract => m.checked_sub(n),
        Operator::Multiply => m.checked_mul(n),
        Operator::Divide => return decimal(operator, Number::Int(m), Number::Int(n)),
        Operator::IntegerDivide if n == 0 => return Ok(Value::Null),
        Operator::IntegerDivide => m.checked_div(n),
        Operator::Remainder if n == 0 => return Ok(Value::Null),
        Operator::Remainder => Some(m.wrapping_rem(n)),
    };
    result.map(Value::Int).ok_or_else(Failure::out_of_range)
}

fn decimal<'r>(operator: Operator, x: Number, y: Number) -> Result<Value<'r>, Failure> {
    let (x, y) = (x.decimal(), y.decimal());
    let result = match operator {
        Operator::Add => x.add(y).map(Some),
        Operator::Subtract => y.negate().and_then(|y| x.add(y)).map(Some),
        Operator::Multiply => x.multiply(y).map(Some),
        Operator::Divide => x.divide(y),
        Operator::Remainder => x.remainder(y),
        Operator::IntegerDivide => {
            let Some(quotient) = x.divide(y).ok_or_else(Failure::out_of_range)? else {
                return Ok(Value::Null);
            };
            return quotient
                .truncated()
                .map(Value::Int)
                .ok_or_else(Failure::out_of_range);
        }
    };
    Ok(result
        .ok_or_else(Failure::out_of_range)?
        .map_or(Value::Null, Value::Decimal))
}

fn double<'r>(operator: Operator, f: f64, g: f64, kind: Kind) -> Result<Value<'r>, Failure> {
    let result = match operator {
        Operator::Add => f + g,
        Operator::Subtract => f - g,
        Operator::Multiply => f * g,
        Operator::Divide | Operator::IntegerDivide | Operator::Remainder if g == 0.0 => {
            return Ok(Value::Null);
        }
        Operator::Divide => f / g,
        Operator::Remainder => f % g,
        Operator::IntegerDivide => {
            let quotient = (f / g).trunc();
            if quotient.abs() >= 9.2e18 {
                return Err(Failure::out_of_range());
            }
            return Ok(Value::Int(quotient as i64));
        }
    };
    if !result.is_finite() {
        return Err(Failure::out_of_range());
    }
    Ok(Value::Double(
        result,
        if let Kind::Double(shown) = kind {
            shown
        } else {
            None
        },
    ))
}

/// The type of the result.
pub(super) fn kind(operator: Operator, a: Kind, b: Kind) -> Kind {
    if operator == Operator::IntegerDivide {
        return Kind::Int;
    }
    // The server counts an untyped NULL as a double without fraction.
    let inexact = |k: Kind| matches!(k, Kind::Double(_) | Kind::Text | Kind::Null);
    if inexact(a) || inexact(b) {
        let digits = |k: Kind| match k {
            Kind::Double(shown) => shown,
            Kind::Text => None,
            exact => Some(exact.digits()),
        };
        return Kind::Double(digits(a).zip(digits(b)).map(|(a, b)| match operator {
            Operator::Divide => a.max(b) + 4,
            _ => a.max(b),
        }));
    }
    let (x, y) = (a.digits(), b.digits());
    match operator {
        Operator::Divide => Kind::Decimal((x + 4).min(38)),
        _ if !matches!(a, Kind::Decimal(_)) && !matches!(b, Kind::Decimal(_)) => Kind::Int,
        Operator::Multiply => Kind::Decimal((x + y).min(38)),
        _ => Kind::Decimal(x.max(y)),
    }
}

/// The minus sign. Of an integer below zero it makes a decimal, because the server fears that it may not fit.
pub(super) fn negate<'r>(value: &Value<'_>) -> Result<Value<'r>, Failure> {
    Ok(match value.to_number()? {
        Number::Null => Value::Null,
        Number::Int(n) if n < 0 => Value::Decimal(Decimal::from_int(-i128::from(n))),
        Number::Int(n) => Value::Int(-n),
        Number::Decimal(d) => Value::Decimal(d.negate().ok_or_else(Failure::out_of_range)?),
        Number::Double(f, shown) => Value::Double(-f, shown),
    })
}

/// The minus sign of a literal, which belongs to the literal.
pub(super) fn negate_literal<'r>(value: &Value<'_>) -> Result<Value<'r>, Failure> {
    match value.to_number()? {
        Number::Int(n) => n.checked_neg().map(Value::Int).ok_or_else(Failure::out_of_range),
        _ => negate(value),
    }
}

/// `BETWEEN`: one number among texts makes all three numbers.
pub(super) fn between(
    value: &Value<'_>,
    low: &Value<'_>,
    high: &Value<'_>,
    rules: Rules<'_>,
) -> Result<Option<bool>, Failure> {
    let all = [value, low, high];
    let texts = all.iter().filter(|v| v.is_text()).count();
    let temporal = all.iter().any(|v| v.is_temporal());
    let numbers = all.iter().filter(|v| !v.is_text() && !v.is_null()).count();
    let order = |a: &Value<'_>, b: &Value<'_>| -> Result<Option<Ordering>, Failure> {
        if texts > 0 && numbers > 0 && !temporal {
            let (a, b) = (a.to_f64()?, b.to_f64()?);
            return Ok(a.zip(b).and_then(|(a, b)| a.partial_cmp(&b)));
        }
        compare(a, b, rules)
    };
    let above = order(value, low)?.map(Ordering::is_ge);
    let below = order(value, high)?.map(Ordering::is_le);
    Ok(match (above, below) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    })
}
