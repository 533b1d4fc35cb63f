//! Conditions with three outcomes: true, false, unknown.

use std::cmp::Ordering;

use super::arithmetic;
use super::compare::{compare, compare_shown};
use super::error::Failure;
use super::eval::{Env, no_number, no_number_beside};
use super::expr::{Comparison, Expr, LikePattern, RegexPattern};
use super::like::{self, Like};

impl Expr {
    /// The value as condition; `None` is unknown.
    pub(crate) fn truth(&self, env: &Env<'_>) -> Result<Option<bool>, Failure> {
        match self {
            Expr::Compare(comparison, a, b) => is_compared(*comparison, a, b, env),
            Expr::And(list) => all(list, false, env),
            Expr::Or(list) => all(list, true, env),
            Expr::Xor(list) => list.iter().try_fold(Some(false), |sum, term| {
                Ok(sum.zip(term.truth(env)?).map(|(a, b)| a != b))
            }),
            Expr::IsNull(value, negated) => Ok(Some(value.eval(env)?.is_null() != *negated)),
            Expr::IsTruth(value, wanted, negated) => {
                Ok(Some((value.truth(env)? == Some(*wanted)) != *negated))
            }
            Expr::In { value, list, negated } => Ok(is_in(value, list, env)?.map(|found| found != *negated)),
            Expr::Between {
                value,
                low,
                high,
                negated,
            } => {
                let rules = env.rules([&**value, low, high]);
                let (first, low, high) = (value.eval(env)?, low.eval(env)?, high.eval(env)?);
                let value = value.eval_beside(&first, &low, env)?.unwrap_or(first);
                no_number_beside(&[&value, &low, &high], env);
                arithmetic::between(&value, &low, &high, rules).map(|inside| inside.map(|i| i != *negated))
            }
            Expr::Like {
                value,
                pattern,
                negated,
            } => {
                let value = value.eval(env)?;
                let Some(text) = value.text() else { return Ok(None) };
                Ok(match pattern {
                    LikePattern::Fixed(like, _) => Some(like.matches(&text)? != *negated),
                    LikePattern::Dynamic(expr, escape, collation) => match expr.eval(env)?.text() {
                        Some(pattern) => {
                            Some(Like::new(&pattern, *escape, *collation).matches(&text)? != *negated)
                        }
                        None => None,
                    },
                })
            }
            Expr::Regexp {
                value,
                pattern,
                negated,
            } => {
                let value = value.eval(env)?;
                let Some(text) = value.text() else { return Ok(None) };
                Ok(match pattern {
                    RegexPattern::Fixed(regex) => Some(regex.is_match(&text) != *negated),
                    RegexPattern::Dynamic(expr, collation) => match expr.eval(env)?.text() {
                        Some(pattern) => Some(like::regex(&pattern, *collation)?.is_match(&text) != *negated),
                        None => None,
                    },
                })
            }
            other => of_number(other, env),
        }
    }
}

/// What is no condition counts as a number.
fn of_number(expr: &Expr, env: &Env<'_>) -> Result<Option<bool>, Failure> {
    let value = expr.eval_number(env)?;
    no_number(&value, env);
    value.truth()
}

/// Says whether a value is one of a list; NULL decides nothing.
fn is_in(value: &Expr, list: &[Expr], env: &Env<'_>) -> Result<Option<bool>, Failure> {
    let first = value.eval(env)?;
    let mut found = if first.is_null() { None } else { Some(false) };
    // A list of one is an equation.
    let equal = if list.len() == 1 { compare_shown } else { compare };
    let rules = env.rules(std::iter::once(value).chain(list));
    for item in list {
        let item = item.eval(env)?;
        let number = value.eval_beside(&first, &item, env)?;
        no_number_beside(&[number.as_ref().unwrap_or(&first), &item], env);
        match equal(number.as_ref().unwrap_or(&first), &item, rules)? {
            Some(Ordering::Equal) => return Ok(Some(true)),
            Some(_) => {}
            None => found = None,
        }
    }
    Ok(found)
}

/// Compares two operands, each of which may take its type from the other.
fn is_compared(comparison: Comparison, a: &Expr, b: &Expr, env: &Env<'_>) -> Result<Option<bool>, Failure> {
    let (mut x, mut y) = (a.eval(env)?, b.eval(env)?);
    if let Some(number) = a.eval_beside(&x, &y, env)? {
        x = number;
    } else if let Some(number) = b.eval_beside(&y, &x, env)? {
        y = number;
    }
    no_number_beside(&[&x, &y], env);
    if comparison == Comparison::Same && (x.is_null() || y.is_null()) {
        return Ok(Some(x.is_null() && y.is_null()));
    }
    Ok(compare_shown(&x, &y, env.rules([a, b]))?.map(|order| holds(comparison, order)))
}

/// AND (`wanted` false) and OR (`wanted` true): the first wanted term decides, unknown terms linger.
fn all(list: &[Expr], wanted: bool, env: &Env<'_>) -> Result<Option<bool>, Failure> {
    let mut result = Some(!wanted);
    for term in list {
        match term.truth(env)? {
            Some(known) if known == wanted => return Ok(Some(wanted)),
            Some(_) => {}
            None => result = None,
        }
    }
    Ok(result)
}

fn holds(comparison: Comparison, order: Ordering) -> bool {
    match comparison {
        Comparison::Equal | Comparison::Same => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    }
}
