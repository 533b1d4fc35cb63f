//! The read model: the account of events and the dead letters as tables in one SQLite file that answer at once.
//!
//! A cache: whatever is in it comes from the stream of events and from walks over the dead-letter queues, and is made anew
//! from them when it is gone (docs/read-model.md).

mod apply;
mod clause;
pub mod cli;
mod config;
pub mod error;
mod functions;
pub mod keep;
mod pieces;
pub mod read;
mod row;
pub mod serve;
mod stages;
mod store;

pub use apply::{Applied, Last, Walked, Writer};
pub use store::Model;
