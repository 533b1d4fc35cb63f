//! A dead letter as it lies in the queue: untouched body, envelope, failure record.

pub mod archived;
pub mod body;
pub mod difference;
pub(crate) mod exact;
pub mod fingerprint;
mod from_broker;
pub mod reveal;

pub use archived::Archived;

use from_broker::broker_record;
use pipeline::{
    failure::{identity, record::FailureRecord},
    message::{Death, Envelope, Outgoing, Subject},
    stage::Stage,
};

use bytes::Bytes;
use prost::Message;
use proto::{v1::FormRecord, v2::BundledRecord};

/// Between the operations that brought a letter back, in its header.
const BETWEEN_LIVES: &str = " ";
/// Of more of them the last ones are known.
const MOST_LIVES: usize = 20;

/// One dead letter.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Why it died.
    pub record: FailureRecord,
    /// The message as the stage received it, byte for byte.
    pub body: Bytes,
    pub(crate) envelope: Envelope,
}

impl Letter {
    /// Reads a letter; one without our record, put there by the broker, gets a record made from what the broker says.
    #[must_use]
    pub fn read(stage: Stage, home: &str, envelope: Envelope, death: &Death, body: Bytes) -> Self {
        let own = envelope
            .failure
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok());
        let mut record: FailureRecord = own.unwrap_or_else(|| {
            let customers = body::bundle(&envelope.kind, &body).1.len();
            broker_record(stage, home, &envelope, death, customers)
        });
        if record.mapping.is_none() && envelope.kind == FormRecord::TYPE {
            // The record does not say; the body does.
            let made_by = FormRecord::decode(body.clone()).map(|record| record.mapping_fingerprint);
            record.mapping = made_by.ok().filter(|mapping| !mapping.is_empty());
        }
        if identity::digits(&record.id).is_none() {
            record.id = identity::of_found(stage, &envelope, &body, death);
        }
        Self {
            record,
            body,
            envelope,
        }
    }

    /// The letter's own digits, by which people know it.
    #[must_use]
    pub fn digits(&self) -> &str {
        identity::digits(&self.record.id).unwrap_or(&self.record.id)
    }

    /// The customers of a message that carries many records, which the broker has buried as a whole; none for any other one.
    #[must_use]
    pub fn customers(&self) -> Vec<String> {
        let (_, records) = body::bundle(self.kind(), &self.body);
        records.into_iter().map(|record| record.company_id).collect()
    }

    /// Of which kind the records are that it carries, or it is.
    pub(crate) fn carried(&self) -> String {
        let (kind, bundled) = body::bundle(self.kind(), &self.body);
        match bundled.is_empty() {
            true => self.kind().to_owned(),
            false => kind,
        }
    }

    /// Each record of a message that carries many, as a letter of its own under the same id; none for any other one.
    pub(crate) fn parts(&self) -> Vec<Self> {
        let (kind, bundled) = body::bundle(self.kind(), &self.body);
        let records = self.records();
        let parts = bundled.into_iter().zip(records);
        let alone = |(one, record): (BundledRecord, FailureRecord)| Self {
            envelope: Envelope {
                message_id: one.message_id,
                kind: kind.clone(),
                run_id: one.run_id,
                company_id: one.company_id,
                version: one.version,
                first_seen_ms: one.first_seen,
                traceparent: Some(one.traceparent).filter(|text| !text.is_empty()),
                replays: one.replays.max(self.envelope.replays),
                repair_of: Some(one.repair_of).filter(|text| !text.is_empty()),
                ..self.envelope.clone()
            },
            record,
            body: one.body,
        };
        parts.map(alone).collect()
    }

    /// What the letter says of each customer in it: its record, or one for each record that the message carries.
    pub(crate) fn records(&self) -> Vec<FailureRecord> {
        let (_, bundled) = body::bundle(self.kind(), &self.body);
        if bundled.is_empty() {
            return vec![self.record.clone()];
        }
        let of = |one: BundledRecord| FailureRecord {
            company_id: one.company_id,
            version: one.version,
            run_id: one.run_id,
            ..self.record.clone()
        };
        bundled.into_iter().map(of).collect()
    }

    /// The replays that the letter or a record in it comes from, `<plan>/<letter>`.
    pub(crate) fn replay_tags(&self) -> Vec<String> {
        match self.replay_tag() {
            Some(tag) => vec![tag.to_owned()],
            None => {
                let (_, bundled) = body::bundle(self.kind(), &self.body);
                let tags = bundled.into_iter().map(|one| one.replay);
                tags.filter(|tag| !tag.is_empty()).collect()
            }
        }
    }

    /// Which life of the letter it is: the operation that brought it back from the archive or from a file.
    #[must_use]
    pub fn life(&self) -> Option<&str> {
        self.lives().next()
    }

    /// All operations that brought it back since it died, the last one first: what an import brought may have been discarded
    /// and restored since, and is of the import all the same.
    pub fn lives(&self) -> impl Iterator<Item = &str> {
        self.envelope
            .life
            .iter()
            .flat_map(|lives| lives.split(BETWEEN_LIVES))
    }

    /// The header of the next life of it, which begins with this operation.
    pub(crate) fn brought_back_by(&self, operation: &str) -> String {
        let lives = std::iter::once(operation).chain(self.lives()).take(MOST_LIVES);
        lives.collect::<Vec<_>>().join(BETWEEN_LIVES)
    }

    /// Its name in plans and operations: what was done to the letter in an earlier life says nothing about this one.
    #[must_use]
    pub fn key(&self) -> String {
        match self.life() {
            Some(life) => format!("{}.{life}", self.digits()),
            None => self.digits().to_owned(),
        }
    }

    /// Package and name of the message, as far as the letter says.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.envelope.kind
    }

    /// The replay that the letter comes from, `<plan>/<letter>`.
    #[must_use]
    pub fn replay_tag(&self) -> Option<&str> {
        self.envelope.replay.as_deref()
    }

    /// What has become of it so far, in the word that queries use.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        crate::query::outcome(self)
    }

    /// Why it was put into the archive, for a letter there.
    #[must_use]
    pub fn archived(&self) -> Option<Archived> {
        serde_json::from_str(self.envelope.archived.as_deref()?).ok()
    }

    /// The same letter for another dead-letter queue or the archive, with nothing changed but `change`.
    pub(crate) fn moved(&self, queue: String, change: impl FnOnce(&mut Envelope)) -> Outgoing {
        let mut envelope = self.envelope.clone();
        // A letter of the broker's keeps from here on what the broker said about it.
        envelope.failure = serde_json::to_string(&self.record).ok();
        envelope.reason = Some(self.record.code.clone());
        envelope.history.clear();
        change(&mut envelope);
        Outgoing::raw(queue, envelope, self.body.clone())
    }

    /// The message for its way back.
    pub(crate) fn back(&self, replay: &str) -> Outgoing {
        let home = self.record.return_queue.clone();
        Outgoing::raw(home, self.next_life(replay), self.body.clone())
    }

    /// The envelope for the way back: a new life with a new count of attempts, and the memory of the earlier ones.
    /// Live changes go before it; the body cannot say so, since it stays as it was.
    pub(crate) fn next_life(&self, replay: &str) -> Envelope {
        let mut envelope = self.envelope.clone();
        envelope.attempt = 1;
        // Whoever puts it back has repaired the cause, and its returns are counted anew.
        envelope.suspect = false;
        envelope.replays = envelope.replays.saturating_add(1);
        envelope.replay = Some(replay.to_owned());
        envelope.history = serde_json::to_string(&self.record.attempts).unwrap_or_default();
        envelope.lane = Some("replay".to_owned());
        envelope.reason = None;
        envelope.failure = None;
        envelope.archived = None;
        envelope.life = None;
        envelope
    }
}

#[cfg(test)]
mod tests {
    use super::{from_broker::DELIVERY_LIMIT, *};

    fn letter(envelope: Envelope, death: &Death) -> Letter {
        Letter::read(
            Stage::Load,
            "t.load",
            envelope,
            death,
            Bytes::from_static(b"body"),
        )
    }

    #[test]
    fn a_letter_of_the_broker_gets_a_record() {
        let death = Death {
            reason: "delivery_limit".into(),
            at_ms: 1_700_000_000_000,
        };
        let letter = letter(Envelope::default(), &death);
        assert_eq!(letter.record.code, DELIVERY_LIMIT);
        assert_eq!(letter.record.return_queue, "t.load");
        assert_eq!(letter.record.last_failed_at, 1_700_000_000_000);
    }

    #[test]
    fn a_letter_that_was_brought_back_is_another_life_of_it() {
        let mut letter = letter(Envelope::default(), &Death::default());
        let key = letter.key();
        letter.envelope.life = Some("d-1".into());
        assert_eq!(letter.key(), format!("{key}.d-1"));
        letter.envelope.life = Some(letter.brought_back_by("d-2"));
        assert_eq!(letter.key(), format!("{key}.d-2"), "one life at a time");
        assert_eq!(letter.lives().collect::<Vec<_>>(), ["d-2", "d-1"]);
        assert_eq!(
            letter.back("p-1/x").envelope().life,
            None,
            "it lives again, as a message"
        );
    }

    #[test]
    fn a_way_back_begins_a_new_life_and_keeps_the_memory() {
        let mut letter = letter(Envelope::default(), &Death::default());
        letter.envelope.attempt = 4;
        letter.envelope.suspect = true;
        letter.envelope.failure = Some("{}".into());
        let back = letter.back("replay-1");
        let envelope = back.envelope();
        assert_eq!((envelope.attempt, envelope.replays), (1, 1));
        assert!(!envelope.suspect, "its returns are counted anew");
        assert_eq!(envelope.failure, None);
        assert!(envelope.history.contains("unknown"));
        assert_eq!(*back.body(), letter.body);
    }
}
