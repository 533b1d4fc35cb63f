//! Letters between two queues: what is being moved is written down before its copy is published and until it is gone
//! from where it was, so that a move that was killed between the two is known and ended by whoever looks next.
//!
//! A copy that has certainly arrived makes the letter here a leftover. Whether it has is known of a discard or an undo by
//! looking where it went, and of a replay by its plan: a letter that was put back has an outcome, or is noted as sent.

mod leaving;
mod presence;
mod recover;

pub(crate) use leaving::Leaving;
pub(crate) use presence::{Holder, Presence, others};
pub(crate) use recover::{Leftovers, leftovers};
