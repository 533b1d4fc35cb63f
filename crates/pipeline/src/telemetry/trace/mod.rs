//! Traces: off unless a collector is named; then one trace per listed customer, from the listing to the row.
//!
//! A trace begins when a ref is published. Every handling of a message is a span below the one that caused it, found
//! through the `traceparent` header, which retries, dead letters and replays keep. The batch that a stage handled is a
//! trace of its own, linked with its records in both directions, because a batch has a hundred parents.

mod config;
mod export;
mod span;

pub use config::{TraceArgs, TraceConfig};
pub use export::{finish, start};
pub(crate) use span::{MessageIds, RecordSpan, batch, listed, record};
