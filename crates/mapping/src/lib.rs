//! 轻易云 metadata documents and their value language, without any I/O.
//!
//! A document ([`TargetDocument`], [`SourceDocument`]) is read once into a checked form; its `value` texts are
//! compiled once into [`Expression`]s. Per record, an expression is evaluated against a [`Record`] with a
//! [`Context`] (clock, zone, run variables). Data is always bound as a value: nothing that a record holds can
//! change the structure of an expression.
//!
//! The order inside: `json` (text with positions) → `reader` (keys, types, problems) → `parameter`/`target`/`source`
//! (documents) → `expression` (placeholders, pipes, templates) → `sql` (the MySQL part behind `_function`).

pub mod clean;
mod condition;
mod convert;
mod expression;
mod format;
#[cfg(test)]
mod fuzz;
mod json;
mod other;
mod parameter;
mod path;
mod problem;
mod reader;
mod record;
mod source;
mod sql;
mod target;

pub use condition::{Condition, Verdict};
pub use convert::{Conversion, Converter};
pub use expression::{Context, EvalError, Evaluated, Evaluation, Expression, Notice, Scope, Variable, Zone};
pub use format::FormatResponse;
pub use other::OtherRequest;
pub use parameter::{Parameter, ParameterType};
pub use path::{Path, Segment};
pub use problem::{Loaded, Place, Problem};
pub use record::{Lookup, Record};
pub use source::{OmissionRemedy, SourceDocument};
pub use sql::dates::{iso_utc, normal_date, unix_millis};
pub use target::{Operation, TargetDocument};
