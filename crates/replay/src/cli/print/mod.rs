//! Dead letters on the screen: lists, groups, one letter in full, plans, the audit log, differences.

mod audit;
mod diff;
mod letters;
mod plans;
mod table;

pub(crate) use audit::audit;
pub(crate) use diff::diff;
pub(crate) use letters::groups;
pub(crate) use letters::{body, letter, row};
pub(crate) use plans::preview;
pub(crate) use plans::{outcomes, plans};
