//! The account of events: a stream that says of every customer what became of it, when and by whom (I15).
//!
//! Written by the consumer, the listing and the moves of dead letters, in the same group of confirms as what they
//! publish; read from any offset, as often as anybody likes (docs/events.md).

mod encoded;
mod identity;
mod late;
mod moved;
mod pack;
mod reader;
mod send;
mod settled;
mod stage;
mod trouble;
mod words;
mod writer;

pub use moved::{adopted, asked, listed, moved, moved_in, refetched};
pub use proto::v1::{AuditMark, Event, EventStage, Events, What};
pub use reader::{Reader, Start, Stored};
pub(crate) use settled::{Settled, parked_period};
pub use stage::number as stage_number;
pub use trouble::{EVENTS_REFUSED, EventsRefused};
pub use words::Cells;
pub use writer::EventWriter;
