//! Dead letters on a real broker: plans, replays and their outcomes, repairs, the archive, the audit log.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod config;

mod archive;
mod audit;
mod browse;
mod bundles;
mod held;
mod in_hand;
mod kill;
mod letters;
mod many;
mod names;
mod odd;
mod outcomes;
mod plans;
mod repair;
mod rules;
mod start;
mod workspace;
