//! Evaluating a compiled expression against a record.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;

use super::super::expression::{Context, Notice, Scope};
use super::super::record::Record;
use super::compare::compare;
use super::error::Failure;
use super::expr::{Comparison, Expr, LikePattern, Operator, Part, RegexPattern};
use super::like::{self, Like};
use super::number;
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
}

impl<'r> Env<'r> {
    pub fn zone(&self) -> &'r jiff::tz::TimeZone {
        self.context.zone.time_zone()
    }

    pub fn step(&self) -> Result<(), Failure> {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        if left == 0 {
            Err(Failure::new(
                "too-much-work",
                "the expression takes too many steps on this record",
            ))
        } else {
            Ok(())
        }
    }

    pub fn notice(&self, text: impl FnOnce() -> String) {
        if let Some(notices) = self.notices {
            notices.borrow_mut().push(Notice(text()));
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
    pub fn eval<'r>(&'r self, env: &Env<'r>) -> Result<Value<'r>, Failure> {
        env.step()?;
        match self {
            Expr::Constant(value) => Ok(value.clone()),
            Expr::Text(text) => Ok(Value::Text(Cow::Borrowed(text))),
            Expr::Template(parts) => template(parts, env).map(Value::Text),
            Expr::Bare(placeholder) => placeholder.resolve(env).map(|found| bare(found, env)),
            Expr::Negate(value) => arithmetic::negate(&value.eval(env)?),
            Expr::Not(value) => Ok(truth(value.truth(env)?.map(|t| !t))),
            Expr::Arithmetic(operator, a, b) => arithmetic::compute(*operator, &a.eval(env)?, &b.eval(env)?),
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
            Expr::Interval {
                date,
                amount,
                unit,
                subtract,
            } => temporal::interval(date, amount, *unit, *subtract, env),
            Expr::Cast(value, target) => cast::cast(value.eval(env)?, *target, env),
            Expr::Aggregate { .. } => aggregate::aggregate(self, env),
        }
    }

    /// The value as condition; `None` is unknown.
    pub fn truth(&self, env: &Env<'_>) -> Result<Option<bool>, Failure> {
        match self {
            Expr::Compare(comparison, a, b) => {
                let (a, b) = (a.eval(env)?, b.eval(env)?);
                if *comparison == Comparison::Same && (a.is_null() || b.is_null()) {
                    return Ok(Some(a.is_null() && b.is_null()));
                }
                Ok(compare(&a, &b, env.zone())?.map(|order| holds(*comparison, order)))
            }
            Expr::And(list) => all(list, false, env),
            Expr::Or(list) => all(list, true, env),
            Expr::Xor(list) => list.iter().try_fold(Some(false), |sum, term| {
                Ok(sum.zip(term.truth(env)?).map(|(a, b)| a != b))
            }),
            Expr::IsNull(value, negated) => Ok(Some(value.eval(env)?.is_null() != *negated)),
            Expr::IsTruth(value, wanted, negated) => {
                Ok(Some((value.truth(env)? == Some(*wanted)) != *negated))
            }
            Expr::In { value, list, negated } => {
                let value = value.eval(env)?;
                let mut found = if value.is_null() { None } else { Some(false) };
                for item in list {
                    match compare(&value, &item.eval(env)?, env.zone())? {
                        Some(Ordering::Equal) => return Ok(Some(!*negated)),
                        Some(_) => {}
                        None => found = None,
                    }
                }
                Ok(found.map(|found| found != *negated))
            }
            Expr::Between {
                value,
                low,
                high,
                negated,
            } => {
                let (value, low, high) = (value.eval(env)?, low.eval(env)?, high.eval(env)?);
                arithmetic::between(&value, &low, &high, env.zone())
                    .map(|inside| inside.map(|i| i != *negated))
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
                    LikePattern::Dynamic(expr, escape) => match expr.eval(env)?.text() {
                        Some(pattern) => Some(Like::new(&pattern, *escape).matches(&text)? != *negated),
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
                    RegexPattern::Dynamic(expr) => match expr.eval(env)?.text() {
                        Some(pattern) => Some(like::regex(&pattern)?.is_match(&text) != *negated),
                        None => None,
                    },
                })
            }
            other => other.eval(env)?.truth(),
        }
    }

    /// The type of the result, for the common type of branches; functions are asked by calling them.
    pub fn kind(&self, env: &Env<'_>) -> Kind {
        match self {
            Expr::Case {
                branches,
                otherwise,
                kind,
                ..
            } => kind.unwrap_or_else(|| {
                let results = branches.iter().map(|(_, then)| then).chain(otherwise.as_deref());
                results.fold(Kind::Null, |kind, result| kind.merge(result.kind(env)))
            }),
            Expr::Arithmetic(operator, a, b) => arithmetic::kind(*operator, a.kind(env), b.kind(env)),
            Expr::Compare(..)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Xor(_)
            | Expr::Not(_)
            | Expr::IsNull(..) => Kind::Int,
            Expr::IsTruth(..)
            | Expr::In { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::Regexp { .. } => Kind::Int,
            Expr::Text(_) | Expr::Template(_) => Kind::Text,
            Expr::Negate(value) => value.kind(env),
            Expr::Cast(_, target) => target.kind(),
            Expr::Call(function, _) if function.gives.is_some() => function.gives.unwrap_or(Kind::Null),
            other => {
                let quiet = Env {
                    notices: None,
                    ..*env
                };
                match other.eval(&quiet).map(|value| value.kind()) {
                    Ok(Kind::Null) | Err(_) => other.kind_of_null(env),
                    Ok(kind) => kind,
                }
            }
        }
    }

    /// The type of a NULL: that of the function with its arguments.
    fn kind_of_null(&self, env: &Env<'_>) -> Kind {
        let Expr::Call(function, args) = self else {
            return Kind::Null;
        };
        let kind = |i: usize| args.get(i).map_or(Kind::Null, |arg| arg.kind(env));
        let merged = |from: usize| {
            args.iter()
                .skip(from)
                .fold(Kind::Null, |all, arg| all.merge(arg.kind(env)))
        };
        match function.name {
            "ABS" | "NULLIF" => kind(0),
            "MOD" => arithmetic::kind(Operator::Remainder, kind(0), kind(1)),
            "IF" => merged(1),
            "IFNULL" | "COALESCE" => merged(0),
            // An untyped NULL among integers makes a double of them.
            "GREATEST" | "LEAST" => match merged(0) {
                Kind::Int if (0..args.len()).any(|i| kind(i) == Kind::Null) => Kind::Double(Some(0)),
                kind => kind,
            },
            "ROUND" | "TRUNCATE" => {
                let digits = match args.get(1) {
                    Some(Expr::Constant(Value::Int(digits))) => {
                        u8::try_from((*digits).clamp(0, 30)).unwrap_or(0)
                    }
                    _ => 0,
                };
                match kind(0) {
                    Kind::Int => Kind::Int,
                    Kind::Decimal(_) => Kind::Decimal(digits),
                    _ => Kind::Double(Some(digits)),
                }
            }
            _ => Kind::Null,
        }
    }
}

fn truth<'r>(known: Option<bool>) -> Value<'r> {
    known.map_or(Value::Null, Value::bool)
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

fn simple_case<'r>(
    operand: &'r Expr,
    branches: &'r [(Expr, Expr)],
    otherwise: Option<&'r Expr>,
    env: &Env<'r>,
) -> Result<Option<&'r Expr>, Failure> {
    let value = operand.eval(env)?;
    if !value.is_null() {
        for (when, then) in branches {
            if compare(&value, &when.eval(env)?, env.zone())? == Some(Ordering::Equal) {
                return Ok(Some(then));
            }
        }
        if value.text().is_some_and(|text| !text.is_empty()) {
            env.notice(|| {
                format!(
                    "the value {} is named by no WHEN; ELSE was taken",
                    value.text().unwrap_or_default()
                )
            });
        }
    }
    Ok(otherwise)
}

fn searched_case<'r>(
    branches: &'r [(Expr, Expr)],
    otherwise: Option<&'r Expr>,
    env: &Env<'r>,
) -> Result<Option<&'r Expr>, Failure> {
    for (when, then) in branches {
        if when.truth(env)? == Some(true) {
            return Ok(Some(then));
        }
    }
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
    if let Some(number) = number::literal(&text) {
        return number;
    }
    if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
        return Value::bool(text.eq_ignore_ascii_case("true"));
    }
    env.notice(|| {
        "a bare placeholder holds text; the platform would fail here, it is compared as text".to_owned()
    });
    Value::Word(text)
}
