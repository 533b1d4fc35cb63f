//! One file per subcommand.

pub mod check;
pub mod doctor;
pub mod index;
pub mod reconcile;
pub mod run;
pub mod trace;
