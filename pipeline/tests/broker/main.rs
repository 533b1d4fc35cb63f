//! The shared consumer, the publisher and the dead letters on a real broker.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bench;
mod config;
mod consume;
mod crash;
mod drain;
mod hold;
mod line;
mod look;
