//! `SUM AVG MAX MIN COUNT GROUP_CONCAT` over an array of the record.
//!
//! The array is the first one that a placeholder of the argument passes through, whether it is written with `*` or
//! without; the argument is evaluated once per element, with the array's path standing for the element. Lists inside of
//! the elements are gone through in the same way.

use super::super::expression::Scope;
use super::super::path::Path;
use super::arithmetic::compute;
use super::compare::compare;
use super::decimal::Decimal;
use super::error::Failure;
use super::eval::{Env, MAX_TEXT};
use super::expr::{Aggregate, Expr, Operator};
use super::value::{Number, Value};

pub(super) fn aggregate<'r>(expr: &'r Expr, env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Expr::Aggregate {
        function,
        of,
        over,
        distinct,
        separator,
    } = expr
    else {
        return Ok(Value::Null);
    };
    let mut values = values(of, over, env)?;
    values.retain(|value| !value.is_null() && (*function == Aggregate::Join || !is_blank(value)));
    if *distinct {
        let mut kept: Vec<Value<'r>> = Vec::with_capacity(values.len());
        for value in values {
            let mut known = false;
            for other in &kept {
                known |= compare(&value, other, env.zone())?.is_some_and(std::cmp::Ordering::is_eq);
                env.step()?;
            }
            if !known {
                kept.push(value);
            }
        }
        values = kept;
    }
    match function {
        Aggregate::Count => Ok(Value::Int(i64::try_from(values.len()).unwrap_or(i64::MAX))),
        Aggregate::Sum => sum(values),
        Aggregate::Average => {
            let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
            compute(Operator::Divide, &sum(values)?, &Value::Int(count))
        }
        Aggregate::Max | Aggregate::Min => extreme(values, *function == Aggregate::Max, env),
        Aggregate::Join => join(values, separator.as_deref().unwrap_or(",")),
    }
}

fn is_blank(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(text) if text.is_empty())
}

/// One value per element; values are made independent of the element's scope.
fn values<'r>(of: &'r Expr, over: &[Path], env: &Env<'r>) -> Result<Vec<Value<'r>>, Failure> {
    let mut found = Vec::new();
    gather(of, over, env, None, &mut found)?;
    Ok(found)
}

/// Through the first list that a path passes through, with or without `*`, and through those inside of it.
fn gather<'e>(
    of: &'e Expr,
    over: &[Path],
    env: &Env<'e>,
    within: Option<&Path>,
    found: &mut Vec<Value<'_>>,
) -> Result<(), Failure> {
    let list = over
        .iter()
        .find_map(|path| path.list_on(env.record, env.scope, within));
    let Some((array, items)) = list else {
        found.push(detach(of.eval(env)?));
        return Ok(());
    };
    for element in items {
        env.step()?;
        let scope = Scope {
            array: &array,
            element,
            outer: env.scope,
        };
        let inner = Env {
            scope: Some(&scope),
            ..*env
        };
        gather(of, over, &inner, Some(&array), found)?;
    }
    Ok(())
}

fn detach<'r>(value: Value<'_>) -> Value<'r> {
    match value {
        Value::Null => Value::Null,
        Value::Int(n) => Value::Int(n),
        Value::Decimal(d) => Value::Decimal(d),
        Value::Double(f, shown) => Value::Double(f, shown),
        Value::Text(text) => Value::owned(text.into_owned()),
        Value::Word(text) => Value::Word(text.into_owned().into()),
        Value::Date(d) => Value::Date(d),
        Value::DateTime(t) => Value::DateTime(t),
    }
}

fn sum<'r>(values: Vec<Value<'_>>) -> Result<Value<'r>, Failure> {
    let mut total: Option<Value<'r>> = None;
    for value in values {
        // Sums of integers are decimals, so that they do not overflow early.
        let value = match value.to_number()? {
            Number::Int(n) => Value::Decimal(Decimal::from_int(i128::from(n))),
            _ => value,
        };
        let start = total.take().unwrap_or(Value::Int(0));
        total = Some(compute(Operator::Add, &start, &value)?);
    }
    Ok(total.unwrap_or(Value::Null))
}

fn extreme<'r>(values: Vec<Value<'r>>, largest: bool, env: &Env<'_>) -> Result<Value<'r>, Failure> {
    let mut best: Option<Value<'r>> = None;
    for value in values {
        let better = match &best {
            None => true,
            Some(best) => compare(&value, best, env.zone())?
                .is_some_and(|o| if largest { o.is_gt() } else { o.is_lt() }),
        };
        if better {
            best = Some(value);
        }
    }
    Ok(best.unwrap_or(Value::Null))
}

/// Unlike the server, empty texts are left out, so that no separators stand alone.
fn join<'r>(values: Vec<Value<'_>>, separator: &str) -> Result<Value<'r>, Failure> {
    let mut text = String::new();
    for value in values {
        let piece = value.text().unwrap_or_default();
        if piece.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str(separator);
        }
        text.push_str(&piece);
        if text.len() > MAX_TEXT {
            return Err(Failure::too_large(MAX_TEXT));
        }
    }
    Ok(if text.is_empty() {
        Value::Null
    } else {
        Value::owned(text)
    })
}
