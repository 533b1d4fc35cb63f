//! Finding rows by company id, the way to learn what a lost call has done and what the form holds of a customer.
//!
//! The server silently ignores a filter it does not like and returns the whole table (docs/jiandaoyun-api.md §2.3), so
//! every returned row is checked; foreign rows mean that the table has to be paged through instead. The filter compares
//! key cells byte for byte: a cell that people have touched is found by [`Client::rows_spelled_otherwise`] or by its
//! row id, never by [`Client::rows_of`].

use serde_json::{Map, Value};

use super::body::Filter;
use super::calls::LARGEST_BATCH;
use super::canonical::hash_row;
use super::client::Client;
use super::codes;
pub(crate) use super::found::{Found, FoundRow};
use super::key::{SPELLINGS, company_id, may_mean, spellings};
use super::kinds::KnownKinds;
use super::types::{Reply, rank, text, written_at_ms};

/// Values of one filter at most: older texts of the vendor say 200, newer ones 1000 (docs/jiandaoyun-api.md §2.3).
const MOST_VALUES: usize = 200;

/// Rows that were asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) rows: Found,
    /// The vendor ignored the filter, and the whole form was read.
    pub(crate) whole: bool,
}

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
        let cell = self.key_cell(row);
        let key = company_id(&cell);
        if key.is_empty() {
            return None;
        }
        let found = self.found(row, *cell == *key)?;
        Some((key.into_owned(), found))
    }

    /// The row as one of this company, whose row id is all that is left; `None` when it is another customer's by now.
    pub(crate) fn read_as(&self, company: &str, row: &Map<String, Value>) -> Option<FoundRow> {
        let cell = self.key_cell(row);
        may_mean(&cell, company)
            .then(|| self.found(row, cell == company))
            .flatten()
    }

    /// The row of somebody who is known by the row id alone, whatever its key cell holds. `counts`: as if that were right.
    pub(crate) fn read_by_id(&self, row: &Map<String, Value>, counts: bool) -> Option<FoundRow> {
        let found = self.found(row, counts)?;
        Some(FoundRow {
            is_known_by_id: counts,
            ..found
        })
    }

    fn found(&self, row: &Map<String, Value>, is_key_right: bool) -> Option<FoundRow> {
        let widgets = self.widgets.iter().map(String::as_str);
        let kinds = self.kinds.get().unwrap_or_default();
        let widgets = widgets.filter(|widget| *widget != self.key_widget);
        let id = text(row, "_id");
        if id.is_empty() {
            return None;
        }
        Some(FoundRow {
            id: id.to_owned(),
            content: hash_row(row, widgets, &kinds),
            is_key_right,
            is_known_by_id: false,
            written_ms: written_at_ms(row),
        })
    }

    /// A widget that was a number once may still hold one.
    fn key_cell(&self, row: &Map<String, Value>) -> String {
        match row.get(&self.key_widget) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }
}

/// The id right before this one, which is a number to base sixteen.
fn before(row_id: &str) -> Option<String> {
    let number = u128::from_str_radix(row_id, 16).ok()?.checked_sub(1)?;
    let width = row_id.len();
    (width == 24).then(|| format!("{number:0width$x}"))
}

/// A page of the form, as those who read it to its end need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There may be more after this row.
    Next,
    /// Nothing came after the cursor.
    End,
    /// A full page of rows that came before: the vendor ignores the cursor, and nobody knows where the form ends.
    Stuck,
}

/// Where reading goes on after this page. A short page is no end: the vendor promises none, and may leave out what it
/// could not read in time. The end is where nothing new comes.
pub(crate) fn turn(page: &[Map<String, Value>], cursor: &str) -> (Turn, String) {
    let last = page
        .iter()
        .map(|row| text(row, "_id"))
        .max_by_key(|id| rank(id))
        .unwrap_or_default();
    match rank(last) > rank(cursor) {
        true => (Turn::Next, last.to_owned()),
        false if page.len() < LARGEST_BATCH => (Turn::End, cursor.to_owned()),
        false => (Turn::Stuck, cursor.to_owned()),
    }
}

impl Client {
    /// The rows of at most 100 companies whose key cells are written as they should be.
    pub(crate) async fn rows_of(&self, recognition: &Recognition, companies: &[&str]) -> Reply<Shown> {
        let filter = Filter::text_in(&recognition.key_widget, companies);
        match self.collect(recognition, companies, Some(&filter)).await {
            Collected::Rows(rows) => Reply::Ok(Shown { rows, whole: false }),
            Collected::Stopped(reply) => reply,
            Collected::Foreign => self.in_whole_form(recognition, companies).await,
        }
    }

    /// The rows of at most 100 companies whose key cells hold the id in one of the [`spellings`].
    pub(crate) async fn rows_spelled_otherwise(
        &self,
        recognition: &Recognition,
        companies: &[&str],
    ) -> Reply<Shown> {
        let mut rows = Found::new();
        for some in companies.chunks(MOST_VALUES / SPELLINGS) {
            let others: Vec<String> = some.iter().flat_map(|company| spellings(company)).collect();
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            let filter = Filter::text_in(&recognition.key_widget, &others);
            match self.collect(recognition, some, Some(&filter)).await {
                Collected::Rows(found) => rows.extend(found),
                Collected::Stopped(reply) => return reply,
                // One reading shows those of all.
                Collected::Foreign => return self.in_whole_form(recognition, companies).await,
            }
        }
        Reply::Ok(Shown { rows, whole: false })
    }

    async fn in_whole_form(&self, recognition: &Recognition, companies: &[&str]) -> Reply<Shown> {
        tracing::warn!("vendor ignored the filter by key widget, reading the whole form instead");
        match self.collect(recognition, companies, None).await {
            Collected::Rows(rows) => Reply::Ok(Shown { rows, whole: true }),
            Collected::Stopped(reply) => reply,
            Collected::Foreign => Reply::Ok(Shown::default()),
        }
    }

    /// The row with this id; `None` when there is none any more. Where the key may not use that call, or it fails, the
    /// page behind the id before it shows the row.
    pub(crate) async fn row_by_id(&self, row_id: &str) -> Reply<Option<Map<String, Value>>> {
        match self.get(row_id).await {
            Reply::Refused(refusal) if refusal.code == codes::RECORD_GONE => Reply::Ok(None),
            Reply::Ok(row) => Reply::Ok(row.filter(|row| text(row, "_id") == row_id)),
            unsent @ Reply::Unsent(_) => unsent,
            Reply::Refused(refusal) if refusal.asks_to_wait() => Reply::Refused(refusal),
            other => match before(row_id) {
                Some(before) => self.row_behind(&before, row_id).await,
                None => other,
            },
        }
    }

    async fn row_behind(&self, before: &str, row_id: &str) -> Reply<Option<Map<String, Value>>> {
        let page = self.list(Some(before), None).await;
        page.map(|rows| rows.into_iter().find(|row| text(row, "_id") == row_id))
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
        let mut cursor = String::new();
        loop {
            let page = match self.list(Some(&cursor), Some(&filter)).await {
                Reply::Ok(page) => page,
                other => return other.map(|_| None),
            };
            if page.iter().any(|row| !companies.contains(&text(row, key_widget))) {
                return Reply::Ok(None);
            }
            let (turn, next) = turn(&page, &cursor);
            match turn {
                Turn::Stuck => return Reply::Unknown(STUCK.to_owned()),
                Turn::End => return Reply::Ok(Some(rows)),
                Turn::Next => {}
            }
            let new = page
                .into_iter()
                .filter(|row| rank(text(row, "_id")) > rank(&cursor));
            rows.extend(new);
            cursor = next;
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
                other => return Collected::Stopped(other.map(|_| Shown::default())),
            };
            let (turn, next) = turn(&page, &cursor);
            match turn {
                Turn::Stuck => return Collected::Stopped(Reply::Unknown(STUCK.to_owned())),
                Turn::End => return Collected::Rows(found),
                Turn::Next => {}
            }
            for row in page.iter().filter(|row| rank(text(row, "_id")) > rank(&cursor)) {
                match recognition
                    .read(row)
                    .filter(|(key, _)| companies.contains(&key.as_str()))
                {
                    Some((key, row)) => found.entry(key).or_default().push(row),
                    None if filter.is_some() => return Collected::Foreign,
                    None => {}
                }
            }
            // Every company has its row: what a short page may have left out could only be one more of the same.
            if filter.is_some() && page.len() < LARGEST_BATCH && found.len() == companies.len() {
                return Collected::Rows(found);
            }
            cursor = next;
        }
    }
}

/// What is said of a vendor that does not page.
pub(crate) const STUCK: &str = words::mark!("data/list returns the same rows whatever cursor it is given");

enum Collected {
    Rows(Found),
    Foreign,
    Stopped(Reply<Shown>),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(ids: std::ops::Range<usize>) -> Vec<Map<String, Value>> {
        let row = |id| json!({"_id": format!("{id:04}")}).as_object().cloned().unwrap();
        ids.map(row).collect()
    }

    #[test]
    fn only_nothing_new_is_the_end_of_the_form() {
        assert_eq!(turn(&page(0..100), ""), (Turn::Next, "0099".to_owned()));
        assert_eq!(
            turn(&page(0..3), ""),
            (Turn::Next, "0002".to_owned()),
            "a short page"
        );
        assert_eq!(turn(&[], "0002"), (Turn::End, "0002".to_owned()));
        let inclusive = page(2..3);
        assert_eq!(
            turn(&inclusive, "0002").0,
            Turn::End,
            "the cursor's own row again"
        );
        assert_eq!(
            turn(&page(0..100), "0099").0,
            Turn::Stuck,
            "no cursor is respected"
        );
    }

    #[test]
    fn a_row_with_a_touched_key_is_its_customers_and_wants_to_be_written() {
        let recognition = Recognition {
            key_widget: "_k".to_owned(),
            widgets: vec!["_k".to_owned(), "_w".to_owned()],
            kinds: KnownKinds::default(),
        };
        let row = |key: Value| {
            json!({"_id": "r", "_k": key, "_w": "content"})
                .as_object()
                .cloned()
                .unwrap()
        };
        let (key, right) = recognition.read(&row(json!("12"))).unwrap();
        assert!(key == "12" && !right.hash().is_empty());
        for touched in [json!("12 "), json!("１２"), json!("1.2E+1"), json!(12.0)] {
            let (key, found) = recognition.read(&row(touched.clone())).unwrap();
            assert_eq!((key.as_str(), found.hash()), ("12", ""), "{touched}");
        }
        assert_eq!(recognition.read(&row(json!(" "))), None);
        let cleared = recognition.read_as("12", &row(json!(""))).unwrap();
        assert_eq!(cleared.hash(), "");
        let crossed_out = recognition.read_as("12", &row(json!("作废"))).unwrap();
        assert_eq!(crossed_out.hash(), "", "and it wants to be written");
        assert_eq!(recognition.read_as("12", &row(json!("12"))), Some(right));
        assert_eq!(
            recognition.read_as("12", &row(json!("13"))),
            None,
            "another's by now"
        );
    }
}
