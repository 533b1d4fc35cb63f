//! The loader alone (I1–I7): records go straight into its queue, and the simulator judges the form.

mod answers;
mod commands;
pub(crate) mod feed;
mod happy;
mod kills;
mod late;
mod merge;
mod pauses;
mod races;
mod redis;
mod refusals;
mod single;
mod sizes;
mod speed;
mod unknown;
