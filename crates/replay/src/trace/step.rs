//! One thing that happened to a customer, as people and programs read it.

use pipeline::{
    events::{Event, EventStage, Events, What},
    failure::record::FailureRecord,
    stage::Stage,
    version::Version,
};
use serde::Serialize;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Unix milliseconds, the clock of the process.
    pub at: i64,
    /// Where; `None` for a stage that this version does not know.
    #[serde(serialize_with = "name_of")]
    pub stage: Option<Stage>,
    /// What; a word that this version does not know is unspecified.
    #[serde(serialize_with = "word_of")]
    pub what: What,
    /// `<unix seconds>:<sequence>` of the message that was handled; empty where there was none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The run that listed it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    /// 1-based; 0 where nothing is attempted.
    #[serde(skip_serializing_if = "is_zero")]
    pub attempt: u32,
    /// Failure code, or the rule that dropped it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Group of the failure.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The vendor's code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vendor_code: String,
    /// The failure in words, masked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The field at fault.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
    /// The row of the form.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub row_id: String,
    /// The dead letter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub letter_id: String,
    /// The plan or operation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub plan_id: String,
    /// Unix milliseconds, when it comes back at the earliest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<i64>,
    /// From taking the message out of its queue to the end of its handling.
    pub latency_ms: u32,
    /// The customer was listed as removed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// The process.
    pub instance: String,
    /// Its version.
    pub program_version: String,
}

/// Each word of [`word`] with what it means here.
const SENSES: [&str; 25] = [
    words::mark!("event: listed"),
    words::mark!("event: skipped"),
    words::mark!("event: missing"),
    words::mark!("event: filtered"),
    words::mark!("event: fetched"),
    words::mark!("event: mapped"),
    words::mark!("event: duplicate"),
    words::mark!("event: created"),
    words::mark!("event: updated"),
    words::mark!("event: unchanged"),
    words::mark!("event: superseded"),
    words::mark!("event: removed"),
    words::mark!("event: retried"),
    words::mark!("event: parked"),
    words::mark!("event: died"),
    words::mark!("event: put back"),
    words::mark!("event: discarded"),
    words::mark!("event: restored"),
    words::mark!("event: edited"),
    words::mark!("event: imported"),
    words::mark!("event: refetched"),
    words::mark!("event: written"),
    words::mark!("event: adopted"),
    words::mark!("event: forwarded"),
    words::mark!("event: unspecified"),
];

impl Step {
    /// An event under what its message says of all of them.
    #[must_use]
    pub(crate) fn new(events: &Events, event: Event) -> Self {
        let what = event.what();
        let record: Option<FailureRecord> = serde_json::from_str(&event.failure).ok();
        let field = record.as_ref().and_then(|record| record.field.clone());
        let version = event.version.map(|version| Version::from(version).to_string());
        Self {
            at: events.at,
            stage: match events.stage() {
                EventStage::Extract => Some(Stage::Extract),
                EventStage::Transform => Some(Stage::Transform),
                EventStage::Load => Some(Stage::Load),
                EventStage::Unspecified => None,
            },
            what,
            version: version.unwrap_or_default(),
            run_id: event.run_id,
            attempt: event.attempt,
            reason: event.reason,
            group: event.group,
            vendor_code: event.vendor_code,
            message: record.map(|record| record.message).unwrap_or_default(),
            field: field.unwrap_or_default(),
            row_id: event.row_id,
            letter_id: event.letter_id,
            plan_id: event.plan_id,
            next_at: (event.next_at != 0).then_some(event.next_at),
            latency_ms: event.latency_ms,
            removed: event.removed,
            instance: events.instance.clone(),
            program_version: events.program_version.clone(),
        }
    }

    /// What happened, in a word.
    #[must_use]
    pub fn word(&self) -> String {
        word(self.what)
    }
}

/// What happened, as people of any language read it.
#[must_use]
pub fn told(what: What) -> String {
    told_word(&word(what))
}

/// The same for the [`word`] of an event.
#[must_use]
pub fn told_word(word: &str) -> String {
    let sense = SENSES
        .iter()
        .find(|sense| sense.strip_prefix("event: ") == Some(word));
    sense.map_or_else(|| word.to_owned(), |sense| words::sense(sense).to_owned())
}

/// The program of a stage.
pub(crate) fn program(stage: Option<Stage>) -> &'static str {
    stage.map_or(words::text!("a newer program"), Stage::program)
}

/// An event in a word, as people and programs read it.
#[must_use]
pub fn word(what: What) -> String {
    let name = what.as_str_name();
    name.strip_prefix("WHAT_")
        .unwrap_or(name)
        .to_lowercase()
        .replace('_', " ")
}

fn word_of<S: serde::Serializer>(what: &What, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&word(*what))
}

fn name_of<S: serde::Serializer>(stage: &Option<Stage>, serializer: S) -> Result<S::Ok, S::Error> {
    stage.map(Stage::name).serialize(serializer)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_word_in_either_language() {
        for number in 0..100 {
            let Ok(what) = What::try_from(number) else {
                continue;
            };
            assert_eq!(told(what), word(what));
            let chinese = words::scoped(words::Language::Chinese, || told(what));
            assert!(!chinese.is_ascii(), "{chinese}");
        }
    }
}
