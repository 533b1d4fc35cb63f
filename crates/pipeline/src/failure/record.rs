//! The failure record: everything a person needs to understand a dead letter without asking another person.
//!
//! It travels as JSON in one header beside the untouched body and is kept within what a frame can carry.

use super::{identity, outcome};
use crate::{
    failure::{BatchPosition, Failure, VendorAnswer},
    message::Envelope,
    stage::Stage,
};
use serde::{Deserialize, Serialize};

/// All headers share one frame of 128 KiB at the usual setting; the record takes a small part of it.
const TEXT_LIMIT: usize = 2_000;
/// Attempts kept; the first and the latest say most.
const ATTEMPTS_KEPT: usize = 12;

/// One attempt of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Unix milliseconds.
    pub at: i64,
    /// Reason code.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// What was done about it: `retry 5s`, `dead`.
    pub action: String,
}

/// Why and where a message died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// Id of this dead letter: the message id and the letter's own digits, see [`super::identity`].
    pub id: String,
    /// Stage that gave up.
    pub stage: String,
    /// Queue to which a replay returns it.
    pub return_queue: String,
    /// Stable reason code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The vendor's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<VendorAnswer>,
    /// The field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The expression at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// The customer.
    pub company_id: String,
    /// The customer's state, `<unix seconds>:<sequence>`.
    pub version: String,
    /// Run that listed it.
    pub run_id: String,
    /// Vendor batch and position in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchPosition>,
    /// Attempts in order.
    pub attempts: Vec<Attempt>,
    /// Unix milliseconds.
    pub first_failed_at: i64,
    /// Unix milliseconds.
    pub last_failed_at: i64,
    /// Process that gave up.
    pub instance: String,
    /// Version of the program.
    pub program_version: String,
    /// Fingerprint of the mapping that the record was treated with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// How often it has been put back.
    pub replays: u32,
    /// The plan of the last replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_replay: Option<String>,
    /// The dead letter of which this record was the repaired copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair_of: Option<String>,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What was shortened to fit, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cut: Vec<String>,
}

/// Adds an attempt to a history header.
#[must_use]
pub fn extend_history(history: &str, failure: &Failure, at: i64, action: String) -> Vec<Attempt> {
    let mut attempts: Vec<Attempt> = serde_json::from_str(history).unwrap_or_default();
    let message = shorten(&failure.message).0;
    attempts.push(Attempt {
        at,
        code: failure.code.to_owned(),
        message,
        action,
    });
    if attempts.len() > ATTEMPTS_KEPT {
        // The first attempt stays, since it says when the trouble began.
        attempts.drain(1..=attempts.len() - ATTEMPTS_KEPT);
    }
    attempts
}

impl FailureRecord {
    /// The record of a message that a stage gave up on. `return_queue` is the stage's work queue.
    #[must_use]
    pub fn new(
        stage: Stage,
        return_queue: String,
        (envelope, body): (&Envelope, &[u8]),
        failure: &Failure,
        attempts: Vec<Attempt>,
        instance: &str,
    ) -> Self {
        let mut cut = Vec::new();
        let mut fit = |name: &str, text: &str| {
            let (text, shortened) = shorten(text);
            if shortened {
                cut.push(name.to_owned());
            }
            text
        };
        let message = fit("message", &failure.message);
        let expression = failure.expression.as_deref().map(|text| fit("expression", text));
        let vendor = failure.vendor.as_ref().map(|answer| VendorAnswer {
            code: fit("vendor.code", &answer.code),
            message: fit("vendor.message", &answer.message),
        });
        let last_failed_at = attempts.last().map_or(0, |attempt| attempt.at);
        Self {
            id: identity::of_death(stage, envelope, body),
            stage: stage.name().to_owned(),
            return_queue,
            code: failure.code.to_owned(),
            message,
            vendor,
            field: failure.field.clone(),
            expression,
            company_id: envelope.company_id.clone(),
            version: envelope.version.clone(),
            run_id: envelope.run_id.clone(),
            batch: failure.batch.clone(),
            first_failed_at: attempts.first().map_or(last_failed_at, |attempt| attempt.at),
            last_failed_at,
            attempts,
            instance: instance.to_owned(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            mapping: None,
            replays: envelope.replays,
            last_replay: envelope
                .replay
                .as_deref()
                .map(|tag| outcome::plan_of(tag).to_owned()),
            repair_of: envelope.repair_of.clone(),
            traceparent: envelope.traceparent.clone(),
            cut,
        }
    }
}

/// Cuts at a character; says whether it did.
fn shorten(text: &str) -> (String, bool) {
    if text.len() <= TEXT_LIMIT {
        return (text.to_owned(), false);
    }
    let mut end = TEXT_LIMIT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (format!("{}…", &text[..end]), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_fits_and_says_what_was_cut() {
        let failure = Failure::new("row-refused", "客".repeat(5_000));
        let attempts = extend_history("", &failure, 7, "dead".into());
        let record = FailureRecord::new(
            Stage::Load,
            "t.load".into(),
            (&Envelope::default(), b""),
            &failure,
            attempts,
            "host-1",
        );
        assert_eq!(record.cut, ["message"]);
        let json = serde_json::to_string(&record).unwrap();
        assert!(json.len() < 8_000, "{}", json.len());
        assert_eq!(serde_json::from_str::<FailureRecord>(&json).unwrap(), record);
    }

    #[test]
    fn the_history_keeps_the_first_and_the_latest() {
        let mut history = String::new();
        for at in 0..40 {
            let attempts = extend_history(&history, &Failure::new("x", "y"), at, "retry 5s".into());
            history = serde_json::to_string(&attempts).unwrap();
        }
        let attempts: Vec<Attempt> = serde_json::from_str(&history).unwrap();
        assert_eq!((attempts.len(), attempts[0].at, attempts[11].at), (12, 0, 39));
    }
}
