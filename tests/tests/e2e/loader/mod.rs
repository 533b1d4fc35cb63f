//! The loader alone (I1–I7): records go straight into its queue, and the simulator judges the form.

mod adopt;
mod adopt_odd;
mod answers;
mod commands;
mod evidence;
pub(crate) mod feed;
mod happy;
mod index;
mod key_widget;
mod kills;
mod late;
mod merge;
mod older_mapping;
mod pauses;
mod races;
mod reads;
mod recovery;
mod redis;
mod refusals;
mod row_hooks;
mod row_hooks_odd;
mod single;
mod sizes;
mod slow;
mod speed;
mod touched;
mod unknown;
