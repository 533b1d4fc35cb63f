//! Writing keys once more that something in the form has rewritten, and what that shows.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use super::super::Writer;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::Recognition;
use crate::keyless;
use crate::ledger::{Error, Owner};
use crate::vendor::Patience;

impl Writer {
    /// Writes the keys of these rows once more, customer and row id of each, unless that was tried before. Customers whose
    /// rows are known by their ids from now on; `None` when that cannot be done now.
    pub(in crate::write) async fn write_keys(
        &self,
        recognition: &Recognition,
        rows: &[(&str, &str)],
        patience: &Patience,
    ) -> Option<HashSet<String>> {
        let mut rewritten: Vec<(&str, &str)> = Vec::new();
        for rows in rows.chunks(LARGEST_BATCH) {
            let ids: Vec<&str> = rows.iter().map(|(_, id)| *id).collect();
            let before = self.ledger.rewritten(&ids).await;
            let before = before.map_err(|error| drop(self.ledger_failed(&error))).ok()?;
            let of = |tried: bool| {
                let is_so =
                    move |owner: &&Option<Owner>| owner.as_ref().is_some_and(|owner| owner.tried) == tried;
                rows.iter().zip(&before).filter(move |(_, owner)| is_so(owner))
            };
            // Its key has not stayed.
            let mut others: Vec<(&str, &str)> = of(true).map(|(row, _)| *row).collect();
            let untried: Vec<(&str, &str)> = of(false).map(|(row, _)| *row).collect();
            let tried = self.write_some_keys(recognition, &untried, patience).await?;
            others.extend(&tried.others);
            let known = rows.iter().zip(&before).filter(|(row, owner)| {
                others.contains(row) && owner.as_ref().is_some_and(|owner| !owner.tried)
            });
            let new = others.len() - known.count();
            if let Err(error) = self.note_keys(&tried, &others, new).await {
                drop(self.ledger_failed(&error));
                return None;
            }
            rewritten.extend(others);
        }
        if !rewritten.is_empty() {
            tracing::error!(
                rows = rewritten.len(),
                key_widget = recognition.key_widget,
                "something in the form writes into the key widget: the keys of these rows do not stay; the rows are known by \
                 their ids"
            );
        }
        Some(
            rewritten
                .into_iter()
                .map(|(company, _)| company.to_owned())
                .collect(),
        )
    }

    async fn note_keys(&self, tried: &Keys<'_>, others: &[(&str, &str)], new: usize) -> Result<(), Error> {
        self.ledger.forget_rewritten(&tried.gone, false).await?;
        self.ledger.key_tried(&tried.there).await?;
        self.ledger.key_rewritten(others, new).await?;
        self.rewritten.learn(self.ledger.rewriting().await?);
        // An automation may take its time; whether the key stays shows when it is read again.
        let there: Vec<&str> = tried.there.iter().map(|(company, _)| *company).collect();
        self.verify_soon(&there).await;
        Ok(())
    }

    /// What became of these keys a moment later.
    async fn write_some_keys<'a>(
        &self,
        recognition: &Recognition,
        rows: &[(&'a str, &'a str)],
        patience: &Patience,
    ) -> Option<Keys<'a>> {
        let mut keys = Keys::default();
        if rows.is_empty() {
            return Some(keys);
        }
        let pairs: Vec<(String, String)> = rows
            .iter()
            .map(|(company, id)| ((*id).to_owned(), (*company).to_owned()))
            .collect();
        let mut left = keyless::Left::default();
        let key_widget = &recognition.key_widget;
        match keyless::write(&self.runtime, &self.vendor, key_widget, &pairs, &mut left).await {
            // A row that takes no key is one whose key does not stay.
            Ok(()) | Err(keyless::Error::Refused(_)) => {}
            Err(error) => {
                tracing::debug!(%error, "keys of rows cannot be written now");
                return None;
            }
        }
        // By their ids, because lists may be behind.
        for (company, id) in rows {
            match self.whole_row(id, patience).await? {
                Err(_) => {}
                Ok(None) => keys.gone.push(*id),
                Ok(Some(row)) => match recognition.read(&row) {
                    Some((key, row)) if key == *company && row.is_key_right => {
                        keys.there.push((*company, *id))
                    }
                    _ => keys.others.push((*company, *id)),
                },
            }
        }
        Some(keys)
    }

    /// Rows that were read again when nothing can be late any more, customer and row id of each, and all hold their keys.
    pub(in crate::write) async fn keys_stay(&self, rows: &[(&str, &str)]) -> Result<(), Error> {
        let is_known = self.rewritten.some.load(Ordering::Relaxed);
        if rows.is_empty() || !is_known {
            return Ok(());
        }
        let ids: Vec<&str> = rows.iter().map(|(_, id)| *id).collect();
        self.ledger.forget_rewritten(&ids, true).await?;
        self.rewritten.in_a_row.store(0, Ordering::Relaxed);
        Ok(())
    }
}

/// What became of keys that were written once more.
#[derive(Default)]
struct Keys<'a> {
    /// They are there, as far as can be told so soon.
    there: Vec<(&'a str, &'a str)>,
    /// Something else is.
    others: Vec<(&'a str, &'a str)>,
    /// Rows that do not exist.
    gone: Vec<&'a str>,
}
