//! A record without what the mapping does not read maps to the same cells, whatever shape the answer has.

#![allow(clippy::unwrap_used)]

use jiff::Timestamp;
use mapping::clean::{clean_in, read};
use proptest::prelude::*;
use serde_json::{Value, json};
use transformer::map::Mapping;

/// Every kind of reading: plain, nested, by index, by element, by suffix, with dots in the key, flattened, in children,
/// inside functions.
fn document() -> String {
    let field = |(at, value): (usize, &str)| json!({"field": format!("_widget_{at}"), "label": format!("f{at}"), "type": "string", "value": value});
    let values = [
        "{name}",
        "{{基本信息客户来源}}",
        "{{tel_list_0}}-{tel_list_1}",
        "{{customers.0.email}}",
        "{{customers.name}}",
        "{{a.b}}",
        "{{tag.*.tag_name|implode}}",
        "_function CASE '{{联系信息座机.tel}}' WHEN '' THEN '{{country_name}}' ELSE UPPER('{{联系信息座机.tel}}') END",
        "_function SUM({{scores.n}}) + 1",
        "{{update_time|date}} {{其他成立}}",
        "{{company}}{{company.name}}",
    ];
    let mut request: Vec<Value> = values.into_iter().enumerate().map(field).collect();
    request.push(json!({
        "field": "_widget_rows", "label": "rows", "type": "array", "value": "customers",
        "children": [{"field": "_widget_email", "label": "email", "type": "string", "value": "{{customers.email}} {{origin}}"}],
    }));
    json!({"api": "/v1/rows", "effect": "EXECUTE", "method": "POST", "request": request}).to_string()
}

const CONDITION: &str = r#"{"condition": [[{"field": "archive_type", "logic": "eq", "value": "1"}],
    [{"field": "{{其他备注}}", "logic": "neq", "value": "x"}]]}"#;

const NAMES: &[&str] = &[
    "name",
    "tel_list",
    "tel_list_0",
    "customers",
    "a",
    "a.b",
    "tag",
    "country_name",
    "scores",
    "update_time",
    "origin",
    "archive_type",
    "company",
    "基本信息客户来源",
    "其他备注",
    "nobody_reads_this",
    "名称",
    "fields",
    "value",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..2_000_000_000).prop_map(Value::from),
        Just(json!(1.50)),
        "[ x1客\u{7}-]{0,5}".prop_map(Value::from),
        Just(json!("2025/7/3 9:05")),
        Just(json!("1970-01-01")),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let inner = prop::sample::select(
        &[
            "email",
            "name",
            "tag_name",
            "n",
            "b",
            "tel",
            "tel_area_code",
            "value",
            "fields",
            "other_time",
        ][..],
    );
    leaf().prop_recursive(3, 16, 4, move |below| {
        prop_oneof![
            prop::collection::vec(below.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((inner.clone(), below), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

fn company() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        6 => prop::sample::select(&["客户来源", " 座机", "备注", "成立", "x", "信息"][..]).prop_map(Value::from),
        1 => leaf(),
    ];
    let kind = prop::sample::select(vec![json!("4"), json!(10), json!("1"), json!(" 4 "), json!(null)]);
    let field = (name, kind, value(), any::<bool>()).prop_map(|(name, kind, value, last)| match last {
        true => json!({"id": "i", "value": value, "name": name, "field_type": kind, "ext": {"a": [1]}}),
        false => json!({"name": name, "field_type": kind, "base": "1", "value": value}),
    });
    let group = prop_oneof![
        6 => prop::sample::select(&["基本信息", "联系信息 ", "其他", "基本"][..]).prop_map(Value::from),
        1 => leaf(),
    ];
    let group = (group, prop::collection::vec(field, 0..5), any::<bool>()).prop_map(
        |(name, fields, last)| match last {
            true => json!({"fields": fields, "id": 1, "name": name}),
            false => json!({"name": name, "fields": fields}),
        },
    );
    prop_oneof![
        6 => prop::collection::vec(group, 0..4).prop_map(Value::from),
        1 => value(),
    ]
}

fn answer() -> impl Strategy<Value = Value> {
    let members = prop::collection::vec((prop::sample::select(NAMES), value()), 0..12);
    let object =
        (members, prop::option::of(company()), any::<bool>()).prop_map(|(members, company, first)| {
            let company = company.map(|company| ("company", company));
            let all: Vec<_> = match first {
                true => company.into_iter().chain(members).collect(),
                false => members.into_iter().chain(company).collect(),
            };
            Value::Object(
                all.into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect(),
            )
        });
    prop_oneof![20 => object, 1 => value()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_nobody_reads_makes_no_difference(answer in answer()) {
        let now = Timestamp::UNIX_EPOCH;
        for extras in [None, Some(CONDITION)] {
            let mapping = Mapping::load(&document(), extras).unwrap();
            let whole = clean_in(answer.clone(), mapping.zone());
            let slim = read(answer.to_string().as_bytes(), mapping.wanted(), mapping.zone());
            prop_assert_eq!(whole.is_ok(), slim.is_ok());
            let (Ok(mut whole), Ok(mut slim)) = (whole, slim) else { continue };
            prop_assert_eq!(mapping.filter(&mut slim, now), mapping.filter(&mut whole, now));
            prop_assert_eq!(mapping.map(&slim, now), mapping.map(&whole, now));
        }
    }
}

#[test]
fn most_of_an_answer_is_not_even_copied() {
    let seed = Mapping::load(include_str!("../../mappings/seed.json"), None).unwrap();
    let customer = include_bytes!("../../mappings/customer.example.json");
    let slim = read(customer, seed.wanted(), seed.zone()).unwrap();
    let whole = clean_in(serde_json::from_slice(customer).unwrap(), seed.zone()).unwrap();
    assert!(slim.as_map().len() * 2 < whole.as_map().len());
    let now = Timestamp::UNIX_EPOCH;
    assert_eq!(seed.map(&slim, now), seed.map(&whole, now));
}

#[test]
fn a_document_whose_texts_are_scanned_again_reads_everything() {
    let seed = include_str!("../../mappings/seed.json");
    let text = Mapping::load(seed, Some(r#"{"failed_expression": "text"}"#)).unwrap();
    let customer = include_bytes!("../../mappings/customer.example.json");
    let whole = clean_in(serde_json::from_slice(customer).unwrap(), text.zone()).unwrap();
    let read = read(customer, text.wanted(), text.zone()).unwrap();
    assert_eq!(read.as_map().len(), whole.as_map().len());
}

#[test]
fn damage_is_seen_also_where_nobody_reads() {
    let seed = Mapping::load(include_str!("../../mappings/seed.json"), None).unwrap();
    for damaged in [
        r#"{"nobody": [1, }"#,
        r#"{"name": "a"} x"#,
        "",
        r#"{"name": "a", "nobody": "\x"}"#,
        "{\"a\": \"\u{1}",
    ] {
        let error = read(damaged.as_bytes(), seed.wanted(), seed.zone()).unwrap_err();
        assert!(error.to_string().contains("not JSON"), "{damaged}: {error}");
    }
    let error = read(b"[1]", seed.wanted(), seed.zone()).unwrap_err();
    assert!(error.to_string().contains("an array"), "{error}");
}
