//! `SUM AVG MAX MIN COUNT GROUP_CONCAT` over an array of the record.
//!
//! The array is the first one that a placeholder of the argument passes through, whether it is written with `*` or
//! without; the argument is evaluated once per element, with the array's path standing for the element. Lists inside of
//! the elements are gone through in the same way.

mod told;

use std::cmp::Ordering;

use super::super::expression::Scope;
use super::super::path::Path;
use super::arithmetic::compute;
use super::compare::{Rules, compare};
use super::decimal::Decimal;
use super::error::Failure;
use super::eval::{Env, MAX_TEXT};
use super::expr::{Aggregate, Expr, Key, Operator};
use super::value::{Number, Value};
use told::{tell_empty, tell_no_number, tell_order, tell_other_lists, tell_texts};

pub(super) fn aggregate<'r>(expr: &'r Expr, env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Expr::Aggregate {
        function,
        of,
        over,
        distinct,
        order,
        separator,
    } = expr
    else {
        return Ok(Value::Null);
    };
    let mut rows = Vec::new();
    // Counted entries may be objects, of which no text is asked; a text without quotes is one like any other here.
    let is_plain = *function == Aggregate::Count || matches!(**of, Expr::Bare(_));
    let quiet = Env {
        notices: env.notices.filter(|_| !is_plain),
        ..*env
    };
    gather(of, order, over, &quiet, None, &mut rows)?;
    rows.retain(|row| !row.value.is_null());
    as_column(&mut rows);
    let empty = rows.iter().filter(|row| is_blank(&row.value)).count();
    tell_empty(*function, empty, rows.len(), env);
    tell_other_lists(over, env);
    if *distinct {
        if matches!(function, Aggregate::Sum | Aggregate::Average) {
            as_numbers(&mut rows, env)?;
        }
        rows = different(rows, of, env)?;
    }
    if !order.is_empty() {
        rows = sorted(rows, order, env)?;
    }
    let values: Vec<_> = rows.into_iter().map(|row| row.value).collect();
    match function {
        Aggregate::Count => Ok(Value::Int(i64::try_from(values.len()).unwrap_or(i64::MAX))),
        Aggregate::Sum => sum(values, env),
        Aggregate::Average => {
            let count = i64::try_from(values.len()).unwrap_or(i64::MAX);
            compute(Operator::Divide, &sum(values, env)?, &Value::Int(count))
        }
        Aggregate::Max | Aggregate::Min => {
            let largest = *function == Aggregate::Max;
            tell_texts(&values, largest, env)?;
            extreme(values, largest, env.rules([&**of]))
        }
        Aggregate::Join => join(values, separator.as_deref().unwrap_or(",")),
    }
}

fn is_blank(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(text) if text.trim().is_empty())
}

/// A list is a column to the server: one text in it makes texts of all numbers.
fn as_column(rows: &mut [Row<'_>]) {
    let has_text = rows.iter().any(|row| row.value.is_text());
    let has_number = rows.iter().any(|row| row.value.is_number());
    let has_word = rows.iter().any(|row| matches!(row.value, Value::Word(_)));
    if has_text && has_number || has_word {
        for row in rows.iter_mut().filter(|row| !row.value.is_temporal()) {
            let text = std::mem::replace(&mut row.value, Value::Null).into_text();
            row.value = text.map_or(Value::Null, Value::Text);
        }
    }
}

/// What is added up is told apart as numbers.
fn as_numbers(rows: &mut [Row<'_>], env: &Env<'_>) -> Result<(), Failure> {
    tell_no_number(rows.iter().map(|row| &row.value), env);
    for row in rows.iter_mut().filter(|row| row.value.is_text()) {
        row.value = Value::Double(row.value.to_f64()?.unwrap_or_default(), None);
    }
    Ok(())
}

/// What one element gives; values are made independent of the element's scope.
struct Row<'r> {
    value: Value<'r>,
    keys: Vec<Value<'r>>,
}

/// The first of those that are equal.
fn different<'r>(rows: Vec<Row<'r>>, of: &Expr, env: &Env<'_>) -> Result<Vec<Row<'r>>, Failure> {
    let rules = env.rules([of]);
    let mut kept: Vec<Row<'r>> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut known = false;
        for other in &kept {
            known |= compare(&row.value, &other.value, rules)?.is_some_and(Ordering::is_eq);
            env.step()?;
        }
        if !known {
            kept.push(row);
        }
    }
    Ok(kept)
}

/// NULL comes first; one text among the keys makes texts of all of them, as in a column. Equal ones stay as they were.
fn sorted<'r>(mut rows: Vec<Row<'r>>, order: &[Key], env: &Env<'_>) -> Result<Vec<Row<'r>>, Failure> {
    for at in 0..order.len() {
        let keys = || rows.iter().filter_map(|row| row.keys.get(at));
        if keys().any(Value::is_text) && !keys().all(Value::is_text) {
            for key in rows.iter_mut().filter_map(|row| row.keys.get_mut(at)) {
                let text = std::mem::replace(key, Value::Null).into_text();
                *key = text.map_or(Value::Null, Value::Text);
            }
        }
    }
    let rules: Vec<_> = order.iter().map(|key| env.rules([&key.of])).collect();
    let before = |a: &Row<'_>, b: &Row<'_>| -> Result<Ordering, Failure> {
        for (((x, y), key), rules) in a.keys.iter().zip(&b.keys).zip(order).zip(&rules) {
            env.step()?;
            let found = match (x.is_null(), y.is_null()) {
                (false, false) => compare(x, y, *rules)?.unwrap_or(Ordering::Equal),
                (x, y) => y.cmp(&x),
            };
            if found.is_ne() {
                return Ok(if key.descending { found.reverse() } else { found });
            }
        }
        Ok(Ordering::Equal)
    };
    // The library's sorting may panic where an order is none, and what MySQL calls equal is not always so in threes.
    let (mut sorted, mut failure) = (Vec::with_capacity(rows.len()), None);
    for row in rows {
        let at = sorted.partition_point(|other| match before(other, &row) {
            Ok(order) => order.is_le(),
            Err(error) => failure.get_or_insert(error).message.is_empty(),
        });
        sorted.insert(at, row);
    }
    if let Some(key) = order.first() {
        let first = sorted.iter().filter_map(|row| row.keys.first());
        tell_order(first, key.descending, env);
    }
    failure.map_or(Ok(sorted), Err)
}

/// Through the first list that a path passes through, with or without `*`, and through those inside of it.
fn gather<'e>(
    of: &'e Expr,
    order: &'e [Key],
    over: &[Path],
    env: &Env<'e>,
    within: Option<&Path>,
    found: &mut Vec<Row<'_>>,
) -> Result<(), Failure> {
    let list = over
        .iter()
        .find_map(|path| path.list_on(env.record, env.scope, within));
    let Some((array, items)) = list else {
        let value = detach(of.eval(env)?);
        // Where there is no list, nothing is an entry of it.
        if within.is_none() && is_blank(&value) {
            return Ok(());
        }
        let keys: Result<Vec<_>, _> = order.iter().map(|key| key.of.eval(env).map(detach)).collect();
        found.push(Row { value, keys: keys? });
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
        gather(of, order, over, &inner, Some(&array), found)?;
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

fn sum<'r>(values: Vec<Value<'_>>, env: &Env<'_>) -> Result<Value<'r>, Failure> {
    tell_no_number(values.iter(), env);
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

fn extreme<'r>(values: Vec<Value<'r>>, largest: bool, rules: Rules<'_>) -> Result<Value<'r>, Failure> {
    let mut best: Option<Value<'r>> = None;
    for value in values {
        let better = match &best {
            None => true,
            Some(best) => {
                compare(&value, best, rules)?.is_some_and(|o| if largest { o.is_gt() } else { o.is_lt() })
            }
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
