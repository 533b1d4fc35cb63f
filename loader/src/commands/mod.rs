//! One file per subcommand.

pub(crate) mod adopt;
pub(crate) mod check;
mod confirm;
pub(crate) mod doctor;
pub(crate) mod form;
pub(crate) mod index;
mod merge;
mod of_form;
pub(crate) mod reconcile;
pub(crate) mod removals;
pub(crate) mod run;
mod set_up;
mod table;
pub(crate) mod trace;
mod usable;
