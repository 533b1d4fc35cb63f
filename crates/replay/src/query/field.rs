//! The names in a query, and what a letter says to each.

use crate::letter::{Letter, fingerprint::fingerprint};
use std::borrow::Cow;

/// Names whose values are words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Id or digits of the letter.
    Id,
    /// Reason code.
    Code,
    /// Code of the vendor's answer.
    VendorCode,
    /// Caption of the field at fault.
    Field,
    /// Fingerprint of the group.
    Group,
    /// Stage that gave up.
    Stage,
    /// The customer.
    Key,
    /// The plan that put it back last.
    Plan,
    /// What has become of it so far.
    Outcome,
    /// Program version, or version of the record.
    Version,
    /// The undo or import that brought it back.
    RestoredBy,
    /// Failure message or decoded body.
    Text,
}

/// Names whose values are whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Attempts of its last life.
    Attempts,
    /// How often it has been put back.
    Replays,
}

/// All names, as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Word(Word),
    Number(Number),
    /// When it died.
    Time,
    /// How long ago it died.
    Age,
}

/// What may stand behind `outcome`.
pub(super) const OUTCOMES: [&str; 3] = [NEW, FAILED_AGAIN, RESTORED];
const NEW: &str = "new";
const FAILED_AGAIN: &str = "failed-again";
const RESTORED: &str = "restored";

pub(super) const NAMES: [(&str, Name); 16] = [
    ("id", Name::Word(Word::Id)),
    ("code", Name::Word(Word::Code)),
    ("vendor-code", Name::Word(Word::VendorCode)),
    ("field", Name::Word(Word::Field)),
    ("group", Name::Word(Word::Group)),
    ("stage", Name::Word(Word::Stage)),
    ("key", Name::Word(Word::Key)),
    ("plan", Name::Word(Word::Plan)),
    ("outcome", Name::Word(Word::Outcome)),
    ("version", Name::Word(Word::Version)),
    ("restored-by", Name::Word(Word::RestoredBy)),
    ("text", Name::Word(Word::Text)),
    ("attempts", Name::Number(Number::Attempts)),
    ("replays", Name::Number(Number::Replays)),
    ("time", Name::Time),
    ("age", Name::Age),
];

impl Name {
    pub(super) fn find(text: &str) -> Option<Self> {
        let of = |(name, _): &&(&str, Self)| name.eq_ignore_ascii_case(text);
        NAMES.iter().find(of).map(|(_, name)| *name)
    }

    pub(super) fn text(self) -> &'static str {
        let of = |(_, name): &&(&str, Self)| *name == self;
        NAMES.iter().find(of).map_or("", |(text, _)| text)
    }
}

impl Word {
    /// What the letter says, for names that say one or two words; empty for [`Word::Text`], which nobody lists.
    pub(super) fn of(self, letter: &Letter) -> [Option<Cow<'_, str>>; 2] {
        let record = &letter.record;
        let one = |text: Option<&str>| [text.map(str::to_owned).map(Cow::Owned), None];
        match self {
            Self::Id => [Some(record.id.as_str().into()), Some(letter.digits().into())],
            Self::Code => [Some(record.code.as_str().into()), None],
            Self::VendorCode => one(record.vendor.as_ref().map(|vendor| vendor.code.as_str())),
            Self::Field => one(record.field.as_deref()),
            Self::Group => [Some(fingerprint(record).into()), None],
            Self::Stage => [Some(record.stage.as_str().into()), None],
            Self::Key => [Some(record.company_id.as_str().into()), None],
            Self::Plan => {
                let tag = letter.replay_tag().and_then(|tag| tag.split('/').next());
                [
                    record.last_replay.as_deref().map(Cow::Borrowed),
                    tag.map(Cow::Borrowed),
                ]
            }
            Self::Outcome => one(Some(outcome(letter))),
            Self::Version => [
                Some(record.program_version.as_str().into()),
                Some(record.version.as_str().into()),
            ],
            Self::RestoredBy => one(letter.life()),
            Self::Text => [None, None],
        }
    }
}

pub(crate) fn outcome(letter: &Letter) -> &'static str {
    match (letter.life(), letter.record.replays) {
        (Some(_), _) => RESTORED,
        (None, 0) => NEW,
        (None, _) => FAILED_AGAIN,
    }
}

impl Number {
    pub(super) fn of(self, letter: &Letter) -> u64 {
        match self {
            Self::Attempts => letter.record.attempts.len() as u64,
            Self::Replays => u64::from(letter.record.replays),
        }
    }
}
