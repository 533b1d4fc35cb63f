//! The loader: each customer exactly one right row in the form, whatever happens.

pub mod failpoint;
pub mod form_watch;
pub mod index;
pub mod jdy;
pub mod ledger;
pub mod vendor;
pub mod write;
