//! What a wish came to, as the replica says that had it.

use std::collections::BTreeMap;

/// Redis is no place for more.
const MOST_ANSWERED: usize = 4 << 20;

/// What a wish came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// In an English sentence (`words::kept!`).
    pub text: String,
    /// In numbers.
    pub counts: BTreeMap<String, u64>,
    /// In JSON, for whoever has asked; it may show customers, and is kept for an hour.
    pub answer: Option<String>,
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

    /// Done, with an answer in JSON.
    #[must_use]
    pub fn answer(text: String, answer: String) -> Self {
        if answer.len() > MOST_ANSWERED {
            return Self::failed(words::kept!("the answer is larger than {MOST_ANSWERED} bytes"));
        }
        Self::Done(Outcome {
            answer: Some(answer),
            ..Outcome::new(text, [])
        })
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
            answer: None,
        }
    }
}
