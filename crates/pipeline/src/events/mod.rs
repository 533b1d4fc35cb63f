//! The account of events: a stream that says of every customer what became of it, when and by whom (I15).
//!
//! Written by the consumer, the listing and the moves of dead letters, in the same group of confirms as what they
//! publish; read from any offset, as often as anybody likes.

mod reader;

pub use proto::v1::{Event, EventStage, Events, What};
pub use reader::{Reader, Start, Stored};
