//! What end-to-end tests, the demo and other proofs are written in: real binaries, their queues, and waiting for states.

mod eventually;
mod queues;
mod replica;

pub use self::eventually::{eventually, expect};
pub use self::queues::{Lying, Queues};
pub use self::replica::{Replica, Service, Settings, command};
