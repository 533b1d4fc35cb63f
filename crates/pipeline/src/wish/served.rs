//! What a wish came to, as the replica says that had it.

use std::collections::BTreeMap;

/// What a wish came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In an English sentence (`words::kept!`).
    pub text: String,
    /// In numbers.
    pub counts: BTreeMap<String, u64>,
}

/// How serving has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// It was done.
    Done(Outcome),
    /// It cannot be done.
    Failed(Outcome),
    /// Another replica is to do it.
    PutBack,
}

impl Served {
    /// Done, in a sentence and numbers.
    #[must_use]
    pub fn done<'a>(text: String, counts: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        Self::Done(Outcome::new(text, counts))
    }

    /// Not done, and why.
    #[must_use]
    pub fn failed(text: String) -> Self {
        Self::Failed(Outcome::new(text, []))
    }
}

impl Outcome {
    /// A sentence and numbers.
    #[must_use]
    pub fn new<'a>(text: String, counts: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let counts = counts.into_iter().map(|(name, count)| (name.to_owned(), count));
        Self {
            text,
            counts: counts.collect(),
        }
    }
}
