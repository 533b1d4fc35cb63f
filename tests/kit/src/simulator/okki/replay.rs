//! A recorded account in the place of the generated one (`simulator --replay`, `pipeline::recording`): the rows of its
//! customers in the usual listing, their details byte for byte.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::Context;
use jiff::Timestamp;
use pipeline::recording::Manifest;

use super::refuse;
use crate::simulator::call::Call;
use crate::simulator::clock::from_beijing;
use crate::simulator::reply::{Reply, decoded};
use crate::simulator::settings::OkkiSettings;

/// An answer as it was recorded.
#[derive(Clone, Debug)]
struct Kept {
    status: u16,
    body: String,
}

/// A recorded account.
#[derive(Debug)]
pub(in crate::simulator) struct Replay {
    /// (update time, row), ascending.
    order: Vec<(i64, u32)>,
    rows: Vec<String>,
    details: BTreeMap<String, Kept>,
    settings: Vec<(String, BTreeMap<String, String>, Kept)>,
}

impl Replay {
    /// Reads a folder.
    pub(in crate::simulator) fn read(folder: &Path) -> anyhow::Result<Replay> {
        let manifest = Manifest::read(folder)?;
        let text = |file: &str| {
            let path = Manifest::file(folder, file);
            let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            anyhow::Ok(decoded(&bytes))
        };
        let mut details = BTreeMap::new();
        for customer in &manifest.customers {
            let (status, body) = (customer.status, text(&customer.file)?);
            details.insert(customer.company_id.clone(), Kept { status, body });
        }
        let mut settings = Vec::new();
        for answer in &manifest.settings {
            let (status, body) = (answer.status, text(&answer.file)?);
            settings.push((answer.path.clone(), answer.query.clone(), Kept { status, body }));
        }
        let mut pages = Vec::new();
        for page in &manifest.pages {
            pages.push(text(&page.file)?);
        }
        let recorded: Timestamp = manifest.recorded_at.parse().unwrap_or_else(|_| Timestamp::now());
        let mut rows = listed(&pages, &details);
        let shown: HashSet<String> = rows.iter().filter_map(|row| id(row)).collect();
        rows.extend(
            details
                .iter()
                .filter(|(id, _)| !shown.contains(*id))
                .map(|(id, kept)| row(id, &kept.body)),
        );
        let time = |row: &String| {
            let of_detail = || time(&details.get(&id(row)?)?.body);
            time(row).or_else(of_detail).unwrap_or(recorded.as_second())
        };
        let mut order: Vec<_> = rows.iter().map(time).zip(0..).collect();
        order.sort_unstable();
        Ok(Replay {
            order,
            rows,
            details,
            settings,
        })
    }

    /// Listing order, ascending; nobody is known to be deleted.
    pub(super) fn listing(&self, removed: bool) -> &[(i64, u32)] {
        if removed { &[] } else { &self.order }
    }

    pub(super) fn row(&self, index: u32) -> String {
        self.rows[index as usize].clone()
    }

    /// Customers that can be asked for.
    pub(in crate::simulator) fn len(&self) -> usize {
        self.details.len()
    }

    pub(super) fn detail(&self, settings: &OkkiSettings, call: &Call) -> Reply {
        let id = call.parameter("company_id").unwrap_or_default();
        match self.details.get(&id) {
            Some(kept) => kept.reply(),
            None => refuse(settings, 404, "Not Found Resource"),
        }
    }

    /// A list of the account's choices or fields, if it was recorded.
    pub(super) fn settings(&self, call: &Call) -> Option<Reply> {
        let is_asked = |query: &BTreeMap<String, String>| {
            query
                .iter()
                .all(|(name, value)| call.parameter(name).as_ref() == Some(value))
        };
        let mut all = self.settings.iter();
        let found = all.find(|(path, query, _)| path == call.path() && is_asked(query));
        found.map(|(_, _, kept)| kept.reply())
    }
}

impl Kept {
    fn reply(&self) -> Reply {
        Reply {
            status: self.status,
            body: self.body.clone(),
            retry_after: None,
            code: 0,
            left: None,
            location: None,
        }
    }
}

/// The rows of recorded customers, each as the newest page shows it, and those that name no customer.
fn listed(pages: &[String], details: &BTreeMap<String, Kept>) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    for row in pages.iter().rev().flat_map(|page| elements(page)) {
        let is_wanted = match id(row) {
            Some(id) => details.contains_key(&id) && seen.insert(id),
            None => seen.insert(row.to_owned()),
        };
        if is_wanted {
            rows.push(row.to_owned());
        }
    }
    rows
}

/// A row for a customer of which none was recorded.
fn row(id: &str, detail: &str) -> String {
    let time =
        member(detail, "update_time").map_or(String::new(), |time| format!(r#","update_time":{time}"#));
    format!(r#"{{"company_id":{id}{time}}}"#)
}

/// What stands in `list` of a page; no parser of values keeps how it is written, and what is odd in a row is why it was recorded.
fn elements(page: &str) -> Vec<&str> {
    let Some(start) = page.find(r#""list":"#).map(|at| at + r#""list":"#.len()) else {
        return Vec::new();
    };
    let text = &page[start..];
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    let (mut found, mut begin) = (Vec::new(), None);
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ if in_text => {}
            '{' | '[' => {
                depth += 1;
                // Of a list that came as an object the keys are passed over.
                if depth == 2 {
                    begin = Some(at);
                }
            }
            '}' | ']' => {
                depth -= 1;
                if let (1, Some(begin)) = (depth, begin.take_if(|_| depth == 1)) {
                    found.push(&text[begin..=at]);
                }
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

/// The last member of that name, as it is written.
fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let key = format!(r#""{name}":"#);
    let rest = json[json.rfind(&key)? + key.len()..].trim_start();
    let end = match rest.strip_prefix('"') {
        Some(text) => text.find('"')? + 2,
        None => rest.find([',', '}', '\n'])?,
    };
    Some(rest[..end].trim())
}

/// The customer of a row, if it names one.
fn id(row: &str) -> Option<String> {
    let text = member(row, "company_id")?.trim_matches('"').trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0') {
        return Some(text.to_owned());
    }
    let number: f64 = text.parse().ok()?;
    (number >= 1.0 && number.fract() == 0.0 && number < 9e15).then(|| (number as i64).to_string())
}

/// The update time of a row or detail, in the forms that OKKI may write.
fn time(json: &str) -> Option<i64> {
    let text = member(json, "update_time")?.trim_matches('"');
    if let Ok(number) = text.parse::<f64>() {
        let seconds = if number >= 1e11 { number / 1000.0 } else { number };
        return (seconds >= 1.0).then_some(seconds as i64);
    }
    from_beijing(&text.replace('/', "-"), false)
        .or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_as_they_are_written() {
        let array = "{\"data\": {\"list\": [\n {\"company_id\": 7, \"name\": \"]}\\\"\", \"x\": [1, {}]},\n {\"company_id\": \"5.0\"}\n], \"totalItem\": 2}}";
        assert_eq!(
            elements(array),
            [
                r#"{"company_id": 7, "name": "]}\"", "x": [1, {}]}"#,
                r#"{"company_id": "5.0"}"#
            ]
        );
        assert_eq!(
            elements(r#"{"list": {"3": {"company_id": 5}}}"#),
            [r#"{"company_id": 5}"#]
        );
        assert!(elements(r#"{"list": []}"#).is_empty() && elements(r#"{"list": null}"#).is_empty());
    }

    #[test]
    fn ids_and_times_are_read_in_every_spelling() {
        for (row, expected) in [
            (r#"{"company_id": 56657420945678}"#, Some("56657420945678")),
            (
                r#"{"company_id": 5.6657420945678e13, "a": 1}"#,
                Some("56657420945678"),
            ),
            (r#"{"company_id": "5.0"}"#, Some("5")),
            (r#"{"company_id": "x"}"#, None),
            (r#"{"name": 7}"#, None),
        ] {
            assert_eq!(id(row).as_deref(), expected, "{row}");
        }
        for time_text in [
            "\"2026-11-28 04:59:08\"",
            "1795813148000",
            "\"1795813148\"",
            "\"2026-11-27T20:59:08.000Z\"",
        ] {
            let row = format!("{{\"update_time\": {time_text}}}");
            assert_eq!(time(&row), Some(1_795_813_148), "{row}");
        }
    }
}
