//! The one layout of documents: what is shipped is in it, and formatting makes no other mapping.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use mapping::canonical;
use mapping::clean::clean;
use proptest::prelude::*;
use serde_json::{Value, json};
use transformer::map::{Extras, Mapping};

const SHIPPED: [(&str, &str); 4] = [
    ("default.json", include_str!("../../mappings/default.json")),
    (
        "default.tests.json",
        include_str!("../../mappings/default.tests.json"),
    ),
    (
        "lookup.example.json",
        include_str!("../../mappings/lookup.example.json"),
    ),
    (
        "lookup.extras.json",
        include_str!("../../mappings/lookup.extras.json"),
    ),
];

#[test]
fn what_is_shipped_is_laid_out() {
    for (name, text) in SHIPPED {
        assert_eq!(
            canonical(text, name).unwrap(),
            text,
            "transformer mapping fmt --write {name}"
        );
    }
}

/// Fields, captions, expressions, types and warnings without their places.
fn said(mapping: &Mapping) -> String {
    let warnings: Vec<&str> = mapping
        .warnings()
        .iter()
        .map(|warning| warning.message.as_str())
        .collect();
    format!(
        "{:?} {warnings:?} {:?}",
        mapping.fields(),
        mapping.other_request()
    )
}

fn alike(before: &str, after: &str) {
    let (one, other) = (
        Mapping::load(before, None).unwrap(),
        Mapping::load(after, None).unwrap(),
    );
    assert_eq!(said(&one), said(&other));
    assert_eq!(one.fingerprint(), other.fingerprint());
    let customer = json!({"name": "A", "tag": [{"tag_name": "x"}], "n": 11, "company": [{"name": "特征信息", "fields": [{"name": "年采购额", "value": 11}]}]});
    let record = clean(customer).unwrap();
    let cells = |mapping: &Mapping| format!("{:?}", mapping.map(&record, Timestamp::UNIX_EPOCH));
    assert_eq!(cells(&one), cells(&other));
}

#[test]
fn a_formatted_document_is_the_same_mapping() {
    for text in [include_str!("../../mappings/seed.json"), SHIPPED[0].1] {
        alike(text, &canonical(text, "t").unwrap());
        let value: Value = serde_json::from_str(text).unwrap();
        alike(text, &value.to_string());
    }
}

#[test]
fn formatted_additions_say_the_same() {
    let text = "{\"zone\" :\"+08:00\",\n\n\"condition\":[[{\"field\":\"a\",\"logic\":\"eq\",\"value\":1.0}]],\"widgets\":{\"a\":\"number\"}}";
    let (one, other) = (
        Extras::parse(text, "t").unwrap(),
        Extras::parse(&canonical(text, "t").unwrap(), "t").unwrap(),
    );
    assert_eq!(one.condition_text, other.condition_text);
    assert_eq!((one.widgets, one.zone), (other.widgets, other.zone));
}

proptest! {
    /// Whatever the texts of a document hold.
    #[test]
    fn any_document_stays_the_same_mapping(
        values in prop::collection::vec(("[a-z]{1,3}", "[ -~中\u{200b}😀]{0,40}|\\{\\{n\\}\\}|_function \\{\\{n\\}\\}\\+1"), 1..5),
        blanks in "[ \n\t\r]{0,3}",
    ) {
        let fields: Vec<Value> = values
            .iter()
            .enumerate()
            .map(|(n, (label, value))| json!({"field": format!("f{n}"), "label": label, "value": value}))
            .collect();
        let document = json!({"api": "/data_create", "effect": "EXECUTE", "request": fields});
        let text = document.to_string().replace("\":", &format!("\"{blanks}:{blanks}"));
        // A value may end in `":`, and then it is another text, which is as good.
        prop_assume!(serde_json::from_str::<Value>(&text).is_ok_and(|read| read == document));
        let after = canonical(&text, "t").unwrap();
        match (Mapping::load(&text, None), Mapping::load(&after, None)) {
            (Ok(_), Ok(_)) => alike(&text, &after),
            (Err(one), Err(other)) => prop_assert_eq!(one.len(), other.len()),
            (one, other) => prop_assert!(false, "{:?} {:?}", one.is_ok(), other.is_ok()),
        }
    }
}
