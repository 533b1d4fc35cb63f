//! What travels beside a body: properties and our own headers, in one typed place.
//!
//! Our headers begin with `okki-`; the broker's `x-` headers are read where they tell something and never sent back,
//! because their meaning changes between broker versions (docs/delivery.md §3.4).

use super::Subject;
use crate::telemetry::trace::MessageIds;
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, ShortString},
};
use proto::v1::Lane;
use serde::{Deserialize, Serialize};

/// Attempt that the next handling will be, 1-based.
pub(crate) const ATTEMPT: &str = "okki-attempt";
/// First publication of the message, unix milliseconds.
pub(crate) const FIRST_SEEN: &str = "okki-first-seen";
/// Run that listed the customer.
pub(crate) const RUN_ID: &str = "okki-run-id";
pub(crate) const COMPANY_ID: &str = "okki-company-id";
/// The customer's state, `<unix seconds>:<sequence>`.
pub(crate) const VERSION: &str = "okki-version";
/// Attempts so far, JSON array of [`crate::failure::record::Attempt`].
pub(crate) const HISTORY: &str = "okki-history";
/// Reason code of a dead letter.
pub(crate) const REASON: &str = "okki-reason";
/// Failure record of a dead letter, JSON of [`crate::failure::record::FailureRecord`].
pub(crate) const FAILURE: &str = "okki-failure";
/// The last replay that put the message back.
pub(crate) const REPLAY: &str = "okki-replay";
/// How often the message has been put back.
pub(crate) const REPLAYS: &str = "okki-replays";
/// Lane that overrides the one in the body, because a replayed body stays as it was.
pub(crate) const LANE: &str = "okki-lane";
/// The dead letter of which this message is the repaired copy.
pub(crate) const REPAIR_OF: &str = "okki-repair-of";
/// Why and by whom a letter was put into the archive, JSON of `replay::letter::Archived`.
pub(crate) const ARCHIVED: &str = "okki-archived";
/// The operation that brought the letter back to the dead letters: from then on it is another life of it.
pub(crate) const LIFE: &str = "okki-life";
/// The message was in a bundle whose consumer may have died of it.
pub(crate) const SUSPECT: &str = "okki-suspect";
/// The value of [`LANE`] for backfills.
pub(crate) const BACKFILL: &str = "backfill";
/// Kind of a message that only takes a place among a consumer's deliveries (see `consumer::intake`).
pub(crate) const FILLER: &str = "okki.pipeline.Filler";
/// W3C trace context.
pub(crate) const TRACEPARENT: &str = "traceparent";

/// Everything beside the body, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Envelope {
    /// Derived from the record's identity, so that a second copy is recognisable.
    pub message_id: String,
    /// Package and name of the message.
    pub kind: String,
    /// Attempt that the next handling will be; 0 in a foreign message.
    pub attempt: u32,
    /// Unix milliseconds.
    pub first_seen_ms: i64,
    /// Run that listed the customer.
    pub run_id: String,
    /// The customer.
    pub company_id: String,
    /// The customer's state, as text.
    pub version: String,
    /// JSON of the attempts so far, empty when there were none.
    pub history: String,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// The last replay.
    pub replay: Option<String>,
    /// Number of replays.
    pub replays: u32,
    /// Reason code, on a dead letter only.
    pub reason: Option<String>,
    /// Failure record as JSON, on a dead letter only.
    pub failure: Option<String>,
    /// Lane that overrides the body's, `live`, `backfill` or `replay`.
    pub lane: Option<String>,
    /// The dead letter of which this is the repaired copy.
    pub repair_of: Option<String>,
    /// Why it was archived, on an archived letter only.
    pub archived: Option<String>,
    /// The operation that brought the letter back, on a dead letter only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life: Option<String>,
    /// It was in a bundle whose consumer may have died of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub suspect: bool,
}

impl Envelope {
    /// The envelope of a message that is published for the first time.
    pub fn new<M: Subject>(message: &M, now_ms: i64) -> Self {
        let version = message.version().to_string();
        let name = M::TYPE.rsplit('.').next().unwrap_or(M::TYPE);
        Self {
            message_id: format!("{name}:{}:{version}", message.company_id()),
            kind: M::TYPE.to_owned(),
            attempt: 1,
            first_seen_ms: now_ms,
            run_id: message.run_id().to_owned(),
            company_id: message.company_id().to_owned(),
            version,
            // Whoever sees the envelope alone must know what nobody waits for.
            lane: (message.lane() == Lane::Backfill).then(|| BACKFILL.to_owned()),
            ..Self::default()
        }
    }

    /// Whether people wait for the record: it is no part of a backfill, a first load or a replay.
    pub(crate) fn is_live(&self) -> bool {
        self.lane.as_deref().is_none_or(|lane| lane == "live")
    }

    /// What spans say of the message.
    pub(crate) fn ids(&self) -> MessageIds<'_> {
        MessageIds {
            message_id: &self.message_id,
            company_id: &self.company_id,
            run_id: &self.run_id,
            attempt: self.attempt,
            traceparent: self.traceparent.as_deref(),
        }
    }

    /// Reads what is there; a missing or mistyped header gives its empty value, because a foreign message must be
    /// readable too.
    pub(crate) fn read(properties: &BasicProperties) -> Self {
        let empty = FieldTable::default();
        let headers = properties.headers().as_ref().unwrap_or(&empty);
        let short =
            |value: &Option<ShortString>| value.as_ref().map(|s| s.as_str().to_owned()).unwrap_or_default();
        Self {
            message_id: short(properties.message_id()),
            kind: short(properties.kind()),
            attempt: number(headers, ATTEMPT)
                .and_then(|n| n.try_into().ok())
                .unwrap_or(0),
            first_seen_ms: number(headers, FIRST_SEEN).unwrap_or(0),
            run_id: text(headers, RUN_ID).unwrap_or_default(),
            company_id: text(headers, COMPANY_ID).unwrap_or_default(),
            version: text(headers, VERSION).unwrap_or_default(),
            history: text(headers, HISTORY).unwrap_or_default(),
            traceparent: text(headers, TRACEPARENT),
            replay: text(headers, REPLAY),
            replays: number(headers, REPLAYS)
                .and_then(|n| n.try_into().ok())
                .unwrap_or(0),
            reason: text(headers, REASON),
            failure: text(headers, FAILURE),
            lane: text(headers, LANE),
            repair_of: text(headers, REPAIR_OF),
            archived: text(headers, ARCHIVED),
            life: text(headers, LIFE),
            suspect: number(headers, SUSPECT).is_some_and(|mark| mark != 0),
        }
    }

    /// Properties for publishing: persistent, because the flag travels with a dead letter too (docs/delivery.md §3.1-3).
    pub(crate) fn write(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        let mut put = |name: &str, value: AMQPValue| {
            headers.insert(name.into(), value);
        };
        put(ATTEMPT, AMQPValue::LongLongInt(self.attempt.into()));
        put(FIRST_SEEN, AMQPValue::LongLongInt(self.first_seen_ms));
        if self.replays > 0 {
            put(REPLAYS, AMQPValue::LongLongInt(self.replays.into()));
        }
        if self.suspect {
            put(SUSPECT, AMQPValue::LongLongInt(1));
        }
        let texts = [
            (RUN_ID, Some(&self.run_id)),
            (COMPANY_ID, Some(&self.company_id)),
            (VERSION, Some(&self.version)),
            (HISTORY, Some(&self.history)),
            (TRACEPARENT, self.traceparent.as_ref()),
            (REPLAY, self.replay.as_ref()),
            (REASON, self.reason.as_ref()),
            (FAILURE, self.failure.as_ref()),
            (LANE, self.lane.as_ref()),
            (REPAIR_OF, self.repair_of.as_ref()),
            (ARCHIVED, self.archived.as_ref()),
            (LIFE, self.life.as_ref()),
        ];
        for (name, value) in texts {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                put(name, AMQPValue::LongString(value.as_str().into()));
            }
        }
        BasicProperties::default()
            .with_delivery_mode(2)
            .with_content_type("application/x-protobuf".into())
            .with_message_id(clip(&self.message_id))
            .with_type(clip(&self.kind))
            .with_headers(headers)
    }
}

/// A short string holds at most 255 bytes; ids are ours and shorter, foreign ones are cut.
fn clip(text: &str) -> ShortString {
    let mut end = text.len().min(255);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].into()
}

/// An integer header of any width.
pub(crate) fn number(headers: &FieldTable, name: &str) -> Option<i64> {
    match headers.inner().get(name)? {
        AMQPValue::ShortShortInt(n) => Some((*n).into()),
        AMQPValue::ShortShortUInt(n) => Some((*n).into()),
        AMQPValue::ShortInt(n) => Some((*n).into()),
        AMQPValue::ShortUInt(n) => Some((*n).into()),
        AMQPValue::LongInt(n) => Some((*n).into()),
        AMQPValue::LongUInt(n) => Some((*n).into()),
        AMQPValue::LongLongInt(n) => Some(*n),
        AMQPValue::Timestamp(n) => (*n).try_into().ok(),
        _ => None,
    }
}

pub(crate) fn text(headers: &FieldTable, name: &str) -> Option<String> {
    match headers.inner().get(name)? {
        AMQPValue::LongString(s) => Some(String::from_utf8_lossy(s.as_bytes()).into_owned()),
        AMQPValue::ShortString(s) => Some(s.as_str().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::v1::{CompanyRef, CompanySnapshot, Version};

    #[test]
    fn an_envelope_survives_the_wire() {
        let snapshot = CompanySnapshot {
            company_id: "56657420945678".into(),
            version: Some(Version {
                update_time: 5,
                sequence: 6,
            }),
            run_id: "run".into(),
            ..CompanySnapshot::default()
        };
        let mut envelope = Envelope::new(&snapshot, 7);
        envelope.replays = 2;
        envelope.traceparent = Some("00-a-b-01".into());
        envelope.failure = Some("{}".into());
        envelope.suspect = true;
        assert_eq!(envelope.message_id, "CompanySnapshot:56657420945678:5:6");
        assert_eq!(Envelope::read(&envelope.write()), envelope);
    }

    #[test]
    fn nobody_waits_for_a_backfill() {
        let of = |lane: Lane| {
            let reference = CompanyRef {
                lane: lane.into(),
                ..CompanyRef::default()
            };
            Envelope::read(&Envelope::new(&reference, 7).write())
        };
        assert!(of(Lane::Live).is_live() && !of(Lane::Backfill).is_live());
        let mut replayed = of(Lane::Live);
        replayed.lane = Some("replay".to_owned());
        assert!(!replayed.is_live() && Envelope::default().is_live());
    }

    #[test]
    fn a_foreign_message_has_an_empty_envelope() {
        assert_eq!(Envelope::read(&BasicProperties::default()), Envelope::default());
    }

    #[test]
    fn long_ids_are_cut_at_a_character() {
        assert_eq!(clip(&"客".repeat(100)).as_str().len(), 255);
    }
}
