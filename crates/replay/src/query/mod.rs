//! The one grammar that chooses dead letters: a text that people write, commands take, plans keep and pages show.
//!
//! ```text
//! code=row-refused,invalid-value and not (key=56657420940001 or age>2h) and field="客户名称"
//! ```
//! What each word of it means stands in `docs/delivery.md`; conditions are judged in the order in which they are written.

mod condition;
mod field;
mod parse;
mod problem;

pub use condition::{Condition, Relation};
pub(crate) use field::outcome;
pub use field::{Number, Word};
pub use problem::{Problem, What};

use crate::letter::Letter;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Which letters; relative times were resolved when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Query {
    /// Every letter.
    #[default]
    Everything,
    /// One condition.
    Is(Condition),
    /// None of these.
    Not(Box<Query>),
    /// All of these.
    And(Vec<Query>),
    /// Any of these.
    Or(Vec<Query>),
}

impl Query {
    /// Whether the letter is meant.
    #[must_use]
    pub fn matches(&self, letter: &Letter) -> bool {
        match self {
            Self::Everything => true,
            Self::Is(condition) => condition.holds(letter),
            Self::Not(query) => !query.matches(letter),
            Self::And(queries) => queries.iter().all(|query| query.matches(letter)),
            Self::Or(queries) => queries.iter().any(|query| query.matches(letter)),
        }
    }

    /// The letters of which this word is true.
    pub(crate) fn of(word: Word, value: impl Into<String>) -> Self {
        let relation = match word {
            Word::Text => Relation::Contains,
            _ => Relation::Equals,
        };
        Self::Is(Condition::Word(word, relation, vec![value.into()]))
    }

    /// Both of them.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Everything, query) | (query, Self::Everything) => query,
            (Self::And(mut queries), Self::And(others)) => {
                queries.extend(others);
                Self::And(queries)
            }
            (Self::And(mut queries), query) => {
                queries.push(query);
                Self::And(queries)
            }
            (query, Self::And(mut queries)) => {
                queries.insert(0, query);
                Self::And(queries)
            }
            (one, other) => Self::And(vec![one, other]),
        }
    }

    /// The text that reads as this query again, with customers' words in it: for plans, never for logs.
    pub(crate) fn source(&self) -> String {
        self.written(&str::to_owned)
    }

    /// `show` is what becomes of a text that may be a customer's.
    fn written(&self, show: &dyn Fn(&str) -> String) -> String {
        let all = |queries: &[Self], word: &str| {
            let parts: Vec<String> = queries.iter().map(|query| query.grouped(show)).collect();
            parts.join(word)
        };
        match self {
            Self::Everything => String::new(),
            Self::Is(condition) => condition.written(false, show),
            Self::Not(query) => match &**query {
                Self::Is(condition) if condition.has_opposite() => condition.written(true, show),
                query => format!("not {}", query.grouped(show)),
            },
            Self::And(queries) => all(queries, " and "),
            Self::Or(queries) => all(queries, " or "),
        }
    }

    /// As a part of a longer query.
    fn grouped(&self, show: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::And(_) | Self::Or(_) => format!("({})", self.written(show)),
            query => query.written(show),
        }
    }
}

/// For the screen and the audit log: customers' words are masked.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str(words::mark!("every letter")),
            query => f.write_str(&query.written(&pipeline::mask::mask_text)),
        }
    }
}

impl FromStr for Query {
    type Err = Problem;

    fn from_str(text: &str) -> Result<Self, Problem> {
        parse::query(text, parse::MOST_CHARS)
    }
}

impl From<Query> for String {
    fn from(query: Query) -> Self {
        query.source()
    }
}

impl TryFrom<String> for Query {
    type Error = Problem;

    fn try_from(text: String) -> Result<Self, Problem> {
        match text.is_empty() {
            true => Ok(Self::Everything),
            false => parse::query(&text, parse::MOST_KEPT),
        }
    }
}

#[cfg(test)]
mod tests;
