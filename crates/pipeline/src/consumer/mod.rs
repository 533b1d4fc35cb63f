//! The shared consumer: takes deliveries, forms batches, lets the handler work, publishes, confirms, acknowledges.
//!
//! Nothing is acknowledged before what it caused is durable (I1), nothing is returned to the broker because of an
//! outage (I6), and a message that kills its consumer is tried alone until the broker's delivery limit takes it (I7).

mod accounting;
mod batch;
mod dead_depth;
mod delivery;
mod dispatch;
mod divide;
mod events;
mod failed;
mod give_back;
mod inflight;
mod intake;
mod options;
mod parcel;
mod published;
mod run;
mod sampler;
mod session;

pub use options::ConsumerOptions;
pub use run::{Error, run};
