//! The MySQL expression behind `_function`: parsed once by `sqlparser`, compiled into our own tree, evaluated with
//! MySQL's rules (types, coercion, NULL, rounding, collation, calendar).
//!
//! Placeholders become leaves of the tree before anything is parsed, so data never takes part in parsing.

mod aggregate;
mod aggregates;
mod arithmetic;
mod calls;
mod cast;
mod collated;
pub(super) mod collation;
mod compare;
mod compile;
mod date_format;
pub(super) mod dates;
pub(super) mod decimal;
mod dialect;
pub(super) mod error;
pub(super) mod eval;
pub(super) mod expr;
mod functions;
mod kind;
mod leaves;
pub(super) mod like;
pub(super) mod number;
mod operators;
mod parse;
mod patterns;
mod targets;
mod temporal;
mod traps;
mod truth;
pub(super) mod value;

pub(super) use compile::compile;

/// Whether a name in capitals is that of a function, aggregates and the like included.
pub(super) fn is_function(name: &str) -> bool {
    const OTHERS: [&str; 10] = [
        "SUM",
        "AVG",
        "MAX",
        "MIN",
        "COUNT",
        "GROUP_CONCAT",
        "DATE_ADD",
        "DATE_SUB",
        "CAST",
        "CONVERT",
    ];
    functions::find(name).is_some() || OTHERS.contains(&name)
}
