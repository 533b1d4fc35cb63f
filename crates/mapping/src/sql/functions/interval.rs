//! What stands before a unit of several parts: `INTERVAL '1:30' MINUTE_SECOND`.

use super::super::dates::Unit;
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::text::text;
use super::{Function, f};

/// No function that people call: the count of microseconds, or of months, in such a text.
static COUNTED: Function = f("INTERVAL", 2, 2, counted_in).gives(Kind::Int);

const NAMES: [&str; 7] = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND"];
/// Months, or microseconds, of each of these.
const SIZES: [i64; 7] = [12, 1, 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1];
/// The first of those that are counted in microseconds.
const DAY: usize = 2;

/// First and last part of `DAY_SECOND` and the like.
pub(in super::super) fn parts(unit: &str) -> Option<(usize, usize)> {
    let unit = unit.to_ascii_uppercase();
    let (first, last) = unit.split_once('_')?;
    let at = |name| NAMES.iter().position(|known| *known == name);
    let (first, last) = (at(first)?, at(last)?);
    let is_one_kind = first < last && (first >= DAY || last < DAY);
    is_one_kind.then_some((first, last))
}

/// The amount in one unit.
pub(in super::super) fn counted(amount: Expr, unit: &str) -> (Expr, Unit) {
    let is_months = parts(unit).is_some_and(|(_, last)| last < DAY);
    let args = vec![Expr::Text(unit.to_ascii_uppercase()), amount];
    let count = Expr::Call(&COUNTED, args);
    (count, if is_months { Unit::Month } else { Unit::Microsecond })
}

/// As the server reads it: numbers with anything between them, the last one for the last part; more numbers than parts
/// are NULL, and so is what is too large.
fn counted_in<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(unit), Some(amount)) = (text(args, 0, env)?, text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    let Some((first, last)) = parts(&unit) else {
        return Ok(Value::Null);
    };
    let amount = amount.trim_start();
    let numbers = amount
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty());
    let numbers: Vec<&str> = numbers.collect();
    if numbers.len() > last - first + 1 {
        return Ok(Value::Null);
    }
    let mut total = Some(0_i64);
    for (number, part) in numbers.iter().rev().zip((first..=last).rev()) {
        // `.5` of a second is half of one.
        let number = match NAMES.get(part) {
            Some(&"MICROSECOND") => format!("{number:0<6.6}").parse::<i64>(),
            _ => number.parse::<i64>(),
        };
        let size = SIZES.get(part).copied().unwrap_or(1);
        let part = number.ok().and_then(|number| number.checked_mul(size));
        total = total.zip(part).and_then(|(total, part)| total.checked_add(part));
    }
    let is_negative = amount.starts_with('-');
    Ok(total.map_or(Value::Null, |total| {
        Value::Int(if is_negative { -total } else { total })
    }))
}
