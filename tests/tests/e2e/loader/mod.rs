//! The loader alone (I1–I7): records go straight into its queue, and the simulator judges the form.

mod commands;
pub(crate) mod feed;
mod happy;
mod index;
mod kills;
mod merge;
mod pauses;
mod races;
mod redis;
mod refusals;
mod sizes;
mod speed;
mod unknown;
