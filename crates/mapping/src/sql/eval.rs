//! Evaluating a compiled expression against a record.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;

use super::super::expression::{Arms, Context, Notice, Scope};
use super::super::record::Record;
use super::collated::collation;
use super::compare::{Rules, compare};
use super::error::Failure;
use super::expr::{Expr, Part, Target};
use super::value::{Kind, Value};
use super::{aggregate, arithmetic, cast, temporal};

/// No text grows beyond this.
pub(crate) const MAX_TEXT: usize = 1 << 20;
/// Nodes that one expression may visit; far above any real mapping.
pub(crate) const MAX_STEPS: u32 = 1_000_000;

/// What an expression sees.
#[derive(Clone, Copy)]
pub(crate) struct Env<'r> {
    pub record: &'r Record,
    pub scope: Option<&'r Scope<'r>>,
    pub context: &'r Context,
    pub fuel: &'r Cell<u32>,
    pub notices: Option<&'r RefCell<Vec<Notice>>>,
    pub arms: Option<&'r Arms>,
}

impl<'r> Env<'r> {
    pub(crate) fn zone(&self) -> &'r jiff::tz::TimeZone {
        self.context.zone.time_zone()
    }

    /// How values of these expressions are compared.
    pub(super) fn rules<'e>(&self, exprs: impl IntoIterator<Item = &'e Expr>) -> Rules<'r> {
        Rules {
            zone: self.zone(),
            collation: collation(exprs),
        }
    }

    pub(crate) fn step(&self) -> Result<(), Failure> {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        if left == 0 {
            Err(Failure::new(
                "too-much-work",
                words::text!("the expression takes too many steps on this record"),
            ))
        } else {
            Ok(())
        }
    }

    /// This arm of a CASE decides; the one behind the last WHEN is ELSE.
    fn takes(&self, branches: &[(Expr, Expr)], arm: usize) {
        if let Some(arms) = self.arms {
            arms.take(branches, arm);
        }
    }

    pub(crate) fn notice(&self, text: impl FnOnce() -> String) {
        if let Some(notices) = self.notices {
            let (told, mut known) = (Notice(text()), notices.borrow_mut());
            // The same of every element of a list is one notice.
            if !known.contains(&told) {
                known.push(told);
            }
        }
    }
}

/// Keeps a growing text in bounds.
pub(crate) fn bounded(text: String) -> Result<String, Failure> {
    if text.len() > MAX_TEXT {
        Err(Failure::too_large(MAX_TEXT))
    } else {
        Ok(text)
    }
}

impl Expr {
    /// The value of the expression.
    pub(crate) fn eval<'r>(&'r self, env: &Env<'r>) -> Result<Value<'r>, Failure> {
        env.step()?;
        match self {
            Expr::Constant(value) => Ok(value.clone()),
            Expr::Text(text) => Ok(Value::Text(Cow::Borrowed(text))),
            Expr::Template(parts) => template(parts, env).map(Value::Text),
            Expr::Bare(placeholder) => placeholder.resolve(env).map(|found| bare(found, env)),
            Expr::Negate(value) => negative(value, env),
            Expr::Not(value) => Ok(truth(value.truth(env)?.map(|t| !t))),
            Expr::Arithmetic(operator, a, b) => {
                let (a, b) = (a.eval_number(env)?, b.eval_number(env)?);
                no_number(&a, env);
                no_number(&b, env);
                arithmetic::compute(*operator, &a, &b)
            }
            Expr::Compare(..)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Xor(_)
            | Expr::IsNull(..)
            | Expr::IsTruth(..) => Ok(truth(self.truth(env)?)),
            Expr::In { .. } | Expr::Between { .. } | Expr::Like { .. } | Expr::Regexp { .. } => {
                Ok(truth(self.truth(env)?))
            }
            Expr::Case {
                operand,
                branches,
                otherwise,
                kind,
                ..
            } => {
                let chosen = match operand {
                    Some(operand) => simple_case(operand, branches, otherwise.as_deref(), env)?,
                    None => searched_case(branches, otherwise.as_deref(), env)?,
                };
                let value = chosen.map_or(Ok(Value::Null), |expr| expr.eval(env))?;
                match kind {
                    Some(Kind::Text) if value.is_text() => Ok(value),
                    Some(kind) => value.cast_to(*kind),
                    None => value.cast_to(self.kind(env)),
                }
            }
            Expr::Call(function, args) => (function.call)(args, env),
            Expr::Arm(_, value) => {
                env.arms.inspect(|arms| arms.take_node(self));
                value.eval(env)
            }
            Expr::Interval {
                date,
                amount,
                unit,
                subtract,
            } => temporal::interval(date, amount, *unit, *subtract, env),
            Expr::Cast(value, target) => cast::cast(value.eval(env)?, *target, env),
            Expr::Collated(value, _) => cast::cast(value.eval(env)?, Target::Char(None), env),
            Expr::Aggregate { .. } => aggregate::aggregate(self, env),
        }
    }
}

fn negative<'r>(value: &'r Expr, env: &Env<'r>) -> Result<Value<'r>, Failure> {
    if value.is_literal() {
        return arithmetic::negate_literal(&value.eval(env)?);
    }
    let value = value.eval_number(env)?;
    no_number(&value, env);
    arithmetic::negate(&value)
}

/// Tells of a text that is calculated with and is none: MySQL takes what it begins with for the number, or 0.
pub(super) fn no_number(value: &Value<'_>, env: &Env<'_>) {
    if let Value::Text(text) = value
        && is_odd(value)
    {
        env.notice(|| {
            words::tr!("{text} is calculated with and is no number; MySQL takes what it begins with, or 0")
        });
    }
}

/// A text that is neither a number nor empty.
pub(super) fn is_odd(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(text) if !text.trim().is_empty() && Value::literal(text.trim()).is_none())
}

/// The same of texts that are compared with a number.
pub(super) fn no_number_beside<'v>(values: &[&'v Value<'v>], env: &Env<'_>) {
    let has_number = values.iter().any(|value| value.is_number());
    if has_number && !values.iter().any(|value| value.is_temporal()) {
        values.iter().for_each(|value| no_number(value, env));
    }
}

fn truth<'r>(known: Option<bool>) -> Value<'r> {
    known.map_or(Value::Null, Value::bool)
}

fn simple_case<'r>(
    operand: &'r Expr,
    branches: &'r [(Expr, Expr)],
    otherwise: Option<&'r Expr>,
    env: &Env<'r>,
) -> Result<Option<&'r Expr>, Failure> {
    let value = operand.eval(env)?;
    if !value.is_null() {
        let rules = env.rules(std::iter::once(operand).chain(branches.iter().map(|(when, _)| when)));
        for (n, (when, then)) in branches.iter().enumerate() {
            let other = when.eval(env)?;
            let number = operand.eval_beside(&value, &other, env)?;
            let other = when.eval_beside(&other, &value, env)?.unwrap_or(other);
            no_number_beside(&[number.as_ref().unwrap_or(&value), &other], env);
            if compare(number.as_ref().unwrap_or(&value), &other, rules)? == Some(Ordering::Equal) {
                env.takes(branches, n);
                return Ok(Some(then));
            }
        }
        if value.text().is_some_and(|text| !text.is_empty()) {
            env.notice(|| {
                words::tr!(
                    "the value {} is named by no WHEN; ELSE was taken",
                    value.text().unwrap_or_default()
                )
            });
        }
    }
    env.takes(branches, branches.len());
    Ok(otherwise)
}

fn searched_case<'r>(
    branches: &'r [(Expr, Expr)],
    otherwise: Option<&'r Expr>,
    env: &Env<'r>,
) -> Result<Option<&'r Expr>, Failure> {
    for (n, (when, then)) in branches.iter().enumerate() {
        if when.truth(env)? == Some(true) {
            env.takes(branches, n);
            return Ok(Some(then));
        }
    }
    env.takes(branches, branches.len());
    Ok(otherwise)
}

/// Fills in a text with placeholders.
pub(crate) fn template<'r>(parts: &'r [Part], env: &Env<'r>) -> Result<Cow<'r, str>, Failure> {
    let piece = |part: &'r Part| match part {
        Part::Text(text) => Ok(Cow::Borrowed(text.as_str())),
        Part::Value(placeholder) => placeholder.text(env),
        Part::Maybe(placeholder, written) if placeholder.is_missing(env) => {
            Ok(Cow::Borrowed(written.as_str()))
        }
        Part::Maybe(placeholder, _) => placeholder.text(env),
    };
    if let [only] = parts {
        return piece(only);
    }
    let mut text = String::with_capacity(48);
    for part in parts {
        text.push_str(&piece(part)?);
    }
    bounded(text).map(Cow::Owned)
}

/// A placeholder outside quotes: a number, NULL when empty, TRUE/FALSE, or a text that refuses arithmetic.
fn bare<'r>(found: Option<Cow<'r, serde_json::Value>>, env: &Env<'_>) -> Value<'r> {
    use serde_json::Value as Json;
    let text = match found {
        None => return Value::Null,
        Some(Cow::Borrowed(Json::String(text))) => Cow::Borrowed(text.trim()),
        Some(Cow::Owned(Json::String(text))) => Cow::Owned(text.trim().to_owned()),
        Some(value) => match &*value {
            Json::Null => return Value::Null,
            Json::Bool(flag) => return Value::bool(*flag),
            Json::Number(n) if n.is_i64() => return Value::Int(n.as_i64().unwrap_or_default()),
            other => Cow::Owned(super::super::record::text_of(other).into_owned()),
        },
    };
    if text.is_empty() || text.eq_ignore_ascii_case("null") {
        return Value::Null;
    }
    if let Some(number) = Value::literal(&text) {
        return number;
    }
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Value::bool(text.eq_ignore_ascii_case("true"));
    }
    env.notice(|| {
        words::text!("a bare placeholder holds text; the platform would fail here, it is compared as text")
            .to_owned()
    });
    Value::Word(text)
}
