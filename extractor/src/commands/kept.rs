//! Whether the source document's condition keeps anybody of those at hand, and reads keys that they have: a misspelt key holds
//! for nobody, and everybody would be filtered, with all programs at work.

use super::check::Step;
use crate::{
    okki::{Client, Page, time},
    selection::{Selected, Selection},
};
use mapping::{Context, FilterResult, Presence, Record, clean, keys, nearest, surrogate};
use pipeline::quota::Lane;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Customers whose details are asked for.
const MOST: usize = 5;

/// Applies the condition, if there is one, to a few customers of the page.
pub(super) async fn try_condition(client: &Client, page: &Page, steps: &mut Vec<Step>) {
    let selection = &client.source().selection;
    if selection.condition.is_empty() {
        return;
    }
    let mut details = Vec::new();
    for item in page.items.iter().take(MOST) {
        if let Ok(detail) = client.detail(Lane::Live, &item.company_id).await {
            details.push(detail.json);
        }
    }
    if !details.is_empty() {
        steps.push(judged(selection, &details));
    }
}

fn judged(selection: &Selection, details: &[Box<RawValue>]) -> Step {
    let now = now();
    let is_kept = |detail: &RawValue| {
        let selected = selection.apply(detail.to_owned(), now);
        matches!(selected, Ok(Selected::Kept(_)))
    };
    let kept = details.iter().filter(|detail| is_kept(detail)).count();
    let unknown = unknown_keys(selection, details);
    let told = words::tr!("the condition keeps {kept} of {} customers", details.len());
    let remedy = match (unknown.is_empty(), kept) {
        (false, _) => words::text!("correct the name of the key in the condition of the source document"),
        (true, 0) => {
            words::text!("read the condition of the source document once more: nobody else is handed on")
        }
        _ => "",
    };
    let is_wrong = !unknown.is_empty();
    let told = [told]
        .into_iter()
        .chain(unknown)
        .chain(removed(selection, details));
    let told: Vec<String> = told.collect();
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    Step {
        ok: !is_wrong,
        remedy,
        ..Step::remark("condition", &words::sentences(&told))
    }
}

/// The customers as the condition sees them.
fn records(selection: &Selection, details: &[Box<RawValue>]) -> Vec<Record> {
    let record = |detail: &RawValue| -> Option<Record> {
        let (json, _) = surrogate::repaired(detail.get().as_bytes());
        let mut record = clean::clean(serde_json::from_slice(&json).ok()?).ok()?;
        selection.format.apply(&mut record, &Context::at(now()));
        Some(record)
    };
    details.iter().filter_map(|detail| record(detail)).collect()
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(time::now()).unwrap_or_default()
}

/// Lists of which the condition removes entries, with how many of these customers lose some.
fn removed(selection: &Selection, details: &[Box<RawValue>]) -> Vec<String> {
    let mut lists: BTreeMap<String, usize> = BTreeMap::new();
    for before in records(selection, details) {
        let mut after = before.clone();
        if selection.condition.apply(&mut after, &Context::at(now())) == FilterResult::Keep {
            for (list, ..) in selection.condition.removed(&before, &after) {
                *lists.entry(list).or_default() += 1;
            }
        }
    }
    let told = |(list, customers)| words::tr!("it removes entries of {list} from {customers} of them");
    lists.into_iter().map(told).collect()
}

/// Keys of the condition that none of these customers has.
fn unknown_keys(selection: &Selection, details: &[Box<RawValue>]) -> Vec<String> {
    let records = records(selection, details);
    let names: std::collections::BTreeSet<String> = records.iter().flat_map(keys).collect();
    let is_absent = |path: &&mapping::Path| {
        let absent = |record: &Record| path.presence(record) == Presence::Absent;
        !records.is_empty() && records.iter().all(absent)
    };
    let mut absent: Vec<&str> = selection
        .condition
        .paths()
        .filter(is_absent)
        .map(mapping::Path::as_str)
        .collect();
    absent.sort_unstable();
    absent.dedup();
    let told = |key: &str| {
        let near = nearest(key, names.iter().map(String::as_str));
        let near = match near.is_empty() {
            true => String::new(),
            false => words::tr!("; near are {}", words::list(&near)),
        };
        let count = records.len();
        words::tr!("the key {key} is in none of the {count} customers seen{near}")
    };
    absent.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapping::SourceDocument;

    #[test]
    fn a_condition_is_tried_on_customers_and_its_keys_are_compared_with_theirs() {
        let judge = |field: &str, value: &str| {
            let text = format!(
                r#"{{"api": "/x", "effect": "QUERY", "method": "GET", "request": [],
                    "condition": [[{{"field": "{field}", "logic": "eq", "value": "{value}"}}]]}}"#
            );
            let document = SourceDocument::parse(&text, "source").unwrap().document;
            let selection = Selection {
                format: document.format_response,
                condition: document.condition,
            };
            let detail = |kind: u8| {
                let json = format!(
                    r#"{{"company_id": 7, "archive_type": {kind}, "customers": [{{"gender": 0}}, {{"gender": {kind}}}]}}"#
                );
                serde_json::from_str::<Box<RawValue>>(&json).unwrap()
            };
            let step = judged(&selection, &[detail(1), detail(2)]);
            (step.ok, step.detail)
        };
        let (ok, told) = judge("archive_typ", "1");
        assert!(
            !ok && told.contains("keeps 0 of 2") && told.contains("archive_typ is in none"),
            "{told}"
        );
        assert!(told.contains("near are archive_type"), "{told}");
        assert_eq!(
            judge("archive_type", "1"),
            (true, "the condition keeps 1 of 2 customers".to_owned())
        );
        let (ok, told) = judge("customers.gender", "1");
        assert!(
            ok && told.contains("keeps 1 of 2")
                && told.contains("removes entries of customers from 1 of them"),
            "{told}"
        );
    }
}
