//! A letter as it is written down: what queries ask of it, and what is shown, masked.

use crate::pieces;
use pipeline::mask::mask_text;
use replay::letter::{
    Letter, body,
    reveal::{mask_json, masked_record},
};

/// Everything about a letter.
pub(crate) struct Row {
    pub(crate) digits: String,
    pub(crate) life: String,
    pub(crate) message: String,
    pub(crate) rank: String,
    /// Those of a message that carries the records of many customers.
    pub(crate) ranks: Vec<String>,
    pub(crate) code: String,
    pub(crate) vendor: Option<String>,
    pub(crate) field: Option<String>,
    pub(crate) group: String,
    pub(crate) stage: String,
    pub(crate) plan: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) outcome: &'static str,
    pub(crate) program: String,
    pub(crate) version: String,
    pub(crate) restored: Option<String>,
    pub(crate) attempts: i64,
    pub(crate) replays: i64,
    pub(crate) first: i64,
    pub(crate) died: i64,
    pub(crate) record: String,
    pub(crate) kind: String,
    pub(crate) body: Option<String>,
    pub(crate) pieces: String,
}

impl Row {
    /// What is known of a letter. The group is that of the words before they were masked.
    pub(crate) fn of(letter: &Letter, group: String) -> Self {
        let record = masked_record(letter);
        let digits = letter.digits();
        let message = &record.id[..record.id.len() - digits.len()];
        let message = message.strip_suffix('~').unwrap_or(message);
        Self {
            digits: digits.to_owned(),
            life: letter.life().unwrap_or_default().to_owned(),
            message: message.to_owned(),
            rank: rank(&record.company_id),
            ranks: letter.customers().iter().map(|company| rank(company)).collect(),
            code: record.code.clone(),
            vendor: record.vendor.as_ref().map(|vendor| vendor.code.clone()),
            field: record.field.clone(),
            group,
            stage: record.stage.clone(),
            plan: record.last_replay.clone(),
            tag: letter
                .replay_tag()
                .and_then(|tag| tag.split('/').next())
                .map(str::to_owned),
            outcome: letter.outcome(),
            program: record.program_version.clone(),
            version: record.version.clone(),
            restored: letter.life().map(str::to_owned),
            attempts: i64::try_from(record.attempts.len()).unwrap_or(i64::MAX),
            replays: record.replays.into(),
            first: record.first_failed_at,
            died: record.last_failed_at,
            kind: letter.kind().to_owned(),
            record: serde_json::to_string(&record).unwrap_or_default(),
            body: None,
            pieces: pieces::of_letter(&record.message, None),
        }
    }

    /// The same for a letter that was seen in its queue, with what it holds.
    pub(crate) fn seen(letter: &Letter, group: String) -> Self {
        let mut row = Self::of(letter, group);
        let body = match body::to_json(letter.kind(), &letter.body) {
            Ok(mut shown) => {
                mask_json(&mut shown);
                shown
            }
            // Nobody can read it; what a text in it says is found all the same, as in the queue.
            Err(_) => mask_text(&String::from_utf8_lossy(&letter.body)).into(),
        };
        row.pieces = pieces::of_letter(&masked_record(letter).message, Some(&body));
        row.body = serde_json::to_string(&body).ok();
        row
    }
}

/// Ids of customers are numbers of differing length.
pub(crate) fn rank(company: &str) -> String {
    format!("{:06}{company}", company.len())
}

/// What stands behind the length.
pub(crate) fn company(rank: &str) -> &str {
    rank.get(6..).unwrap_or_default()
}
