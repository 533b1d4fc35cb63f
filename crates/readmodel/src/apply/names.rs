//! Numbers of words, customers, runs and moves: each name stands in the file once.

use super::{Change, Origin};
use crate::error::Result;
use pipeline::events::Events;
use rusqlite::OptionalExtension;
use std::collections::HashMap;

/// Names whose numbers are kept in memory; then they are looked up again.
const MOST: usize = 50_000;

#[derive(Default)]
pub(super) struct Names {
    words: HashMap<String, i64>,
    customers: HashMap<String, i64>,
}

impl Change<'_> {
    /// The number of a word, which it gets when it has none.
    pub(super) fn word(&mut self, text: &str) -> Result<i64> {
        if let Some(id) = self.names.words.get(text) {
            return Ok(*id);
        }
        let id = self.numbered(
            "SELECT id FROM word WHERE text = ?",
            "INSERT INTO word (text) VALUES (?)",
            text,
        )?;
        keep(&mut self.names.words, text, id);
        Ok(id)
    }

    pub(super) fn maybe_word(&mut self, text: Option<&str>) -> Result<Option<i64>> {
        text.map(|text| self.word(text)).transpose()
    }

    pub(super) fn customer(&mut self, company: &str) -> Result<i64> {
        if let Some(id) = self.names.customers.get(company) {
            return Ok(*id);
        }
        let id = self.numbered(
            "SELECT id FROM customer WHERE company = ?",
            "INSERT INTO customer (company, at, stage, what) VALUES (?, 0, 0, 0)",
            company,
        )?;
        keep(&mut self.names.customers, company, id);
        Ok(id)
    }

    pub(super) fn origin(&mut self, events: &Events) -> Result<Origin> {
        Ok(Origin {
            at: events.at,
            stage: events.stage.into(),
            instance: self.word(&events.instance)?,
            program: self.word(&events.program_version)?,
        })
    }

    fn numbered(&self, find: &str, make: &str, name: &str) -> Result<i64> {
        let found = self
            .tx
            .prepare_cached(find)?
            .query_row([name], |row| row.get(0))
            .optional()?;
        match found {
            Some(id) => Ok(id),
            None => Ok(self.tx.prepare_cached(make)?.insert([name])?),
        }
    }
}

fn keep(names: &mut HashMap<String, i64>, name: &str, id: i64) {
    if names.len() >= MOST {
        names.clear();
    }
    names.insert(name.to_owned(), id);
}
