//! What the consumer itself needs of dead letters: why a message failed, its record, its identity, its outcome.
//!
//! Everything that browses dead letters or moves them builds on this, in the crate `replay`.

mod cause;
pub mod codes;
pub mod fingerprint;
pub mod identity;
pub mod outcome;
pub mod record;

pub use cause::{BatchPosition, Failure, VendorAnswer};
