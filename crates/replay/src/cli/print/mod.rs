//! Dead letters on the screen: lists, groups, one letter in full, plans, operations, the audit log, differences.

mod audit;
mod diff;
mod letters;
mod operations;
mod overview;
mod plans;
mod rules;
mod run;
mod table;
mod trace;

pub(crate) use audit::{audit, audit_end};
pub(crate) use diff::diff;
pub(crate) use letters::{body, groups, letter, listed, next_of_letter, row};
pub(crate) use operations::operations;
pub(crate) use overview::overview;
pub(crate) use plans::{outcome, outcomes, outcomes_end, plans, preview};
pub(crate) use rules::rules;
pub(crate) use run::{hits, run};
pub(crate) use table::fact;
pub(crate) use trace::traced;
