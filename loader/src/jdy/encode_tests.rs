//! Tests of the encoder: the wire shape of every kind, and that reading back hashes the same.

use proto::v1::{DepartmentList, SubformRow, TextList};

use serde_json::json;

use super::super::canonical::hash_row;
use super::super::types::Widget;
use super::*;

/// All widgets are of this kind.
struct Form(Kind);

impl Shape for Form {
    fn key_widget(&self) -> Option<&str> {
        Some("_key")
    }
    fn clearing(&self, widget: &str) -> Clearing {
        if widget.starts_with("_text") {
            Clearing::Text("")
        } else {
            Clearing::Object {}
        }
    }
    fn kind(&self, _widget: &str) -> &Kind {
        &self.0
    }
}

const PLAIN: Form = Form(Kind::Plain);

fn widget(name: &str, kind: &str, items: Vec<Widget>) -> Widget {
    Widget {
        name: name.to_owned(),
        label: String::new(),
        kind: kind.to_owned(),
        items,
        other: serde_json::Map::new(),
    }
}

/// The widget that takes the cell.
fn taking(cell: &Cell) -> Widget {
    let (kind, items) = match cell {
        Cell::Phone(_) => ("phone", Vec::new()),
        Cell::Member(_) => ("user", Vec::new()),
        Cell::Members(_) => ("usergroup", Vec::new()),
        Cell::Department(_) => ("dept", Vec::new()),
        Cell::Departments(_) => ("deptgroup", Vec::new()),
        Cell::Json(_) => ("linkobject", Vec::new()),
        Cell::Subform(_) => {
            let items = [("_a", "text"), ("_b", "number"), ("_c", "text")];
            let items = items.map(|(name, kind)| widget(name, kind, Vec::new()));
            ("subform", items.into())
        }
        _ => ("text", Vec::new()),
    };
    widget("_w", kind, items)
}

fn field(name: &str, value: Option<Cell>) -> FieldValue {
    FieldValue {
        field: name.to_owned(),
        label: format!("label of {name}"),
        value,
    }
}

fn record(fields: Vec<FieldValue>) -> FormRecord {
    FormRecord {
        company_id: "1001".to_owned(),
        fields,
        ..FormRecord::default()
    }
}

fn texts(items: &[&str]) -> TextList {
    TextList {
        items: items.iter().map(|item| (*item).to_owned()).collect(),
    }
}

/// (cell, JSON inside `value` on write, bare JSON on read)
fn kinds() -> Vec<(Cell, Value, Value)> {
    let subform = Subform {
        rows: vec![SubformRow {
            fields: vec![
                field("_a", Some(Cell::Text("x".into()))),
                field("_b", Some(Cell::Number("1.50".into()))),
                field("_c", None),
            ],
        }],
    };
    let place = Address {
        province: "江苏省".into(),
        city: "无锡市".into(),
        ..Address::default()
    };
    vec![
        (
            Cell::Text("a\"b\\ 😀\n".into()),
            json!("a\"b\\ 😀\n"),
            json!("a\"b\\ 😀\n"),
        ),
        (Cell::Number("100.50".into()), json!(100.50), json!(100.5)),
        (Cell::Number("007".into()), json!(7), json!(7)),
        (Cell::Number("1e3".into()), json!(1e3), json!(1000)),
        (
            Cell::Datetime(1_514_801_410_000),
            json!("2018-01-01T10:10:10.000Z"),
            json!("2018-01-01T10:10:10.000Z"),
        ),
        (
            Cell::Datetime(0),
            json!("1970-01-01T00:00:00.000Z"),
            json!("1970-01-01T00:00:00.000Z"),
        ),
        (
            Cell::Texts(texts(&["甲", "乙"])),
            json!(["甲", "乙"]),
            json!(["甲", "乙"]),
        ),
        (
            Cell::Address(place),
            json!({"province": "江苏省", "city": "无锡市", "district": "", "detail": ""}),
            json!({"province": "江苏省", "city": "无锡市", "district": "", "detail": ""}),
        ),
        (
            Cell::Phone("135".into()),
            json!({"phone": "135"}),
            json!({"phone": "135", "verified": false}),
        ),
        (
            Cell::Member("xj".into()),
            json!("xj"),
            json!({"username": "xj", "name": "小简", "status": 1, "type": 0}),
        ),
        (
            Cell::Members(texts(&["a", "b"])),
            json!(["a", "b"]),
            json!([{"username": "a"}, {"username": "b"}]),
        ),
        (
            Cell::Department(12),
            json!(12),
            json!({"_id": "d", "dept_no": 12, "name": "销售"}),
        ),
        (
            Cell::Departments(DepartmentList { items: vec![1, 2] }),
            json!([1, 2]),
            json!([{"dept_no": 1}, {"dept_no": 2}]),
        ),
        (
            Cell::Subform(subform),
            json!([{"_a": {"value": "x"}, "_b": {"value": 1.5}}]),
            json!([{"_id": "r", "_a": "x", "_b": 1.5, "_c": null}]),
        ),
        (
            Cell::Lookup("59e9a2fe283ffa7c11b1ddbf".into()),
            json!("59e9a2fe283ffa7c11b1ddbf"),
            json!("59e9a2fe283ffa7c11b1ddbf"),
        ),
        (
            Cell::Json(br#"{"link_id":"59"}"#.as_slice().into()),
            json!({"link_id": "59"}),
            json!({"link_form": "f", "link_id": "59", "name": "n"}),
        ),
    ]
}

#[test]
fn every_kind_is_written_as_documented_and_hashes_the_same_when_read_back() {
    for (cell, written, read) in kinds() {
        let kinds = Kinds::new(&[taking(&cell)]);
        let form = Form(kinds.of("_w").clone());
        let row = encode(&record(vec![field("_w", Some(cell.clone()))]), &form, None).unwrap();
        let parsed: Value = serde_json::from_str(&row.set).unwrap();
        assert_eq!(
            parsed["_w"]["value"].to_string().parse::<Value>().ok(),
            Some(written),
            "{cell:?}"
        );
        assert_eq!(parsed["_key"], json!({"value": "1001"}));
        let stored = json!({"_id": "1", "_key": "1001", "_w": read});
        assert_eq!(
            hash_row(stored.as_object().unwrap(), ["_w"], &kinds),
            row.hash,
            "{cell:?}"
        );
    }
}

#[test]
fn empty_cells_are_left_out_of_a_create_and_cleared_by_an_update() {
    let empties = [
        None,
        Some(Cell::Text(String::new())),
        Some(Cell::Number(" ".into())),
        Some(Cell::Texts(TextList::default())),
        Some(Cell::Address(Address::default())),
        Some(Cell::Phone(String::new())),
        Some(Cell::Subform(Subform::default())),
        Some(Cell::Json(b"null".as_slice().into())),
    ];
    for cell in empties {
        let fields = vec![field("_text1", cell.clone()), field("_other", cell.clone())];
        let row = encode(&record(fields), &PLAIN, None).unwrap();
        assert_eq!(row.set, r#"{"_key":{"value":"1001"}}"#, "{cell:?}");
        assert_eq!(
            join(&row.set, &row.clear),
            r#"{"_key":{"value":"1001"},"_text1":{"value":""},"_other":{"value":{}}}"#,
            "{cell:?}"
        );
        assert_eq!(row.hash, hash_cells([]));
    }
}

#[test]
fn a_value_that_would_become_a_blank_is_refused_here() {
    for cell in [
        Cell::Number("abc".into()),
        Cell::Number("inf".into()),
        Cell::Number("NaN".into()),
        Cell::Datetime(i64::MAX),
        Cell::Datetime(-99_999_999_999_999),
        Cell::Json(b"{".as_slice().into()),
    ] {
        let error = encode(&record(vec![field("_w", Some(cell.clone()))]), &PLAIN, None).unwrap_err();
        assert_eq!(error.widget, "_w", "{cell:?}");
    }
}

#[test]
fn the_key_widget_cannot_be_overwritten_by_a_mapped_field() {
    let row = encode(
        &record(vec![field("_key", Some(Cell::Text("other".into())))]),
        &PLAIN,
        None,
    )
    .unwrap();
    assert_eq!(row.set, r#"{"_key":{"value":"1001"}}"#);
    assert_eq!(row.hash, hash_cells([]));
}

#[test]
fn joining_keeps_the_json_whole() {
    assert_eq!(join("{}", r#""a":1"#), r#"{"a":1}"#);
    assert_eq!(join(r#"{"b":2}"#, r#""a":1"#), r#"{"b":2,"a":1}"#);
    assert_eq!(join(r#"{"b":2}"#, ""), r#"{"b":2}"#);
}

#[test]
fn a_customer_that_comes_back_loses_its_mark_unless_the_mapping_writes_it() {
    let plain = record(vec![field("_w", Some(Cell::Text("x".into())))]);
    let row = encode(&plain, &PLAIN, Some("_text_mark")).unwrap();
    assert_eq!(row.clear, r#""_text_mark":{"value":""}"#);
    assert_eq!(
        encode_text("_text_mark", "已删除").unwrap(),
        r#"{"_text_mark":{"value":"已删除"}}"#
    );
    let mapped = record(vec![field("_text_mark", Some(Cell::Text("x".into())))]);
    let row = encode(&mapped, &PLAIN, Some("_text_mark")).unwrap();
    assert_eq!(row.clear, "");
}
