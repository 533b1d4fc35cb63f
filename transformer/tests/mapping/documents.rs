//! Documents: problems with places, unknown keys, types, parsers, children, conditions, source documents.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::Timestamp;
use pipeline::metadata::{Context, Operation, Record, SourceDocument, TargetDocument, Verdict};
use proto::v1::{Address, FieldValue, TextList, field_value::Value as Cell};
use serde_json::{Value, json};
use transformer::clean::clean;
use transformer::map::{Mapping, RowError, Widget};

use crate::support::now;

fn document(fields: &str) -> String {
    format!(r#"{{"api": "/x", "effect": "EXECUTE", "request": [{fields}]}}"#)
}

fn map(fields: &str, extras: Option<&str>, detail: Value) -> Result<Vec<FieldValue>, RowError> {
    let mapping = Mapping::load(&document(fields), extras).unwrap_or_else(|problems| panic!("{problems:?}"));
    mapping.map(&clean(detail).unwrap(), now())
}

/// The single cell of a document with one field.
fn one(field: &str, widget: &str, detail: Value) -> Result<Option<Cell>, String> {
    let extras = format!(r#"{{"widgets": {{"f": "{widget}"}}}}"#);
    let extras = (!widget.is_empty()).then_some(extras.as_str());
    map(field, extras, detail)
        .map(|mut values| values.remove(0).value)
        .map_err(|error| format!("{}: {}", error.code, error.reason))
}

fn problems(text: &str) -> Vec<String> {
    TargetDocument::parse(text, "m.json")
        .map(|_| Vec::new())
        .unwrap_or_else(|problems| problems.iter().map(ToString::to_string).collect())
}

fn text(s: &str) -> Option<Cell> {
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
        "m.json:5:81: field \"乙\": unknown type \"date\"; string, int, float, boolean, object or array is expected",
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
    assert_eq!(found.len(), 8, "{found:#?}");
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
            "unknown key \"colour\" in the field; it has no effect"
        ]
    );
    let read = loaded.document;
    assert_eq!(
        read.operation,
        Operation::Batch {
            rows_key: "rows".to_owned()
        }
    );
    assert!(!read.id_check);
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
fn declared_types() {
    let field = |kind: &str, value: &str| {
        format!(r#"{{"field": "f", "label": "L", "type": "{kind}", "value": "{value}"}}"#)
    };
    let cell = |kind: &str, value: Value| one(&field(kind, "{{x}}"), "", json!({"x": value}));
    assert_eq!(cell("string", json!(12.50)).unwrap(), text("12.5"));
    assert_eq!(cell("string", json!(true)).unwrap(), text("true"));
    assert_eq!(cell("string", json!({"a": 1})).unwrap(), text(r#"{"a":1}"#));
    assert_eq!(
        cell("int", json!("7")).unwrap(),
        Some(Cell::Number("7".to_owned()))
    );
    assert_eq!(
        cell("int", json!("7.0")).unwrap(),
        Some(Cell::Number("7".to_owned()))
    );
    assert_eq!(
        cell("int", json!("7.5")).unwrap_err(),
        "wrong-type: the value is not a whole number"
    );
    assert_eq!(
        cell("float", json!("12.50")).unwrap(),
        Some(Cell::Number("12.50".to_owned()))
    );
    assert_eq!(
        cell("number", json!("1e3")).unwrap(),
        Some(Cell::Number("1000".to_owned()))
    );
    assert_eq!(
        cell("float", json!("abc")).unwrap_err(),
        "wrong-type: the value is not a number"
    );
    assert_eq!(
        cell("boolean", json!("1")).unwrap(),
        Some(Cell::Json(b"true".to_vec().into()))
    );
    assert_eq!(
        cell("array", json!(["a", "b"])).unwrap(),
        Some(Cell::Texts(TextList {
            items: vec!["a".to_owned(), "b".to_owned()]
        }))
    );
    for kind in ["string", "int", "float", "boolean", "array", "object"] {
        assert_eq!(cell(kind, json!("")).unwrap(), None, "{kind}");
        assert_eq!(cell(kind, json!(null)).unwrap(), None, "{kind}");
    }
}

#[test]
fn widgets_decide_what_is_sent_and_refuse_what_does_not_fit() {
    let field = r#"{"field": "f", "label": "L", "type": "string", "value": "{{x}}", "parser": {"name": "ConvertObjectParser", "params": "value"}}"#;
    let cell = |widget: &str, value: Value| one(field, widget, json!({"x": value}));
    let list = |items: &[&str]| TextList {
        items: items.iter().map(|s| (*s).to_owned()).collect(),
    };
    for (widget, value, expected) in [
        ("text", json!("a"), Cell::Text("a".to_owned())),
        ("radiogroup", json!("德国"), Cell::Text("德国".to_owned())),
        ("number", json!("007"), Cell::Number("007".to_owned())),
        ("number", json!(-0.5), Cell::Number("-0.5".to_owned())),
        (
            "datetime",
            json!("2024-03-14 16:00:00"),
            Cell::Datetime(1_710_403_200_000),
        ),
        (
            "datetime",
            json!("2024-03-14T08:00:00Z"),
            Cell::Datetime(1_710_403_200_000),
        ),
        (
            "datetime",
            json!(1_710_403_200),
            Cell::Datetime(1_710_403_200_000),
        ),
        ("datetime", json!("2024-03-14"), Cell::Datetime(1_710_345_600_000)),
        ("checkboxgroup", json!(["a", "b"]), Cell::Texts(list(&["a", "b"]))),
        ("combocheck", json!("a"), Cell::Texts(list(&["a"]))),
        (
            "address",
            json!({"city": "Köln", "detail": "Weg 1"}),
            Cell::Address(Address {
                city: "Köln".to_owned(),
                detail: "Weg 1".to_owned(),
                ..Address::default()
            }),
        ),
        (
            "address",
            json!("Weg 1"),
            Cell::Address(Address {
                detail: "Weg 1".to_owned(),
                ..Address::default()
            }),
        ),
        ("phone", json!("135"), Cell::Phone("135".to_owned())),
        ("user", json!("xiao"), Cell::Member("xiao".to_owned())),
        (
            "usergroup",
            json!(["u1", "u2"]),
            Cell::Members(list(&["u1", "u2"])),
        ),
        ("dept", json!("12"), Cell::Department(12)),
        (
            "lookup",
            json!("0123456789abcdef01234567"),
            Cell::Lookup("0123456789abcdef01234567".to_owned()),
        ),
        (
            "linkobject",
            json!({"link_id": "1"}),
            Cell::Json(br#"{"link_id":"1"}"#.to_vec().into()),
        ),
    ] {
        assert_eq!(
            cell(widget, value.clone()),
            Ok(Some(expected)),
            "{widget} {value}"
        );
        assert_eq!(cell(widget, json!("")), Ok(None), "{widget}");
    }
    for (widget, value, reason) in [
        ("number", json!("abc"), "the value is not a number"),
        ("number", json!("12abc"), "the value is not a number"),
        ("datetime", json!("soon"), "the value is not a date"),
        (
            "user",
            json!({"name": "x"}),
            "a user name is needed, but the value is a list or an object",
        ),
        ("dept", json!("sales"), "a department is given by its number"),
        (
            "lookup",
            json!("12"),
            "the value is not a record id of 24 hex digits",
        ),
    ] {
        assert_eq!(
            cell(widget, value.clone()),
            Err(format!("wrong-type: {reason}")),
            "{widget} {value}"
        );
    }
    let error = map(
        field,
        Some(r#"{"widgets": {"f": "number"}}"#),
        json!({"x": "abc"}),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "field \"L\" (f): the value is not a number; expression: {{x}}"
    );
}

#[test]
fn parsers_and_chains() {
    let with = |parser: &str, value: Value| {
        one(
            &format!(r#"{{"field": "f", "type": "string", "value": "{{{{x}}}}", "parser": {parser}}}"#),
            "",
            json!({"x": value}),
        )
    };
    let json_cell = |text: &str| Some(Cell::Json(text.as_bytes().to_vec().into()));
    let list = |items: &[&str]| {
        Some(Cell::Texts(TextList {
            items: items.iter().map(|s| (*s).to_owned()).collect(),
        }))
    };
    for (parser, value, expected) in [
        (
            r#"{"name": "ConvertObjectParser", "params": "value"}"#,
            json!("X"),
            text("X"),
        ),
        (
            r#"{"name": "ConvertObjectParser", "params": "FNumber"}"#,
            json!("X"),
            json_cell(r#"{"FNumber":"X"}"#),
        ),
        (
            r#"{"name": "ConvertTwoStageObjectParser", "params1": "value", "params2": "phone"}"#,
            json!("135"),
            Some(Cell::Phone("135".to_owned())),
        ),
        (
            r#"{"name": "ConvertTwoStageObjectParser", "params1": "a", "params2": "b"}"#,
            json!("X"),
            json_cell(r#"{"a":{"b":"X"}}"#),
        ),
        (
            r#"{"name": "StringToArray", "params": ","}"#,
            json!("a,b"),
            list(&["a", "b"]),
        ),
        (r#"{"name": "StringToArray", "params": ","}"#, json!(""), None),
        (
            r#"{"name": "StringToArray,ArrayUnique", "params": "、"}"#,
            json!("a、b、a"),
            list(&["a", "b"]),
        ),
        (
            r#"{"name": "StringToArray,ArrayUnique,ArrayToString", "params": [",", null, "-"]}"#,
            json!("a,b,a"),
            text("a-b"),
        ),
        (
            r#"{"name": "K3WiseHeiHuCustomParser", "params": "k"}"#,
            json!("X"),
            json_cell(r#"[{"keyName":"k","keyValue":"X"}]"#),
        ),
        (
            r#"{"name": "workflowRequestTableFields", "view": "1", "edit": "0", "fieldId": "9"}"#,
            json!("X"),
            json_cell(r#"{"fieldName":"f","fieldValue":"X","view":"1","edit":"0","fieldId":"9"}"#),
        ),
    ] {
        assert_eq!(with(parser, value), Ok(expected), "{parser}");
    }
    let pairs = one(
        r#"{"field": "f", "type": "object", "value": "{{x}}", "parser": {"name": "ConvertJson"}}"#,
        "",
        json!({"x": {"a": "1\n", "b": "t"}}),
    );
    assert_eq!(
        pairs,
        Ok(json_cell(r#"[{"Key":"a","Value":1},{"Key":"b","Value":"t"}]"#))
    );
    let refused = |parser: &str| {
        problems(&document(&format!(
            r#"{{"field": "f", "value": "1", "parser": {parser}}}"#
        )))
        .remove(0)
    };
    assert!(
        refused(r#"{"name": "ConvertBoolParser"}"#)
            .contains("unknown parser \"ConvertBoolParser\"; known are ConvertObjectParser")
    );
    assert!(
        refused(r#"{"type": "jsonpath", "name": "StringToArray"}"#)
            .contains("\"type\" is not a key of a parser")
    );
    assert!(refused(r#"{"name": "ConvertObjectParser"}"#).contains("ConvertObjectParser needs params"));
}

#[test]
fn required_default_null_and_empty() {
    assert_eq!(
        one(
            r#"{"field": "f", "value": "{{x}}", "default": "D"}"#,
            "",
            json!({})
        )
        .unwrap(),
        text("D")
    );
    assert_eq!(
        one(
            r#"{"field": "f", "value": "{{x}}", "is_required": true}"#,
            "",
            json!({})
        )
        .unwrap_err(),
        "required-empty: the field is required, but its value is empty"
    );
    assert_eq!(
        one(r#"{"field": "f", "value": "{{x}}"}"#, "", json!({})).unwrap(),
        None
    );
    assert!(
        map(r#"{"field": "f", "value": null}"#, None, json!({}))
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        one(r#"{"field": "f", "value": 5}"#, "", json!({})).unwrap(),
        text("5")
    );
}

#[test]
fn arrays_with_children_become_rows() {
    let field = r#"{"field": "f", "label": "明细", "type": "array", "value": "details_list", "children": [
        {"field": "g", "label": "名", "type": "string", "value": "{{details_list.name}}"},
        {"field": "n", "label": "数", "type": "float", "value": "_function {{details_list.qty}} * 2"},
        {"field": "t", "label": "头", "type": "string", "value": "{{title}}"}]}"#;
    let detail = json!({"title": "T", "details_list": [{"name": "a", "qty": 1}, {"name": "", "qty": "2.5"}]});
    let Some(Cell::Subform(subform)) = one(field, "", detail).unwrap() else {
        panic!("rows are expected")
    };
    let rows: Vec<Vec<_>> = subform
        .rows
        .iter()
        .map(|row| row.fields.iter().map(|f| f.value.clone()).collect())
        .collect();
    assert_eq!(
        rows[0],
        [text("a"), Some(Cell::Number("2".to_owned())), text("T")]
    );
    assert_eq!(rows[1], [None, Some(Cell::Number("5.0".to_owned())), text("T")]);
    assert_eq!(one(field, "", json!({})).unwrap(), None);
    let extras = r#"{"widgets": [{"name": "f", "type": "subform", "label": "明细", "items": [{"name": "g", "type": "text"}, {"name": "n", "type": "number"}, {"name": "t", "type": "text"}]}]}"#;
    let mapping = Mapping::load(&document(field), Some(extras)).unwrap();
    assert_eq!(mapping.fields()[0].widget, Widget::Subform);
    assert_eq!(
        mapping.fields()[0].children[1].form_type.as_deref(),
        Some("number")
    );
    let error = one(field, "", json!({"details_list": [{"qty": "x"}]})).unwrap_err();
    assert!(error.starts_with("not-a-number"), "{error}");
}

#[test]
fn objects_are_built_from_children() {
    let field = r#"{"field": "f", "type": "object", "value": null, "children": [{"field": "city", "value": "{{a}}"}, {"field": "detail", "value": "{{b}}"}]}"#;
    let expected = Address {
        city: "X".to_owned(),
        ..Address::default()
    };
    assert_eq!(
        one(field, "address", json!({"a": "X"})).unwrap(),
        Some(Cell::Address(expected))
    );
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
    let list = r#"{"widgets": [{"name": "f", "label": "流水", "type": "sn"}]}"#;
    assert!(Mapping::load(&document(""), Some(list)).is_ok());
    let used = Mapping::load(
        &document(r#"{"field": "f", "label": "L", "value": "1"}"#),
        Some(list),
    )
    .unwrap_err();
    assert_eq!(
        used[0].to_string(),
        "mapping: field \"L\": the form's field f is a sn, which cannot be written"
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
fn conditions_are_an_or_of_ands() {
    let keeps = |condition: &str, record: Value| {
        let extras = format!(r#"{{"condition": {condition}}}"#);
        let mapping = Mapping::load(&document(""), Some(&extras)).unwrap();
        let mut record = clean(record).unwrap();
        (mapping.filter(&mut record, now()).is_none(), record)
    };
    for (condition, record, expected) in [
        (
            r#"[[{"field": "a", "logic": "eq", "value": "1"}]]"#,
            json!({"a": 1}),
            true,
        ),
        (
            r#"[[{"field": "a", "logic": "neq", "value": "1"}]]"#,
            json!({"a": 1}),
            false,
        ),
        (
            r#"[[{"field": "a", "logic": "gt", "value": "5"}], [{"field": "b", "logic": "notnull"}]]"#,
            json!({"a": 1, "b": "x"}),
            true,
        ),
        (
            r#"[[{"field": "a", "logic": "egt", "value": "5"}, {"field": "b", "logic": "isnull"}]]"#,
            json!({"a": 5, "b": "x"}),
            false,
        ),
        (
            r#"[[{"field": "a", "logic": "lt", "value": "10"}]]"#,
            json!({"a": "9"}),
            true,
        ),
        (
            r#"[[{"field": "a", "logic": "elt", "value": "10"}]]"#,
            json!({}),
            false,
        ),
        (
            r#"[[{"field": "a", "logic": "like", "value": "公司"}]]"#,
            json!({"a": "某公司名"}),
            true,
        ),
        (
            r#"[[{"field": "a", "logic": "notlike", "value": "某%"}]]"#,
            json!({"a": "某公司名"}),
            false,
        ),
        (
            r#"[[{"field": "a", "logic": "between", "value": "100,500"}]]"#,
            json!({"a": 100}),
            true,
        ),
        (
            r#"[[{"field": "t", "logic": "gt", "value": "timestamp:1710403199"}]]"#,
            json!({"t": "2024-03-14 16:00:00"}),
            true,
        ),
        (
            r#"[[{"field": "list.q", "logic": "gt", "value": "1", "strictMode": true}]]"#,
            json!({"list": [{"q": 1}, {"q": 2}]}),
            false,
        ),
        ("[]", json!({}), true),
    ] {
        assert_eq!(
            keeps(condition, record.clone()).0,
            expected,
            "{condition} over {record}"
        );
    }
    let (kept, record) = keeps(
        r#"[[{"field": "list.q", "logic": "gt", "value": "1"}]]"#,
        json!({"list": [{"q": 1}, {"q": 2}]}),
    );
    assert!(kept);
    assert_eq!(
        record.get("list"),
        Some(&json!([{"q": 2}])),
        "rows that fail are dropped, the record stays"
    );
}

const SOURCE: &str = r#"{
  "api": "/v1/company/list", "type": "QUERY", "method": "GET", "id": "company_id", "number": "serial_id",
  "request": [
    {"field": "start_time", "label": "开始", "type": "string", "value": "{{LAST_SYNC_TIME|datetime}}"},
    {"field": "end_time", "label": "结束", "type": "string", "value": "{{CURRENT_TIME|datetime}}"},
    {"field": "removed", "type": "int", "value": "0"}, {"field": "all", "value": ""}, {"field": "group_id", "value": null},
    {"field": "start_index", "value": "_function {{PAGINATION_START_ROW}} / {{PAGINATION_PAGE_SIZE}} + 1"},
    {"field": "info_api", "value": "/v1/company/info"}, {"field": "info_key", "value": "company_id"}
  ],
  "condition": [[{"field": "archive_type", "logic": "eq", "value": "1"}]],
  "formatResponse": [{"old": "create_time", "new": "create_day", "format": "date"}, {"old": "tags", "new": "tags_text", "format": "implode('、')"}],
  "omissionRemedy": {"crontab": "2 2 * * *", "takeOverRequest": [{"field": "start_time", "value": "{{DAYS_AGO_2|datetime}}"}, {"field": "end_time", "value": "{{DAYS_AGO_1|datetime}}"}]}
}"#;

#[test]
fn source_documents() {
    let loaded = SourceDocument::parse(SOURCE, "s.json").unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let source = loaded.document;
    assert_eq!(
        (
            source.info_api(),
            source.info_key(),
            source.id.as_deref(),
            source.id_check
        ),
        (
            Some("/v1/company/info"),
            Some("company_id"),
            Some("company_id"),
            true
        )
    );
    let mut context = Context::at(now()).last_sync(1_710_403_200);
    (context.page_size, context.start_row) = (Some(50), Some(100));
    let list = |pairs: Vec<(String, String)>| {
        pairs
            .into_iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
            .join("&")
    };
    assert_eq!(
        list(source.parameters(&context).unwrap()),
        "start_time=2024-03-14 16:00:00&end_time=2026-03-15 00:30:00&removed=0&start_index=3.0000"
    );
    let remedy = source.omission_remedy.as_ref().unwrap();
    assert_eq!(remedy.crontab, "2 2 * * *");
    assert!(
        list(remedy.parameters(&source, &context).unwrap())
            .ends_with("start_time=2026-03-13 00:30:00&end_time=2026-03-14 00:30:00")
    );
    let Value::Object(map) =
        json!({"archive_type": 1, "create_time": "2024-03-15 14:30:25", "tags": ["a", "b"]})
    else {
        unreachable!()
    };
    let mut record = Record::new(map);
    source.format_response.apply(&mut record, &context);
    assert_eq!(
        (record.get("create_day"), record.get("tags_text")),
        (Some(&json!("2024-03-15")), Some(&json!("a、b")))
    );
    assert_eq!(source.condition.apply(&mut record, &context), Verdict::Keep);
    record.insert("archive_type".to_owned(), json!(2));
    assert_eq!(source.condition.apply(&mut record, &context), Verdict::Drop);
    let without = Context::at(Timestamp::UNIX_EPOCH);
    assert_eq!(source.parameters(&without).unwrap_err().1.code, "no-variable");
    let wrong = SourceDocument::parse(
        &SOURCE.replace("QUERY", "EXECUTE").replace("\"eq\"", "\"equals\""),
        "s.json",
    )
    .unwrap_err();
    assert!(
        wrong[0].message.contains("QUERY is expected") && wrong[1].message.contains("unknown logic"),
        "{wrong:?}"
    );
}

#[test]
fn format_response_formats() {
    let context = Context::at("2024-03-16T00:00:00Z".parse().unwrap());
    for (format, value, expected) in [
        ("date", json!("2024-03-15 14:30:25"), "2024-03-15"),
        ("time", json!("20240315143025"), "14:30:25"),
        ("dateTime", json!("2024-03-15T06:30:25Z"), "2024-03-15 14:30"),
        ("shortDate", json!(1_710_484_225), "03-15"),
        ("shortTime", json!("2024-03-15 14:30:25"), "14:30"),
        ("shortDateTime", json!("2024-03-15 14:30:25"), "03-15 14:30"),
        ("dateDescription", json!("2024-03-15 02:00:00"), "一天前"),
        ("dateDescription", json!("2024-03-16 08:00:00"), "刚刚"),
        ("longText(3)", json!("abcdef"), "abc..."),
        ("longText", json!("short"), "short"),
        ("round", json!("19.9956"), "20.00"),
        ("amount", json!(1_000_000), "￥1,000,000.00"),
        ("implode('-')", json!(["a", 1]), "a-1"),
        ("date", json!("never"), "never"),
    ] {
        let text = format!(
            r#"{{"api": "/x", "effect": "QUERY", "request": [], "formatResponse": [{{"old": "o", "new": "n", "format": "{format}"}}]}}"#
        );
        let source = SourceDocument::parse(&text, "s").unwrap().document;
        let mut record = Record::new(serde_json::Map::from_iter([("o".to_owned(), value)]));
        source.format_response.apply(&mut record, &context);
        assert_eq!(record.get("n"), Some(&json!(expected)), "{format}");
    }
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
