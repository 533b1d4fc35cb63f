//! Dead letters on a real broker: plans, replays and their outcomes, repairs, the archive, the audit log.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[allow(dead_code, reason = "shared with the tests of the broker")]
#[path = "../broker/bench.rs"]
mod bench;
mod config;
#[allow(dead_code, reason = "shared with the tests of the broker")]
#[path = "../broker/line.rs"]
mod line;

mod archive;
mod audit;
mod desk;
mod kill;
mod many;
mod morgue;
mod outcomes;
mod plans;
mod repair;
