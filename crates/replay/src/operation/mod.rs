//! Operations that move letters and are no plan: discards, undos, imports. What is meant, why and by whom is on record,
//! in Redis and in the audit log, before the first letter moves; what was interrupted is listed, completed or undone.

mod record;
mod running;

pub use record::{Kind, Operation, Operations, State};
pub(crate) use running::{Draft, Running, lease, new_id, undoing};
