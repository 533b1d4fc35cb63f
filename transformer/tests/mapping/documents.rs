//! Documents: problems with places, unknown keys, additions, keys with dots and braces.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use mapping::clean::clean;
use mapping::{Operation, Record, TargetDocument};
use proto::v1::{FieldValue, field_value::Value as Cell};
use serde_json::{Value, json};
use transformer::map::{Mapping, RowError};

use crate::support::now;

pub(crate) fn document(fields: &str) -> String {
    format!(r#"{{"api": "/x", "effect": "EXECUTE", "request": [{fields}]}}"#)
}

pub(crate) fn map(fields: &str, extras: Option<&str>, detail: Value) -> Result<Vec<FieldValue>, RowError> {
    let mapping = Mapping::load(&document(fields), extras).unwrap_or_else(|problems| panic!("{problems:?}"));
    mapping.map(&clean(detail).unwrap(), now())
}

/// The single cell of a document with one field.
pub(crate) fn one(field: &str, widget: &str, detail: Value) -> Result<Option<Cell>, String> {
    let extras = format!(r#"{{"widgets": {{"f": "{widget}"}}}}"#);
    let extras = (!widget.is_empty()).then_some(extras.as_str());
    map(field, extras, detail)
        .map(|mut values| values.remove(0).value)
        .map_err(|error| format!("{}: {}", error.code, error.reason))
}

pub(crate) fn problems(text: &str) -> Vec<String> {
    TargetDocument::parse(text, "m.json")
        .map(|_| Vec::new())
        .unwrap_or_else(|problems| problems.iter().map(ToString::to_string).collect())
}

pub(crate) fn text(s: &str) -> Option<Cell> {
    Some(Cell::Text(s.to_owned()))
}

#[test]
fn every_problem_is_reported_at_once_with_its_place() {
    let found = problems(
        r#"{
  "api": "/x", "effect": "QUERY",
  "request": [
    {"field": "a", "label": "甲", "value": "{{x"},
    {"field": "b", "label": "乙", "value": "_function FOO('\u5ba2', 1)", "type": "date"},
    {"field": "a", "label": "丙", "value": "1", "parser": {"name": "Nope"}},
    {"label": "丁"}
  ],
  "groupCalculate": {"headerGroup": []}
}"#,
    );
    let expected = [
        "m.json:9:3: \"groupCalculate\" is not supported; rows are not merged before mapping; aggregate inside a field with SUM({{list.key}})",
        "m.json:2:26: effect is \"QUERY\", EXECUTE is expected; this is a source document, a target document is expected",
        "m.json:4:44: field \"甲\": at offset 0 of the expression: {{ is not closed: }} is expected",
    ];
    for line in expected {
        assert!(
            found.iter().any(|found| found == line),
            "{line}\nis not in {found:#?}"
        );
    }
    for part in [
        "m.json:5:54: field \"乙\": at offset 10 of the expression: unknown function FOO",
        "unknown parser \"Nope\"; known are",
        "the field a stands twice in request",
        "has no \"field\"",
    ] {
        assert!(
            found.iter().any(|found| found.contains(part)),
            "{part}\nis not in {found:#?}"
        );
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn a_place_inside_an_escaped_text_is_exact() {
    let found = problems(&document(
        r#"{"field": "a", "label": "l", "value": "_function CONCAT(\"\u5ba2\", nope)"}"#,
    ));
    let column = document("").find("[").unwrap()
        + 2
        + r#"{"field": "a", "label": "l", "value": "_function CONCAT(\"\u5ba2\", "#.len();
    assert!(
        found[0].starts_with(&format!("m.json:1:{column}: field \"l\": at offset 22")),
        "{found:?} {column}"
    );
}

#[test]
fn typographic_quotes_are_pointed_at() {
    let seed = include_str!("../../mappings/seed.json");
    let in_json = seed.replacen("\"effect\"", "“effect”", 1);
    assert_eq!(
        problems(&in_json),
        [
            "m.json:3:3: not JSON: typographic quote “ where a plain one is expected; the text was changed by a word processor: write \" around JSON texts and ' inside expressions"
        ]
    );
    let in_sql = seed.replacen("'{{tag.3.tag_name}}'!=''", "‘{{tag.3.tag_name}}’!=‘’", 1);
    let found = problems(&in_sql);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("m.json:11:105: field \"客户标签\": at offset 20 of the expression: typographic quote ‘ where a plain ' is expected"), "{found:?}");
}

#[test]
fn what_is_no_json_or_no_object_is_said_plainly() {
    assert_eq!(
        problems("{\n \"api\": }"),
        ["m.json:2:9: not JSON: expected value"]
    );
    assert!(problems("[]")[0].starts_with("m.json:1:1: the document must be an object, it is an array"));
    assert!(problems("")[0].contains("not JSON"));
    assert!(problems(&"[".repeat(100_000))[0].contains("recursion limit"));
    assert!(
        problems("{\"effect\": \"EXECUTE\", \"api\": \"a\", \"api\": \"b\", \"request\": []}")[0]
            .contains("stands twice")
    );
}

#[test]
fn unknown_keys_warn_and_odd_shapes_are_told() {
    let loaded = TargetDocument::parse(r#"{"api": "/x", "type": "EXECUTE", "request": [{"field": "a", "value": "1", "colour": 1}], "extra": 1,
        "otherRequest": {"is_start_workflow": true, "app_id": "A", "entryId": "E", "data_creator": "me", "transaction_id": ""}, "idCheck": false,
        "operation": {"method": "batchArraySave", "rowsKey": "rows"}}"#, "m").unwrap();
    let warnings: Vec<_> = loaded.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(
        warnings,
        [
            "unknown key \"extra\" in the document; it has no effect",
            "\"api\": \"/x\" has no effect: the loader makes and changes rows by calls of its own, whatever is named here",
            "unknown key \"colour\" in the field; it has no effect",
            "app_id is \"A\", which is no id: 24 hex digits are expected",
            "entryId is \"E\", which is no id: 24 hex digits are expected",
            "the operation batchArraySave has no effect: rows are always collected into batches",
        ]
    );
    let read = loaded.document;
    assert_eq!(
        read.operation,
        Operation::Batch {
            rows_key: "rows".to_owned()
        }
    );
    let other = read.other;
    assert_eq!(
        (
            other.app_id(),
            other.entry_id(),
            other.data_creator(),
            other.is_start_workflow()
        ),
        (Some("A"), Some("E"), Some("me"), Some(true))
    );
    assert_eq!((other.transaction_id(), other.is_start_trigger()), (None, None));
    assert!(
        problems(&document_with("\"operation\": {\"method\": \"merge\"}"))[0]
            .contains("operation \"merge\" is not supported")
    );
    assert!(
        problems(&document(r#"{"field": "a", "value": "{{LAST_SYNC_TIME|date}}"}"#))[0]
            .contains("LAST_SYNC_TIME belongs to the source document")
    );
    assert!(
        problems(&document(
            r#"{"field": "a", "value": "1", "mapping": {"direction": "x"}}"#
        ))[0]
            .contains("\"mapping\" is not supported")
    );
    assert!(problems(&document(r#"{"field": "a", "value": {"x": 1}}"#))[0].contains("value must be a text"));
}

fn document_with(more: &str) -> String {
    format!(r#"{{"api": "/x", "effect": "EXECUTE", "request": [], {more}}}"#)
}

#[test]
fn extras_are_checked() {
    let bad = |extras: &str| {
        Mapping::load(&document(""), Some(extras))
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert!(bad("[").contains("not JSON"));
    assert!(bad(r#"{"zone": "Mars"}"#).contains("no time zone"));
    assert!(bad(r#"{"widgets": {"f": "sn"}}"#).contains("not known or not writable"));
    assert!(bad(r#"{"wigets": {}}"#).contains("unknown key \"wigets\""));
    let many = r#"{
  "key_widget": 5,
  "widgets": {"a": 1, "b": "sn", "c": "number"},
  "zone": "Mars",
  "condition": [[{"field": "x", "logic": "resembles"}]],
  "failed_expression": "blank", "wigets": {}
}"#;
    let found = bad(many);
    for expected in [
        "extras:2:3: key_widget: must be a text",
        "extras:3:15: widgets.a must be a type",
        "extras:3:23: widgets.b: the type \"sn\" is not known or not writable",
        "extras:4:3: zone: ",
        "extras:5:18: unknown logic \"resembles\"",
        "extras:6:3: failed_expression: must be \"error\" or \"text\"",
        "extras:6:33: unknown key \"wigets\"",
    ] {
        assert!(found.contains(expected), "{expected} in\n{found}");
    }
    assert_eq!(found.lines().count(), 7, "{found}");
    assert_eq!(
        bad(r#"{"widgets": 7}"#),
        "extras:1:2: widgets must be an object of types or a widget list"
    );
    assert!(bad("7").contains("an object with key_widget"));
    let list = r#"{"widgets": [{"name": "f", "label": "流水", "type": "sn"}]}"#;
    assert!(Mapping::load(&document(""), Some(list)).is_ok());
    let used = Mapping::load(
        &document(r#"{"field": "f", "label": "L", "value": "1"}"#),
        Some(list),
    )
    .unwrap_err();
    assert_eq!(
        used[0].to_string(),
        "mapping:1:86: field \"L\": the form's field f is a sn, which cannot be written"
    );
    let mapping = Mapping::load(
        &document(r#"{"field": "f", "value": "{{CURRENT_TIME|datetime}}"}"#),
        Some(r#"{"zone": "UTC", "key_widget": "k"}"#),
    )
    .unwrap();
    assert_eq!(mapping.extras().key_widget.as_deref(), Some("k"));
    assert_eq!(
        mapping.map(&Record::default(), now()).unwrap()[0].value,
        text("2026-03-14 16:30:00")
    );
}

#[test]
fn literal_keys_with_dots_win_and_single_braces_spare_what_is_no_key() {
    use crate::support::eval;
    assert_eq!(
        eval("{{a.b}}", json!({"a": {"b": "path"}, "a.b": "literal"})).unwrap(),
        "literal"
    );
    assert_eq!(
        eval(
            "{{a.b.c}}",
            json!({"a": {"b": {"c": "path"}}, "a.b": {"c": "literal"}})
        )
        .unwrap(),
        "literal"
    );
    assert_eq!(
        eval("x {name} y {other} {\"a\":1}", json!({"name": "N"})).unwrap(),
        "x N y {other} {\"a\":1}"
    );
    assert_eq!(eval("{name}", json!({})).unwrap(), "");
    assert_eq!(
        eval("_function CONCAT('{name}', '{other}')", json!({"name": "N"})).unwrap(),
        "N{other}"
    );
    assert_eq!(eval("{{x|number:2}} {{y|replace('\\n', ', ')}} {{z|json_encode}} {{t|date('yyyy/M/d')}} {{t|datetime('Y-m-d H:i')}} {{t|timestamp}}",
        json!({"x": 2.345, "y": "a\nb", "z": {"k": 1}, "t": "2024-03-14 16:00:00"})).unwrap(), "2.35 a, b {\"k\":1} 2024/3/14 2024-03-14 16:00 1710403200");
}

#[test]
fn a_failed_expression_is_an_error_unless_its_text_is_wanted() {
    let field = r#"{"field": "f", "label": "数量", "type": "string", "value": "_function {{x}} * '{{y}}'"}"#;
    let record = || json!({"x": "无采购额", "y": "O'Neil"});
    for extras in [None, Some(r#"{"failed_expression": "error"}"#)] {
        let error = map(field, extras, record()).unwrap_err();
        assert!(
            error.label == "数量" && !error.reason.contains("无采购额"),
            "{error:?}"
        );
    }
    let text = |more: &str| {
        let extras = format!(r#"{{"failed_expression": "text"{more}}}"#);
        map(field, Some(&extras), record())
    };
    let sent = text("").unwrap()[0].value.clone();
    assert_eq!(sent, Some(Cell::Text("_function 无采购额 * 'O'Neil'".into())));
    // It is no excuse for a value that the form would store as a blank.
    assert_eq!(
        text(r#", "widgets": {"f": "number"}"#).unwrap_err().code,
        "wrong-type"
    );
    // Nor for what can be seen to be wrong without any customer.
    let unknown = r#"{"field": "f", "label": "数量", "type": "string", "value": "_function NOSUCH({{x}})"}"#;
    let extras = Some(r#"{"failed_expression": "text"}"#);
    assert!(Mapping::load(&document(unknown), extras).is_err());
    let mapping = Mapping::load(&document(field), extras).unwrap();
    assert!(
        mapping
            .warnings()
            .iter()
            .any(|warning| warning.message.contains("failed_expression"))
    );
    let problems = Mapping::load(&document(field), Some(r#"{"failed_expression": "blank"}"#)).unwrap_err();
    assert!(
        problems[0].message.contains("\"error\" or \"text\""),
        "{problems:?}"
    );
}
