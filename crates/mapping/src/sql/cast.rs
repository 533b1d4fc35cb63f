//! `CAST` and `CONVERT`.

use super::arithmetic::negate;
use super::decimal::Decimal;
use super::error::Failure;
use super::eval::{Env, no_number};
use super::expr::Target;
use super::value::{Number, Value};

/// Converts; what cannot be a date becomes NULL, as on the server.
pub(super) fn cast<'r>(value: Value<'r>, target: Target, env: &Env<'_>) -> Result<Value<'r>, Failure> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if matches!(
        target,
        Target::Signed | Target::Unsigned | Target::Decimal(..) | Target::Double
    ) {
        no_number(&value, env);
    }
    Ok(match target {
        Target::Char(length) => {
            let text = value.into_text().unwrap_or_default();
            match length {
                Some(length) => Value::owned(text.chars().take(length).collect()),
                None => Value::Text(text),
            }
        }
        Target::Signed => Value::Int(value.to_int()?.unwrap_or_default()),
        Target::Unsigned => match value.to_int()?.unwrap_or_default() {
            n if n >= 0 => Value::Int(n),
            _ => return Err(Failure::out_of_range()),
        },
        Target::Decimal(precision, scale) => decimal(&value, precision, scale)?,
        Target::Double => match value.to_f64()? {
            Some(f) => Value::Double(f, None),
            None => Value::Null,
        },
        Target::Date => value
            .moment(env.zone())
            .map_or(Value::Null, |m| Value::Date(m.datetime.date())),
        Target::DateTime => value.moment(env.zone()).map_or(Value::Null, |m| {
            // Without a precision the fraction of a second is cut off.
            Value::DateTime(
                m.datetime
                    .with()
                    .subsec_nanosecond(0)
                    .build()
                    .unwrap_or(m.datetime),
            )
        }),
    })
}

/// Rounded to the scale; clamped to the largest number of that many digits, as the server does.
fn decimal<'r>(value: &Value<'_>, precision: u8, scale: u8) -> Result<Value<'r>, Failure> {
    let exact = match value.to_number()? {
        Number::Null => return Ok(Value::Null),
        Number::Int(n) => Decimal::from_int(i128::from(n)),
        Number::Decimal(d) => d,
        Number::Double(f, _) => match value.text().and_then(|text| Decimal::parse(text.trim())) {
            Some(exact) if value.is_text() => exact,
            // By its shortest decimal form, as it would be printed.
            _ => Decimal::parse(&format!("{f}"))
                .or_else(|| Decimal::from_f64(f, 0))
                .ok_or_else(Failure::out_of_range)?,
        },
    };
    let rounded = exact
        .round(i8::try_from(scale).unwrap_or(38))
        .ok_or_else(Failure::out_of_range)?;
    let whole = "9".repeat(usize::from(precision - scale.min(precision)));
    let nines = if scale == 0 {
        whole
    } else {
        format!("{whole}.{}", "9".repeat(usize::from(scale)))
    };
    let largest = Decimal::parse(&nines).ok_or_else(Failure::out_of_range)?;
    let clamped = if rounded.is_negative() {
        let smallest = negate(&Value::Decimal(largest))?;
        match smallest {
            Value::Decimal(smallest) if rounded.compare(smallest).is_lt() => smallest,
            _ => rounded,
        }
    } else if rounded.compare(largest).is_gt() {
        largest
    } else {
        rounded
    };
    Ok(Value::Decimal(clamped.written_to(scale)))
}
