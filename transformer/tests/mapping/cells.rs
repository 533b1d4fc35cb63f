//! Types, parsers and children: from a value to the cell that is sent.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use proto::v1::{Address, TextList, field_value::Value as Cell};
use serde_json::{Value, json};
use transformer::map::{Mapping, Widget};

use crate::documents::{document, map, one, problems, text};

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
        ("number", json!("007"), Cell::Number("7".to_owned())),
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
            text("X"),
        ),
        (
            r#"{"name": "ConvertTwoStageObjectParser", "params1": "value", "params2": "phone"}"#,
            json!("135"),
            Some(Cell::Phone("135".to_owned())),
        ),
        (
            r#"{"name": "ConvertTwoStageObjectParser", "params1": "a", "params2": "b"}"#,
            json!("X"),
            text("X"),
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
            text("X"),
        ),
        (
            r#"{"name": "workflowRequestTableFields", "view": "1", "edit": "0", "fieldId": "9"}"#,
            json!("X"),
            text("X"),
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
            .contains("parsers by \"type\" are not supported")
    );
    assert!(
        refused(r#"{"name": "ConvertTwoStageObjectParser"}"#)
            .contains("ConvertTwoStageObjectParser needs params1")
    );
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
