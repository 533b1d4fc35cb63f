//! Chaos: the real binaries, two of each, while everything around them and they themselves are killed, frozen, cut off
//! and lied to by a seeded schedule; then quiet, and the verdict from outside.

mod act;
mod cast;
mod perform;
mod progress;
mod proxy;
mod report;
mod schedule;
mod seat;
mod settle;

pub use self::act::{Options, play};
pub use self::report::Report;
