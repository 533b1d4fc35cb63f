//! The loader alone (I1–I7): records go straight into its queue, and the simulator judges the form.

mod commands;
mod feed;
mod happy;
mod kills;
mod races;
mod refusals;
mod unknown;
