//! One grammar for choosing dead letters, the same for every command.

use crate::{
    letter::{Letter, body, fingerprint::fingerprint},
    when::{self, Range},
};

use pipeline::failure::identity;
use serde::{Deserialize, Serialize};
use std::{fmt, ops::ControlFlow};

/// Which dead letters; several conditions must all hold, none means all letters.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Only letters with this reason code
    pub code: Option<String>,
    /// Only letters of the group of this fingerprint
    pub group: Option<String>,
    /// Only letters of this customer
    pub key: Option<String>,
    /// Only the letter with this id, or with these digits behind the `~` of its id
    pub id: Option<String>,
    /// Only letters that died at or after this time, unix milliseconds
    pub since: Option<i64>,
    /// Only letters that died before this time, unix milliseconds
    pub until: Option<i64>,
    /// Only letters with this many attempts behind them
    pub attempts: Option<Range>,
    /// Only letters of this program version (0.1.0), or with this record version (1762358927:1763900000000001)
    pub version: Option<String>,
    /// Only letters whose decoded body or failure message holds this text
    pub text: Option<String>,
    /// Only letters that this undo or import brought back
    pub restored_by: Option<String>,
    /// At most this many, oldest first
    pub limit: Option<u64>,
}

impl Filter {
    /// Whether the letter is meant.
    #[must_use]
    pub fn matches(&self, letter: &Letter) -> bool {
        let same =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let record = &letter.record;
        let died = record.last_failed_at;
        let tries = record.attempts.len() as u64;
        same(&self.code, &record.code)
            && same(&self.key, &record.company_id)
            && self
                .id
                .as_deref()
                .is_none_or(|id| identity::means(id, &record.id))
            && self.since.is_none_or(|since| died >= since)
            && self.until.is_none_or(|until| died < until)
            && self.attempts.is_none_or(|range| range.contains(tries))
            && self
                .version
                .as_deref()
                .is_none_or(|version| version == record.program_version || version == record.version)
            && self
                .group
                .as_deref()
                .is_none_or(|group| fingerprint(record) == group)
            && self
                .restored_by
                .as_deref()
                .is_none_or(|operation| letter.life() == Some(operation))
            && self
                .text
                .as_deref()
                .is_none_or(|text| says(letter, &text.to_lowercase()))
    }

    /// Whether enough letters have been chosen.
    #[must_use]
    pub fn is_full(&self, chosen: u64) -> bool {
        self.limit.is_some_and(|limit| chosen >= limit)
    }

    /// Whether a look that has chosen so many needs to see more letters.
    pub(crate) fn go_on(&self, chosen: u64) -> ControlFlow<()> {
        if self.is_full(chosen) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// No condition at all: every letter.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.to_string() == EVERYTHING
    }
}

const EVERYTHING: &str = "every letter";

/// As flags, with relative times resolved, for plans and the audit log.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = [
            ("code", self.code.clone()),
            ("group", self.group.clone()),
            ("key", self.key.clone()),
            ("id", self.id.clone()),
            ("since", self.since.map(when::utc)),
            ("until", self.until.map(when::utc)),
            ("attempts", self.attempts.map(|range| range.to_string())),
            ("version", self.version.clone()),
            // The text may be a customer's.
            ("text", self.text.as_deref().map(pipeline::mask::mask_text)),
            ("restored-by", self.restored_by.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
        ];
        let flags: Vec<_> = texts
            .into_iter()
            .filter_map(|(name, value)| Some(format!("--{name} {}", value?)))
            .collect();
        if flags.is_empty() {
            f.write_str(EVERYTHING)
        } else {
            f.write_str(&flags.join(" "))
        }
    }
}

/// Whether the failure's message or the decoded body holds the text, which is in lower case.
fn says(letter: &Letter, text: &str) -> bool {
    letter.record.message.to_lowercase().contains(text) || body::contains(letter.kind(), &letter.body, text)
}
