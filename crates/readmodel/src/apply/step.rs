//! Every event as a step of its customer; the index over both says which one is a repeat.

use super::{Change, Origin, signed};
use crate::error::Result;
use pipeline::{events::Event, failure::record::FailureRecord};
use prost::Message;

impl Change<'_> {
    /// Whether the event is new.
    pub(super) fn step(&mut self, by: &Origin, customer: i64, event: &Event) -> Result<bool> {
        let sql = "INSERT OR IGNORE INTO step (customer, id, at, stage, instance, program, event) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let mut statement = self.tx.prepare_cached(sql)?;
        let kept = kept(event);
        let row = (
            customer,
            signed(event.id),
            by.at,
            by.stage,
            by.instance,
            by.program,
            kept,
        );
        Ok(statement.execute(row)? == 1)
    }
}

/// The event without what stands elsewhere: the customer, and most of a failure record.
fn kept(event: &Event) -> Vec<u8> {
    let mut event = event.clone();
    event.company_id.clear();
    if let Ok(mut record) = serde_json::from_str::<FailureRecord>(&event.failure) {
        record.attempts.clear();
        record.expression = None;
        record.traceparent = None;
        event.failure = serde_json::to_string(&record).unwrap_or_default();
    }
    event.encode_to_vec()
}
