//! What end-to-end tests, the demo and other proofs are written in: real binaries, their queues, waiting for states.
#![allow(clippy::expect_used)]

mod eventually;
mod forget;
mod pipeline;
mod queues;
mod replica;
mod vendors;

pub use self::eventually::{eventually, expect};
pub use self::forget::forget;
pub use self::pipeline::{Builder, Id, Pipeline};
pub use self::queues::{Lying, Queues};
pub use self::replica::{Replica, Service, Settings, command};
pub use self::vendors::vendor_settings;
