//! One file per subcommand.

pub(crate) mod check;
pub(crate) mod doctor;
pub(crate) mod index;
pub(crate) mod reconcile;
pub(crate) mod run;
mod table;
pub(crate) mod trace;
