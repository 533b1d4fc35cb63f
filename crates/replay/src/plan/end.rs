//! What has become of a plan's letters, and the words for it in the plan's record in Redis.

use pipeline::{disposition::Disposition, stage::Stage};
use serde::{Serialize, Serializer};

/// The end of a letter in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was put back, and a consumer reported this.
    Reported(Disposition),
    /// The plan's repair does not fit it; it stays in the queue.
    Refused,
    /// Another operator has taken it out of the queue.
    Gone,
}

impl End {
    /// Its word in Redis and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reported(disposition) => disposition.name(),
            Self::Refused => "refused",
            Self::Gone => "gone",
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        let reported = Disposition::ALL.into_iter().map(Self::Reported);
        let mut all = reported.chain([Self::Refused, Self::Gone]);
        all.find(|end| end.name() == word)
    }
}

impl From<Disposition> for End {
    fn from(disposition: Disposition) -> Self {
        Self::Reported(disposition)
    }
}

/// By their words, in which order JSON lists them.
impl Ord for End {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for End {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for End {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a plan knows of one of its letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LetterState {
    /// Not sent yet.
    Unsent,
    /// Sent; no outcome is known.
    Sent,
    /// Came to its end, at this stage if it died again.
    Ended(End, Option<Stage>),
}

impl LetterState {
    /// Reads the letter's field: empty, `s`, or a word, with `@<stage>` behind it for a dead one. A word of another
    /// version says at least that the letter was sent.
    pub(crate) fn read(field: &str) -> Self {
        let (word, stage) = field.split_once('@').unwrap_or((field, ""));
        let stage = Stage::named(stage);
        match End::read(word) {
            Some(end) => Self::Ended(end, stage),
            None if field.is_empty() => Self::Unsent,
            None => Self::Sent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letters_field_is_read() {
        let dead = LetterState::Ended(Disposition::Dead.into(), Some(Stage::Load));
        let loaded = LetterState::Ended(Disposition::Loaded.into(), None);
        for (field, state) in [
            ("", LetterState::Unsent),
            ("s", LetterState::Sent),
            ("a word of tomorrow", LetterState::Sent),
            ("refused", LetterState::Ended(End::Refused, None)),
            ("loaded", loaded),
            ("dead@load", dead),
        ] {
            assert_eq!(LetterState::read(field), state, "{field}");
        }
    }
}
