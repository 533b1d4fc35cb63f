//! What the consumer itself needs of dead letters: why a message failed, its record, its identity, its outcome.
//!
//! Everything that looks at dead letters or moves them stands on this, in the crate `replay`.

mod cause;
pub mod identity;
pub mod outcome;
pub mod record;

pub use cause::{BatchPosition, Failure, VendorAnswer};
