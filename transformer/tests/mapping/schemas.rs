//! The JSON Schemas for editors: they take every file that we ship and every key that is read, and no misspelt one.

#![allow(clippy::unwrap_used)]

use mapping::TargetDocument;
use serde_json::{Map, Value, json};
use transformer::map::Extras;

const DOCUMENT: &str = include_str!("../../schemas/document.schema.json");
const EXTRAS: &str = include_str!("../../schemas/extras.schema.json");
const TESTS: &str = include_str!("../../schemas/tests.schema.json");

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// As much of JSON Schema as the three use; a word that is not known here fails the test.
fn fits(schema: &Value, root: &Value, value: &Value) -> bool {
    let words = schema.as_object().unwrap();
    words.iter().all(|(word, rule)| match word.as_str() {
        "$schema" | "title" | "description" | "definitions" => true,
        "$ref" => {
            let name = rule.as_str().unwrap().strip_prefix("#/definitions/").unwrap();
            fits(&root["definitions"][name], root, value)
        }
        "type" => match rule {
            Value::Array(kinds) => kinds.iter().any(|kind| is(kind, value)),
            kind => is(kind, value),
        },
        "enum" => rule.as_array().unwrap().contains(value),
        "pattern" => {
            let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "maxLength" => value.as_str().is_none_or(|text| text.len() <= size(rule)),
        "maxItems" => value.as_array().is_none_or(|items| items.len() <= size(rule)),
        "anyOf" => rule.as_array().unwrap().iter().any(|one| fits(one, root, value)),
        "items" => value
            .as_array()
            .is_none_or(|items| items.iter().all(|item| fits(rule, root, item))),
        "required" => value.as_object().is_none_or(|members| {
            let mut keys = rule.as_array().unwrap().iter();
            keys.all(|key| members.contains_key(key.as_str().unwrap()))
        }),
        "properties" => value.as_object().is_none_or(|members| {
            let known = rule.as_object().unwrap();
            members
                .iter()
                .all(|(key, value)| known.get(key).is_none_or(|rule| fits(rule, root, value)))
        }),
        "additionalProperties" => value.as_object().is_none_or(|members| {
            let known = words.get("properties").and_then(Value::as_object);
            members
                .iter()
                .filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)))
                .all(|(_, value)| match rule {
                    Value::Bool(may) => *may,
                    rule => fits(rule, root, value),
                })
        }),
        other => panic!("{other} is not known here"),
    })
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    }
}

fn size(rule: &Value) -> usize {
    usize::try_from(rule.as_u64().unwrap()).unwrap()
}

fn takes(schema: &str, value: &Value) -> bool {
    let schema = parsed(schema);
    fits(&schema, &schema, value)
}

/// A field of a document with one more key.
fn document_with(key: &str, value: &Value) -> Value {
    json!({"api": "/data_create", "effect": "EXECUTE", "request": [{"field": "a", "value": "{{name}}", key: value}]})
}

#[test]
fn every_file_that_we_ship_fits() {
    for (schema, text) in [
        (DOCUMENT, include_str!("../../mappings/default.json")),
        (DOCUMENT, include_str!("../../mappings/seed.json")),
        (DOCUMENT, include_str!("../../mappings/lookup.example.json")),
        (EXTRAS, include_str!("../../mappings/lookup.extras.json")),
        (TESTS, include_str!("../../mappings/default.tests.json")),
    ] {
        assert!(takes(schema, &parsed(text)), "{text}");
    }
}

#[test]
fn other_shapes_that_are_read_fit() {
    for request in [
        json!({"a": "{{name}}", "b": {"value": 1, "parser": "StringToArray", "type": "Number"}}),
        json!([{"field": "a", "value": null, "children": [{"field": "b", "value": "x"}], "parser": {"name": "", "params": ""}}]),
    ] {
        let document =
            json!({"api": "/data_create", "type": "execute", "request": request, "otherRequest": []});
        assert!(
            TargetDocument::parse(&document.to_string(), "t").is_ok(),
            "{document}"
        );
        assert!(takes(DOCUMENT, &document), "{document}");
    }
    for extras in [
        json!({"$schema": "x", "zone": "Asia/Shanghai", "condition": [[{"field": "a", "logic": "eq", "value": 1}]]}),
        json!({"widgets": [{"name": "a", "type": "text", "label": "A"}], "sysWidgets": []}),
        json!({"app_id": "a", "entry_id": "b", "widgets": [{"name": "a", "type": "text", "label": "A"}], "rows": {"seen": 0}}),
        json!({"key_widget": "k", "widgets": {"a": "number"}, "failed_expression": "text"}),
    ] {
        assert!(Extras::parse(&extras.to_string(), "t").is_ok(), "{extras}");
        assert!(takes(EXTRAS, &extras), "{extras}");
    }
}

#[test]
fn misspelt_keys_and_values_do_not_fit() {
    for (schema, value) in [
        (
            DOCUMENT,
            json!({"api": "/data_create", "effect": "EXECUTE", "requests": []}),
        ),
        (
            DOCUMENT,
            json!({"api": "/data_create", "effect": "QUERY", "request": []}),
        ),
        (DOCUMENT, json!({"api": "/data_create", "request": []})),
        (DOCUMENT, document_with("labels", &json!("x"))),
        (DOCUMENT, document_with("parser", &json!({"names": "x"}))),
        (DOCUMENT, document_with("children", &json!([{"fields": "x"}]))),
        (EXTRAS, json!({"key_widgets": "x"})),
        (EXTRAS, json!({"widgets": {"a": "numbers"}})),
        (EXTRAS, json!({"zone": "+8"})),
        (EXTRAS, json!({"condition": [[{"field": "a", "logics": "eq"}]]})),
        (EXTRAS, json!({"lookup": {"c": {"file": "a.csv", "keys": "x"}}})),
        (
            EXTRAS,
            json!({"lookup": {"c": {"file": "a.csv", "missing": "gone"}}}),
        ),
        (TESTS, json!({"test": []})),
        (TESTS, json!({"tests": [{"name": "a", "expects": {}}]})),
        (
            TESTS,
            json!({"tests": [{"name": "a", "company": "x", "expect": {}}]}),
        ),
    ] {
        assert!(!takes(schema, &value), "{value}");
    }
}

/// The keys of a schema, or of one of its definitions.
fn keys(schema: &str, definition: Option<&str>) -> Vec<String> {
    let schema = parsed(schema);
    let of = match definition {
        None => &schema["properties"],
        Some(name) => &schema["definitions"][name]["properties"],
    };
    of.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_key_of_a_schema_is_known_to_the_programs() {
    let unknown = |document: &Value| {
        let told = match TargetDocument::parse(&document.to_string(), "t") {
            Ok(loaded) => loaded.warnings,
            Err(problems) => problems,
        };
        told.into_iter()
            .any(|problem| problem.message.contains("unknown key"))
    };
    assert!(
        unknown(&document_with("labels", &json!("x"))),
        "the test is blind"
    );
    for key in keys(DOCUMENT, Some("parameter")) {
        assert!(!unknown(&document_with(&key, &Value::Null)), "{key}");
    }
    for key in keys(DOCUMENT, None) {
        let mut document = document_with("label", &json!("x"));
        let members = document.as_object_mut().unwrap();
        members.entry(key.clone()).or_insert(Value::Null);
        assert!(!unknown(&document), "{key}");
    }
    for key in keys(EXTRAS, None) {
        let extras = Value::Object(Map::from_iter([(key.clone(), Value::Null)]));
        let told = Extras::parse(&extras.to_string(), "t").err().unwrap_or_default();
        assert!(
            told.iter()
                .all(|problem| !problem.message.contains("unknown key")),
            "{key}"
        );
    }
}
