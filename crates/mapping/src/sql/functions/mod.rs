//! The functions that expressions may call: one table per theme, found by name when a mapping is loaded.

mod calendar;
pub(super) mod clock;
mod codes;
mod control;
mod cut;
mod date;
pub(super) mod interval;
mod json;
mod json_contains;
mod json_made;
mod list;
mod math;
mod power;
mod regexp;
mod spans;
mod text;

use super::error::Failure;
use super::eval::Env;
use super::expr::Expr;
use super::value::{Kind, Value};

/// What a function's body is.
pub(super) type Body = for<'r> fn(&'r [Expr], &Env<'r>) -> Result<Value<'r>, Failure>;

/// A callable function.
#[derive(Debug)]
pub(crate) struct Function {
    /// Upper-case name.
    pub name: &'static str,
    /// Fewest and most arguments.
    pub arguments: (usize, usize),
    /// The implementation.
    pub call: Body,
    /// Type of the result when it does not depend on the arguments.
    pub gives: Option<Kind>,
}

impl Function {
    const fn gives(self, kind: Kind) -> Function {
        Function {
            gives: Some(kind),
            ..self
        }
    }
}

const fn f(name: &'static str, least: usize, most: usize, call: Body) -> Function {
    Function {
        name,
        arguments: (least, most),
        call,
        gives: None,
    }
}

const TABLES: [&[Function]; 15] = [
    control::TABLE,
    text::TABLE,
    cut::TABLE,
    list::TABLE,
    regexp::TABLE,
    json::TABLE,
    json_contains::TABLE,
    json_made::TABLE,
    codes::TABLE,
    clock::TABLE,
    spans::TABLE,
    math::TABLE,
    power::TABLE,
    date::TABLE,
    calendar::TABLE,
];

/// Any number of arguments.
const MANY: usize = 1_000;

/// Finds a function by its name in any case.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    TABLES
        .into_iter()
        .flatten()
        .find(|function| function.name.eq_ignore_ascii_case(name))
}

/// The supported name nearest to a misspelt one, and all names for a general message.
pub(super) fn suggestion(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_uppercase();
    let known = [
        ("ISNULL", words::text!("x IS NULL")),
        (
            "UUID",
            words::text!("a value of the record: every mapping would give another one"),
        ),
        (
            "RAND",
            words::text!("a value of the record: every mapping would give another one"),
        ),
        ("LEN", "CHAR_LENGTH(x)"),
        (
            "TO_CHAR",
            words::text!("DATE_FORMAT(x, '%Y-%m-%d') or CAST(x AS CHAR)"),
        ),
        ("IIF", words::text!("IF(condition, a, b)")),
    ];
    known
        .iter()
        .find(|(wrong, _)| *wrong == name)
        .map(|(_, right)| *right)
}

pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = TABLES
        .into_iter()
        .flatten()
        .map(|function| function.name)
        .collect();
    names.sort_unstable();
    names
}

/// The value of argument `i`; NULL when it is absent.
pub(super) fn arg<'r>(args: &'r [Expr], i: usize, env: &Env<'r>) -> Result<Value<'r>, Failure> {
    args.get(i).map_or(Ok(Value::Null), |expr| expr.eval(env))
}
