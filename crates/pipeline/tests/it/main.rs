//! The crate from outside, against a real broker, a real Redis and receivers that check everything.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod broker;
mod edges;
mod ops;
mod quota;
mod redis;
mod support;
