//! What an aggregate over texts tells: MySQL's value is not always the one that was meant.

use std::cmp::Ordering;

use super::super::super::path::Path;
use super::super::compare::compare;
use super::super::error::Failure;
use super::super::eval::{Env, is_odd, no_number};
use super::super::expr::Aggregate;
use super::super::value::Value;
use super::extreme;

/// Tells of the first text that is no number.
pub(super) fn tell_no_number<'v>(mut values: impl Iterator<Item = &'v Value<'v>>, env: &Env<'_>) {
    if let Some(value) = values.find(|value| is_odd(value)) {
        no_number(value, env);
    }
}

/// Tells of empty texts among values: they are counted, they are 0 in an average, and nothing is smaller.
pub(super) fn tell_empty(function: Aggregate, empty: usize, all: usize, env: &Env<'_>) {
    if empty > 0 && matches!(function, Aggregate::Count | Aggregate::Average | Aggregate::Min) {
        env.notice(|| {
            words::tr!(
                "{empty} of {all} values are empty texts, which count, too; without quotes they are left out"
            )
        });
    }
}

/// Tells of a second list: the aggregate goes through the first one, and reads one entry of the other.
pub(super) fn tell_other_lists(over: &[Path], env: &Env<'_>) {
    let mut lists = over
        .iter()
        .filter_map(|path| path.list_on(env.record, env.scope, None));
    let Some((first, _)) = lists.next() else { return };
    if let Some((other, _)) = lists.find(|(list, items)| *list != first && items.len() > 1) {
        let (first, other) = (first.as_str(), other.as_str());
        env.notice(|| {
            words::tr!(
                "the aggregate goes through {first}; of {other} it reads the main or the first entry alone"
            )
        });
    }
}

/// Tells of numbers that are put in order as texts.
pub(super) fn tell_order<'v>(keys: impl Iterator<Item = &'v Value<'v>>, descending: bool, env: &Env<'_>) {
    let texts: Vec<&Value<'_>> = keys.filter(|key| !key.is_null()).collect();
    if !texts.iter().all(|key| key.is_text()) {
        return;
    }
    let numbers = texts
        .iter()
        .filter_map(|key| key.text()?.trim().parse::<f64>().ok());
    let numbers: Vec<f64> = numbers.collect();
    let is_turned = |pair: &[f64]| match (pair, descending) {
        ([a, b], false) => a > b,
        ([a, b], true) => a < b,
        _ => false,
    };
    if numbers.len() == texts.len() && numbers.windows(2).any(is_turned) {
        env.notice(|| {
            words::text!("ORDER BY compares texts, and of numbers the order is another one; write the placeholder without quotes")
                .to_owned()
        });
    }
}

/// Tells where the largest or smallest text is not the largest or smallest number.
pub(super) fn tell_texts(values: &[Value<'_>], largest: bool, env: &Env<'_>) -> Result<(), Failure> {
    if !values.iter().any(Value::is_text) {
        return Ok(());
    }
    let texts = || {
        values
            .iter()
            .filter_map(Value::text)
            .filter(|text| !text.trim().is_empty())
    };
    let numbers: Vec<Value<'_>> = texts().filter_map(|text| Value::literal(text.trim())).collect();
    let Some(word) = texts().find(|text| Value::literal(text.trim()).is_none()) else {
        let rules = env.rules([]);
        let as_text = extreme(texts().map(Value::Text).collect(), largest, rules)?;
        let as_number = extreme(numbers, largest, rules)?;
        if compare(&as_text, &as_number, rules)?.is_some_and(Ordering::is_ne) {
            let (text, number) = (
                as_text.text().unwrap_or_default(),
                as_number.text().unwrap_or_default(),
            );
            env.notice(|| {
                words::tr!("texts are compared as texts: {text} is taken, and of the numbers it would be {number}; write the \
                            placeholder without quotes to compare numbers")
            });
        }
        return Ok(());
    };
    if !numbers.is_empty() {
        env.notice(|| words::tr!("{word} is no number, so all values are compared as texts"));
    }
    Ok(())
}
