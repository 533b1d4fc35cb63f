//! Finding rows by company id, the way to learn what a lost call has done.
//!
//! The server silently ignores a filter it does not like and returns the whole table (docs/jiandaoyun-api.md §2.3), so
//! every returned row is checked; foreign rows mean that the table has to be paged through instead.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::body::Filter;
use super::calls::LARGEST_BATCH;
use super::canonical::hash_row;
use super::client::Client;
use super::kinds::KnownKinds;
use super::types::{Reply, text, written_at_ms};

/// A row of the form that carries a company id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundRow {
    pub(crate) id: String,
    /// Hash over the mapped widgets.
    pub(crate) hash: String,
    /// When it was last written, vendor's clock, ms.
    pub(crate) written_ms: i64,
}

/// Rows by company id, the oldest first.
pub(crate) type Found = HashMap<String, Vec<FoundRow>>;

/// How rows are recognised.
#[derive(Debug, Clone)]
pub(crate) struct Recognition {
    /// The widget that holds the company id.
    pub(crate) key_widget: String,
    /// The widgets whose content counts.
    pub(crate) widgets: Vec<String>,
    /// What their values look like, as the form was read last.
    pub(crate) kinds: KnownKinds,
}

impl Recognition {
    /// Company id and row; `None` for rows that people made by hand without a key.
    pub(crate) fn read(&self, row: &Map<String, Value>) -> Option<(String, FoundRow)> {
        let (key, id) = (text(row, &self.key_widget), text(row, "_id"));
        if key.is_empty() || id.is_empty() {
            return None;
        }
        let widgets = self.widgets.iter().map(String::as_str);
        let kinds = self.kinds.get().unwrap_or_default();
        let found = FoundRow {
            id: id.to_owned(),
            hash: hash_row(row, widgets.filter(|widget| *widget != self.key_widget), &kinds),
            written_ms: written_at_ms(row),
        };
        Some((key.to_owned(), found))
    }
}

impl Client {
    /// The rows of at most 100 companies.
    pub(crate) async fn rows_of(&self, recognition: &Recognition, companies: &[&str]) -> Reply<Found> {
        let filter = Filter::text_in(&recognition.key_widget, companies);
        let filtered = self.collect(recognition, companies, Some(&filter)).await;
        match filtered {
            Collected::Rows(found) => Reply::Ok(found),
            Collected::Stopped(reply) => reply,
            Collected::Foreign => {
                tracing::warn!("vendor ignored the filter by key widget, reading the whole form instead");
                match self.collect(recognition, companies, None).await {
                    Collected::Rows(found) => Reply::Ok(found),
                    Collected::Stopped(reply) => reply,
                    Collected::Foreign => Reply::Ok(Found::new()),
                }
            }
        }
    }

    /// Rows after `cursor`, of those alone that have no key, when a key widget is given. The vendor may ignore that.
    pub(crate) async fn list_keyless(
        &self,
        key_widget: Option<&str>,
        cursor: &str,
    ) -> Reply<Vec<Map<String, Value>>> {
        let filter = key_widget.map(Filter::text_empty);
        self.list(Some(cursor), filter.as_ref()).await
    }

    /// The whole rows of at most 100 companies, ascending by id; `None` when the vendor ignored the filter.
    pub(crate) async fn whole_rows_of(
        &self,
        recognition: &Recognition,
        companies: &[&str],
    ) -> Reply<Option<Vec<Map<String, Value>>>> {
        let key_widget = &recognition.key_widget;
        let filter = Filter::text_in(key_widget, companies);
        let mut rows: Vec<Map<String, Value>> = Vec::new();
        loop {
            let cursor = rows.last().map_or("", |row| text(row, "_id")).to_owned();
            let page = match self.list(Some(&cursor), Some(&filter)).await {
                Reply::Ok(page) => page,
                other => return other.map(|_| None),
            };
            if page.iter().any(|row| !companies.contains(&text(row, key_widget))) {
                return Reply::Ok(None);
            }
            // Only an empty page is certainly the last one.
            match page.last() {
                Some(last) if text(last, "_id") > cursor.as_str() => rows.extend(page),
                _ => return Reply::Ok(Some(rows)),
            }
        }
    }

    async fn collect(
        &self,
        recognition: &Recognition,
        companies: &[&str],
        filter: Option<&Filter<'_>>,
    ) -> Collected {
        let mut found = Found::new();
        let mut cursor = String::new();
        loop {
            let page = match self.list(Some(&cursor), filter).await {
                Reply::Ok(page) => page,
                other => return Collected::Stopped(other.map(|_| Found::new())),
            };
            for row in &page {
                match recognition
                    .read(row)
                    .filter(|(key, _)| companies.contains(&key.as_str()))
                {
                    Some((key, row)) => found.entry(key).or_default().push(row),
                    None if filter.is_some() => return Collected::Foreign,
                    None => {}
                }
            }
            let last = page
                .last()
                .map(|row| text(row, "_id").to_owned())
                .unwrap_or_default();
            if page.len() < LARGEST_BATCH || last <= cursor {
                return Collected::Rows(found);
            }
            cursor = last;
        }
    }
}

enum Collected {
    Rows(Found),
    Foreign,
    Stopped(Reply<Found>),
}
