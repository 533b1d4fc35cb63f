//! What can be done to a letter on its way back: a new body, other values in some cells, or a mapping or fetch once more.
//!
//! A repair is a part of its plan, so that an interrupted replay goes on with the same one. The repaired copy names the
//! letter it comes from, and that one goes to the archive, never back to work (ServicePulse#2424 sent both).

pub mod assignment;
mod change;
mod compute;
pub mod edit;
pub(crate) mod kept;
pub mod preview;

pub use assignment::Assignment;
pub use change::Change;
pub use compute::Compute;

use crate::letter::{Letter, body};
use kept::KeptSnapshots;

use pipeline::{
    message::{Envelope, Outgoing, Subject, part_tag},
    stage::Stage,
    version::Version,
};

use bytes::Bytes;
use prost::Message;
use proto::v1::{CompanyRef, CompanySnapshot, FormRecord, Lane, Operation};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Fields that say whose state a message is, or what is done with it; changing one would make it another record's.
const LOCKED: [&str; 14] = [
    "companyId",
    "version",
    "runId",
    "fetchedAt",
    "contentHash",
    "mappingFingerprint",
    "mappingRevision",
    "settled",
    "updateTime",
    "sequence",
    "lane",
    "operation",
    "removed",
    "force",
];

/// One repair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Repair {
    /// The whole body, edited by hand as JSON, for one letter.
    Replace(Edit),
    /// Values for some fields, in every letter.
    Set(Vec<Assignment>),
    /// Once more through today's mapping: from the snapshot where the letter holds one, else from a fresh detail.
    Remap,
    /// Once more through today's mapping, from the snapshot that transformers keep of the customer.
    Kept,
    /// Once more from a fresh detail, whatever the letter holds.
    Refetch,
    /// The plan is over, or of another version; nothing is repaired in this way any more.
    Forgotten,
}

/// A body that was edited by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// The new body as JSON.
    body: Value,
    /// Digest of the body that the operator saw.
    of: String,
}

impl Edit {
    /// An edit of what this letter holds.
    #[must_use]
    pub fn new(letter: &Letter, body: Value) -> Self {
        Self {
            body,
            of: digest(&letter.body),
        }
    }
}

fn digest(body: &[u8]) -> String {
    Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A repair as others may see it: the words of its plan, without a customer's data.
pub(crate) fn described<S: Serializer>(repair: &Option<Repair>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut shown = match repair {
        Some(Repair::Replace(_)) => json!({"replace": words::text!("an edited body")}),
        other => serde_json::to_value(other).unwrap_or_default(),
    };
    let texts = shown
        .get_mut("set")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    for (name, value) in texts.filter_map(Value::as_object_mut).flatten() {
        if let (true, Value::String(text)) = (
            ["value", "old", "new", "expression"].contains(&name.as_str()),
            value,
        ) {
            // Names of two letters are common.
            let begin: String = text.chars().take(1).collect();
            *text = match text.chars().count() {
                0 | 1 => "***".to_owned(),
                _ => format!("{begin}***"),
            };
        }
    }
    shown.serialize(serializer)
}

/// Why a letter cannot be repaired in this way; it stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body or the new one is no message.
    #[error(transparent)]
    Body(#[from] body::Error),
    /// The edit would make it the record of another customer or state.
    #[error("{}", words::tr!("`{0}` says whose record this is and must stay as it is"))]
    Locked(String),
    /// A value does not fit.
    #[error(transparent)]
    Set(#[from] assignment::Error),
    /// Nothing differs.
    #[error("{}", words::tr!("nothing would change"))]
    Unchanged,
    /// The letter is not what the operator saw.
    #[error("{}", words::tr!("the letter changed meanwhile; look at it and edit it again"))]
    Changed,
    /// Nobody knows whom to ask for.
    #[error("{}", words::tr!("the letter does not say whose it is, so nothing can be fetched anew"))]
    Nobody,
    /// Transformers keep nothing of the customer.
    #[error("{}", words::tr!("no snapshot of the customer is kept; say --from fetch for this letter"))]
    NotKept,
    /// What they keep cannot be read.
    #[error("{}", words::tr!("the kept snapshot of the customer cannot be used: {0}"))]
    Unusable(pipeline::snapshots::Unusable),
    /// What they keep is of an earlier state than the letter.
    #[error("{}", words::tr!("the kept snapshot of the customer is older than the letter; say --from fetch for this letter"))]
    OlderKept,
    /// The plan does not say any more how to repair.
    #[error("{}", words::tr!("this plan's repair is not known any more; make a new plan"))]
    Forgotten,
}

impl Repair {
    /// The repaired copy, ready to be sent with this replay tag; of a letter that carries the records of many, which only begins
    /// anew, one for each of them.
    pub(crate) fn apply(
        &self,
        letter: &Letter,
        tag: &str,
        kept: &KeptSnapshots,
    ) -> Result<Vec<Outgoing>, Error> {
        let parts = letter.parts();
        if parts.is_empty() || !self.is_anew() {
            return Ok(vec![self.apply_alone(letter, tag, kept)?]);
        }
        let count = parts.len();
        let parts = parts.iter().zip(1..);
        parts
            .map(|(part, number)| self.apply_alone(part, &part_tag(tag, number, count), kept))
            .collect()
    }

    fn apply_alone(&self, letter: &Letter, tag: &str, kept: &KeptSnapshots) -> Result<Outgoing, Error> {
        let body = self.body_from(letter, kept)?;
        let mut envelope = letter.next_life(tag);
        envelope.repair_of = Some(letter.record.id.clone());
        if *self == Self::Kept {
            return Ok(kept::mapped_anew(
                kept.for_customer(&letter.record)?,
                letter,
                envelope,
            ));
        }
        if self.fetches(letter) {
            return Ok(refetch(letter, envelope));
        }
        Ok(Outgoing::raw(letter.record.return_queue.clone(), envelope, body))
    }

    /// Whether it handles the customer once more, with nothing changed by hand.
    #[must_use]
    pub fn is_anew(&self) -> bool {
        matches!(self, Self::Remap | Self::Refetch | Self::Kept)
    }

    /// Whether the letter's customer is fetched anew.
    pub(crate) fn fetches(&self, letter: &Letter) -> bool {
        *self == Self::Refetch || (*self == Self::Remap && letter.carried() == FormRecord::TYPE)
    }

    /// Whether the repaired letter goes back to where it came from, and not to a stage of this namespace.
    pub(crate) fn returns(&self, letter: &Letter) -> bool {
        *self != Self::Kept && !self.fetches(letter)
    }

    /// The letter's body as it would be sent, where it is changed.
    ///
    /// # Errors
    /// When the repair does not fit the letter.
    pub fn body(&self, letter: &Letter) -> Result<Bytes, Error> {
        self.body_from(letter, &KeptSnapshots::default())
    }

    /// The same, with what is kept of the customers.
    pub(crate) fn body_from(&self, letter: &Letter, kept: &KeptSnapshots) -> Result<Bytes, Error> {
        let nobody = || letter.records().iter().any(|record| record.company_id.is_empty());
        if self.fetches(letter) && nobody() {
            return Err(Error::Nobody);
        }
        match self {
            Self::Remap | Self::Refetch => return Ok(letter.body.clone()),
            Self::Kept => {
                let all = letter.records();
                let each = all.iter().map(|record| kept.for_customer(record));
                return each.collect::<Result<Vec<_>, _>>().map(|_| letter.body.clone());
            }
            Self::Forgotten => return Err(Error::Forgotten),
            Self::Replace(edit) if edit.of != digest(&letter.body) => return Err(Error::Changed),
            Self::Replace(_) | Self::Set(_) => {}
        }
        let before = body::to_exact(letter.kind(), &letter.body)?;
        let after = match self {
            Self::Replace(edit) => edit.body.clone(),
            Self::Set(assignments) => {
                let mut json = before.clone();
                for assignment in assignments {
                    assignment.apply(&mut json)?;
                }
                json
            }
            Self::Remap | Self::Kept | Self::Refetch | Self::Forgotten => before.clone(),
        };
        for name in LOCKED {
            if before.get(name) != after.get(name) {
                return Err(Error::Locked(name.to_owned()));
            }
        }
        let repaired = body::from_json(letter.kind(), &after, &letter.body)?;
        if repaired == letter.body {
            return Err(Error::Unchanged);
        }
        Ok(repaired)
    }
}

/// The customer is fetched anew; of who has left the filter no listing shows that it is within, so its detail decides.
fn refetch(letter: &Letter, mut envelope: Envelope) -> Outgoing {
    let version: Version = letter.record.version.parse().unwrap_or_default();
    let (removed, filtered) = absence(letter);
    let reference = CompanyRef {
        company_id: letter.record.company_id.clone(),
        run_id: letter.record.run_id.clone(),
        update_time: if filtered { 0 } else { version.update_time },
        removed: removed && !filtered,
        sequence: version.sequence,
        lane: Lane::Replay.into(),
        force: true,
        ..CompanyRef::default()
    };
    let fresh = Envelope::new(&reference, envelope.first_seen_ms);
    envelope.message_id = fresh.message_id;
    CompanyRef::TYPE.clone_into(&mut envelope.kind);
    Outgoing::to(Stage::Extract, &reference).with_envelope(envelope)
}

/// Whether the letter is about a customer that is gone, or one that has left the filter.
fn absence(letter: &Letter) -> (bool, bool) {
    let body = letter.body.as_ref();
    if letter.kind() == FormRecord::TYPE {
        return FormRecord::decode(body).map_or((false, false), |row| {
            (row.operation() == Operation::Remove, row.filtered)
        });
    }
    CompanySnapshot::decode(body)
        .ok()
        .filter(|_| letter.kind() == CompanySnapshot::TYPE)
        .map_or((false, false), |snapshot| (snapshot.removed, snapshot.filtered))
}
