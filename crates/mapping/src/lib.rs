//! 轻易云 metadata documents and their value language, without any I/O.
//!
//! A document ([`TargetDocument`], [`SourceDocument`]) is read once into a checked form; its `value` texts are
//! compiled once into [`Expression`]s. Per record, an expression is evaluated against a [`Record`] with a
//! [`Context`] (clock, zone, run variables). Data is always bound as a value: nothing that a record holds can
//! change the structure of an expression.
//!
//! Contents, from the text of a document to the value of an expression; documents hold expressions, which hold SQL:
//!
//! | modules | what they hold |
//! | --- | --- |
//! | `problem`, `json`, `reader`, `places`, `layout` | JSON with positions, typed reading of it, what is wrong with it where, and its one layout |
//! | `target`, `source`, `parameter`, `other`, `condition`, `format`, `convert` | the documents and their parts |
//! | `lookup`, `table` | look-ups, and the tables that they look into |
//! | `record`, `path`, `glue`, `presence`, [`clean`] | a customer as expressions read it, and how OKKI's answer becomes one |
//! | `expression` | placeholders, pipes, templates, and evaluation over a record |
//! | `sql` | the MySQL part behind `_function` |
//! | [`draft`] | a first document, from the captions of a form and of OKKI's fields |

#![warn(unreachable_pub)]

pub mod clean;
mod condition;
mod convert;
pub mod draft;
mod expression;
mod format;
#[cfg(test)]
mod fuzz;
mod glue;
mod json;
mod layout;
mod lookup;
mod other;
mod parameter;
mod path;
mod places;
mod presence;
mod problem;
mod reader;
mod record;
mod source;
mod sql;
pub mod surrogate;
mod table;
mod target;

pub use condition::{Condition, FilterResult, Tested};
pub use convert::Taken;
pub use expression::{Arm, Arms, Context, EvalError, Evaluated, Evaluation, Expression, Scope, Trap, Zone};
pub use format::{FormatResponse, ValueFormat};
pub use layout::canonical;
pub use lookup::Lookup;
pub use other::OtherRequest;
pub use parameter::{Parameter, ParameterType};
pub use path::{Path, Segment};
pub use places::Places;
pub use presence::{Presence, keys, nearest};
pub use problem::{Loaded, Place, Problem};
pub use record::{PathValue, Record};
pub use source::SourceDocument;
pub use sql::dates::{is_never, iso_utc, unix_millis};
pub use table::{Missing, Table, Tables};
pub use target::{Operation, TargetDocument};
