//! The shared consumer, the publisher and the dead letters on a real broker.

mod consume;
mod crash;
mod drain;
mod hold;
mod publish;
