//! How far what is known of a stage's letters goes, and whether that is enough for a query.

use crate::error::Result;
use pipeline::stage::Stage;
use replay::query::{Condition, Query, Word};
use rusqlite::Connection;
use serde::Serialize;

/// How far what is known of the letters of a stage goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Known {
    /// Open letters.
    pub letters: i64,
    /// Letters of which nobody knows why they died.
    pub named: i64,
    /// Letters whose body nobody has seen.
    pub unseen: i64,
    /// Unix milliseconds: when the queue was seen to its end for the last time.
    pub walked_at: Option<i64>,
}

impl Known {
    /// Whether an answer to the query is that of the queue.
    #[must_use]
    pub fn answers(&self, query: &Query) -> bool {
        self.walked_at.is_some() && self.named == 0 && (self.unseen == 0 || !asks_for_text(query))
    }
}

/// What is known of a stage's letters.
///
/// # Errors
/// When the file does not serve.
pub fn known(connection: &Connection, stage: Stage) -> Result<Known> {
    let number = crate::stages::number(stage);
    let count = |sql: &str| -> Result<i64> {
        Ok(connection
            .prepare_cached(sql)?
            .query_row([number], |row| row.get(0))?)
    };
    Ok(Known {
        letters: count("SELECT coalesce(sum(letters), 0) FROM grp WHERE stage = ?")?,
        named: count(
            "SELECT count(*) FROM letter INDEXED BY letter_partial WHERE stage = ? AND whole < 2 AND whole = 0",
        )?,
        unseen: count("SELECT count(*) FROM letter INDEXED BY letter_partial WHERE stage = ? AND whole < 2")?,
        walked_at: crate::apply::noted(connection, &format!("walked:{stage}"))?,
    })
}

fn any_text(query: &Query, test: &impl Fn(&str) -> bool) -> bool {
    match query {
        Query::Is(Condition::Word(Word::Text, _, values)) => values.iter().any(|value| test(value)),
        Query::Everything | Query::Is(_) => false,
        Query::Not(query) => any_text(query, test),
        Query::And(queries) | Query::Or(queries) => queries.iter().any(|query| any_text(query, test)),
    }
}

/// Whether the query is about what letters say.
#[must_use]
pub fn asks_for_text(query: &Query) -> bool {
    any_text(query, &|_| true)
}

/// Whether some text of it is too short for the index.
pub(super) fn has_short_text(query: &Query) -> bool {
    any_text(query, &|text| {
        crate::pieces::question(&text.to_lowercase()).is_none()
    })
}
