//! Shapes of published documents that run as they are, and what their parsers and children send.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use mapping::TargetDocument;
use proto::v1::{FieldValue, field_value::Value as Cell};
use serde_json::{Value, json};
use transformer::map::{Mapping, cell_json};

use crate::documents::{document, map, text};
use crate::support::now;

/// What the single field of a document sends, with the form's type or without.
fn sent(field: Value, widget: &str, record: Value) -> Value {
    let extras = json!({"widgets": {"f": widget}}).to_string();
    let extras = (!widget.is_empty()).then_some(extras.as_str());
    let values = map(&field.to_string(), extras, record).unwrap_or_else(|error| panic!("{error:?}"));
    values[0].value.as_ref().map_or(Value::Null, cell_json)
}

fn warnings(field: Value) -> Vec<String> {
    let mapping =
        Mapping::load(&document(&field.to_string()), None).unwrap_or_else(|problems| panic!("{problems:?}"));
    mapping
        .warnings()
        .iter()
        .filter(|w| !w.message.starts_with("\"api\""))
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_parser_for_another_target_sends_the_value_itself_and_is_told() {
    for parser in [
        json!({"name": "ConvertObjectParser", "params": "FNumber"}),
        json!({"name": "ConvertTwoStageObjectParser", "params1": "FBase", "params2": "FNumber"}),
        json!({"name": "ConvertTwoStageObjectParser", "params1": "value", "params2": "FNumber"}),
        json!({"name": "K3WiseHeiHuCustomParser", "params": "FName"}),
        json!({"name": "workflowRequestTableFields", "view": "1", "edit": "1", "fieldId": "2"}),
    ] {
        let field = json!({"field": "f", "label": "名", "value": "{{name}}", "parser": parser});
        for widget in ["", "text"] {
            assert_eq!(
                sent(field.clone(), widget, json!({"name": "ACME"})),
                "ACME",
                "{parser}"
            );
        }
        let told = warnings(field);
        assert!(
            told.iter().any(|w| w.starts_with("mapping:1:")
                && w.contains("field \"名\"")
                && w.contains("no field of a form takes")),
            "{told:?}"
        );
    }
    // What a form does take.
    let phone = json!({"field": "f", "value": "{{tel}}", "parser": {"name": "ConvertTwoStageObjectParser", "params1": "value", "params2": "phone"}});
    assert_eq!(
        sent(phone.clone(), "", json!({"tel": "135"})),
        json!({"phone": "135"})
    );
    assert_eq!(warnings(phone), Vec::<String>::new());
    let list = json!({"field": "f", "value": "{{x}}", "parser": "StringToArray"});
    let extras = json!({"widgets": {"f": "text"}}).to_string();
    let mapping = Mapping::load(&document(&list.to_string()), Some(&extras)).unwrap();
    assert!(mapping.warnings().iter().any(|w| {
        w.message
            .contains("the parser makes a list, but the form's field is a text")
    }));
}

#[test]
fn a_child_called_value_is_the_wrapping_of_the_form() {
    let record = || json!({"name": "ACME", "n": 7, "list": [{"a": "x"}, {"a": "y"}]});
    let wrap = |inner: Value| json!({"field": "f", "label": "名", "type": "object", "children": [inner]});
    for inner in [
        json!({"field": "value", "type": "string", "value": "{{name}}"}),
        json!({"field": "value", "type": "string", "value": "{{name}}", "parser": {"name": "ConvertObjectParser", "params": "value"}}),
    ] {
        assert_eq!(sent(wrap(inner.clone()), "", record()), "ACME");
        assert_eq!(sent(wrap(inner), "text", record()), "ACME");
    }
    assert_eq!(
        sent(
            wrap(json!({"field": "value", "type": "int", "value": "{{n}}"})),
            "",
            record()
        ),
        7
    );
    let address = wrap(
        json!({"field": "value", "type": "object", "children": [{"field": "city", "value": "{{name}}"}]}),
    );
    assert_eq!(sent(address, "address", record())["city"], "ACME");
    let rows = wrap(
        json!({"field": "value", "type": "array", "value": "list", "children": [
        {"field": "c", "type": "object", "children": [{"field": "value", "value": "{{list.a}}"}]}]}),
    );
    assert_eq!(sent(rows, "subform", record()), json!([{"c": "x"}, {"c": "y"}]));
    let beside = json!({"field": "f", "label": "名", "type": "object", "children": [
        {"field": "value", "value": "{{name}}"}, {"field": "text", "label": "旁", "value": "{{name}}"}]});
    assert_eq!(sent(beside.clone(), "", record()), "ACME");
    assert!(
        warnings(beside)
            .iter()
            .any(|w| w.contains("field \"旁\": text has no effect"))
    );
    // A member of an object of the form's own may well be called so.
    let link = json!({"field": "f", "type": "object", "children": [{"field": "x", "type": "object", "children": [{"field": "value", "value": "{{n}}"}]}]});
    assert_eq!(sent(link, "linkobject", record()), json!({"x": {"value": "7"}}));
}

#[test]
fn types_are_taken_in_any_spelling() {
    let cell =
        |kind: &str, value: &str| sent(json!({"field": "f", "type": kind, "value": value}), "", json!({}));
    for kind in ["String", "TEXT", "varchar"] {
        assert_eq!(cell(kind, "a"), "a");
    }
    for kind in ["Number", "Int", "Integer", "Float", "decimal", "double"] {
        assert_eq!(cell(kind, "7"), 7, "{kind}");
    }
    for kind in ["date", "datetime", "DateTime", "timestamp"] {
        assert_eq!(
            cell(kind, "2024-03-14 16:00:00"),
            "2024-03-14T08:00:00.000Z",
            "{kind}"
        );
        let as_text = sent(
            json!({"field": "f", "type": kind, "value": "2024-03-14"}),
            "text",
            json!({}),
        );
        assert_eq!(as_text, "2024-03-14", "{kind}");
    }
    assert_eq!(cell("Colour", "a"), "a");
    assert!(
        warnings(json!({"field": "f", "type": "Colour", "value": "a"}))[0]
            .contains("the type \"Colour\" is not known; the value is sent as text")
    );
}

#[test]
fn parents_may_repeat_the_nesting_or_make_it() {
    let record = || json!({"items": [{"sku": "a"}, {"sku": "b"}], "name": "N"});
    let child =
        |parent: &str| json!({"field": "c", "label": "子", "value": "{{items.sku}}", "parent": parent});
    let rows = json!([{"c": "a"}, {"c": "b"}]);
    for parent in ["f", "", "0", "root"] {
        let nested = json!({"field": "f", "type": "array", "value": "items", "children": [child(parent)]});
        assert_eq!(sent(nested, "", record()), rows, "{parent}");
    }
    let by_id =
        json!({"field": "f", "id": "12", "type": "array", "value": "items", "children": [child("12")]});
    assert_eq!(sent(by_id, "", record()), rows);
    let flat = |list: Value| {
        let inside = list.to_string();
        let values = map(inside.trim_matches(['[', ']']), None, record()).unwrap();
        let one = |value: &FieldValue| {
            (
                value.field.clone(),
                value.value.as_ref().map_or(Value::Null, cell_json),
            )
        };
        values.iter().map(one).collect::<Vec<_>>()
    };
    let found = flat(
        json!([{"field": "f", "type": "array", "value": "items"}, child("f"), {"field": "n", "value": "{name}"}]),
    );
    assert_eq!(
        found,
        [("f".to_owned(), rows.clone()), ("n".to_owned(), json!("N"))]
    );
    let deep = flat(json!([
        {"field": "o", "type": "object"}, {"field": "p", "type": "object", "parent": "o"}, {"field": "q", "value": "{name}", "parent": "o.p"}]));
    assert_eq!(deep, [("o".to_owned(), json!({"p": {"q": "N"}}))]);
    let nowhere = TargetDocument::parse(&document(&child("nobody").to_string()), "m").unwrap_err();
    assert!(
        nowhere[0]
            .to_string()
            .contains("\"parent\" is \"nobody\", which no entry of request is")
    );
}

#[test]
fn parsers_may_be_empty_bare_or_a_list() {
    let cell = |parser: Value| {
        sent(
            json!({"field": "f", "type": "string", "value": "b, a,b", "parser": parser}),
            "",
            json!({}),
        )
    };
    for none in [
        json!({"name": "", "params": ""}),
        json!(null),
        json!(""),
        json!([]),
        json!({}),
        json!({"name": null}),
    ] {
        assert_eq!(cell(none.clone()), "b, a,b", "{none}");
    }
    for chain in [
        json!("StringToArray,ArrayUnique"),
        json!({"name": "StringToArray,ArrayUnique"}),
        json!([{"name": "StringToArray", "params": ","}, {"name": "ArrayUnique"}]),
        json!({"name": "stringtoarray, arrayunique", "params": ","}),
    ] {
        assert_eq!(cell(chain.clone()), json!(["b", "a"]), "{chain}");
    }
    for plain in [
        json!("ConvertObjectParser"),
        json!({"name": "ConvertObjectParser"}),
        json!({"name": "ConvertObjectParser", "params": {"key": "value"}}),
    ] {
        assert_eq!(cell(plain.clone()), "b, a,b", "{plain}");
    }
}

#[test]
fn request_may_be_an_object_keyed_by_field() {
    let text = json!({"api": "/x", "effect": "EXECUTE", "otherRequestParams": {"app_id": "647efacc2a57bd0008e51e9e", "is_start_trigger": true}, "request": {
        "_widget_1": {"label": "名", "type": "string", "mapping": "name"},
        "_widget_2": "{{short_name}}",
        "_widget_3": {"type": "array", "mapping": "items", "children": {"c": {"mapping": "items.sku"}}},
        "_widget_4": {"mapping": "customers.0.name", "value": ""},
    }});
    let mapping = Mapping::load(&text.to_string(), None).unwrap_or_else(|problems| panic!("{problems:?}"));
    let record =
        json!({"name": "N", "short_name": "S", "items": [{"sku": "a"}], "customers": [{"name": "e"}]});
    let record = mapping::clean::clean(record).unwrap();
    let values = mapping.map(&record, now()).unwrap();
    let found: Vec<_> = values
        .iter()
        .map(|value| value.value.as_ref().map_or(Value::Null, cell_json))
        .collect();
    assert_eq!(found, [json!("N"), json!("S"), json!([{"c": "a"}]), json!("e")]);
    assert_eq!(mapping.other_request().app_id(), Some("647efacc2a57bd0008e51e9e"));
    assert_eq!(mapping.other_request().is_start_trigger(), Some(true));
}

#[test]
fn formats_come_before_the_parser() {
    let record = || json!({"t": "2024-03-14 16:05:06", "n": "2.345", "list": ["a", "b"], "bad": "soon"});
    let cell = |value: &str, format: &str| {
        sent(
            json!({"field": "f", "value": value, "format": format}),
            "",
            record(),
        )
    };
    for (value, format, expected) in [
        ("{{t}}", "date", "2024-03-14"),
        ("{{t}}", "dateTime", "2024-03-14 16:05"),
        ("{{t}}", "yyyy/MM/dd", "2024/03/14"),
        ("{{t}}", "Y-m-d H:i:s", "2024-03-14 16:05:06"),
        ("{{n}}", "round(2)", "2.35"),
        ("{{n}}", "", "2.345"),
        ("{{bad}}", "date", "soon"),
        ("{{list}}", "implode(/)", "a/b"),
    ] {
        assert_eq!(cell(value, format), expected, "{value} {format}");
    }
    let number = sent(
        json!({"field": "f", "type": "float", "value": "{{n}}", "format": "round(1)"}),
        "",
        record(),
    );
    assert_eq!(number, json!(2.3));
    let told = warnings(json!({"field": "f", "value": "{{n}}", "format": "shiny"}));
    assert!(told[0].contains("the format \"shiny\" has no effect"), "{told:?}");
}

#[test]
fn conditions_compare_with_placeholders() {
    let kept = |logic: &str, value: &str| {
        let extras =
            json!({"condition": [[{"field": "create_time", "logic": logic, "value": value}]]}).to_string();
        let mapping =
            Mapping::load(&document(""), Some(&extras)).unwrap_or_else(|problems| panic!("{problems:?}"));
        // 2026-03-15 00:30 at +08:00 is now.
        let detail = json!({"create_time": "2026-03-01 10:00:00", "edit_time": "2026-03-02 00:00:00"});
        let mut record = mapping::clean::clean(detail).unwrap();
        mapping.filter(&mut record, now()).is_none()
    };
    for (logic, value, expected) in [
        ("gt", "{{DAYS_AGO_30|datetime}}", true),
        ("gt", "{{DAYS_AGO_2|datetime}}", false),
        ("egt", "{{DAYS_AGO_30|date}}", true),
        ("gt", "{{DAYS_AGO_30}}", true),
        ("gt", "{{DAYS_AGO_2}}", false),
        ("gt", "timestamp:{{DAYS_AGO_30}}", true),
        ("gt", "{{DAYS_AGO_30|timestamp}}", true),
        ("gt", "{{DAYS_AGO_2|timestamp_ms}}", false),
        ("elt", "2026-3-1", false),
        ("egt", "2026/3/1", true),
        ("lt", "{{CURRENT_TIME|datetime}}", true),
        ("lt", "{{edit_time}}", true),
        ("gt", "{{edit_time}}", false),
        (
            "between",
            "{{DAYS_AGO_30|datetime}},{{CURRENT_TIME|datetime}}",
            true,
        ),
        (
            "between",
            "{{DAYS_AGO_5|datetime}},{{CURRENT_TIME|datetime}}",
            false,
        ),
        ("like", "{{CURRENT_TIME|date('yyyy-MM')}}", true),
        ("gt", "_function DATE_SUB(CURDATE(), INTERVAL 30 DAY)", true),
        ("gt", "{{LAST_SYNC_TIME|datetime}}", true),
        ("eq", "2026-03-01 10:00:00", true),
        ("eq", "2026-03-01 10:00:01", false),
    ] {
        assert_eq!(kept(logic, value), expected, "{logic} {value}");
    }
    let extras = json!({"condition": [[{"field": "a", "logic": "eq", "value": "{{x"}]]}).to_string();
    let problem = Mapping::load(&document(""), Some(&extras))
        .unwrap_err()
        .remove(0)
        .to_string();
    assert!(
        problem.starts_with("extras:1:") && problem.contains("{{ is not closed"),
        "{problem}"
    );
}

#[test]
fn look_ups_read_their_tables_from_files_and_read_them_again() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("shops.csv", "\u{feff}店名,编号\n甲店, S-1\n\"乙,店\",S-2\n");
    write(
        "units.json",
        r#"[{"FNumber": "kg", "FUnit": "千克"}, {"content": {"FNumber": "g", "FUnit": "克"}}]"#,
    );
    write("codes.json", r#"{"1": "一", "2": "二"}"#);
    let extras = json!({"lookup": {
        "shops-id": {"file": "shops.csv", "key": "店名", "field": {"FNumber": "编号"}, "missing": "keep"},
        "units-id": {"file": "units.json"},
        "codes-id": {"file": "codes.json", "key": "code", "field": "label", "missing": "dead"},
    }});
    let extras_name = folder.path().join("extras.json").display().to_string();
    let fields = json!([
        {"field": "a", "value": "_findCollection find FNumber from shops-id where FName={{shop}}"},
        {"field": "b", "value": "_mongoQuery units-id findField=content.FUnit where={\"content.FNumber\":{\"$eq\":\"{{unit}}\"}}"},
        {"field": "c", "value": "_function CONCAT('<', _findCollection find name from codes-id where id={{code}} _endFind, '>')"},
    ]);
    let document = document(fields.to_string().trim_matches(['[', ']']));
    let load =
        |extras: &Value| Mapping::load_named(&document, "m.json", Some(&extras.to_string()), &extras_name);
    let mapping = load(&extras).unwrap_or_else(|problems| panic!("{problems:?}"));
    let cells = |shop: &str, code: i64| {
        let record = mapping::clean::clean(json!({"shop": shop, "unit": "g", "code": code})).unwrap();
        mapping
            .map(&record, now())
            .map(|values| values.into_iter().map(|value| value.value).collect::<Vec<_>>())
    };
    assert_eq!(
        cells("乙,店", 2).unwrap(),
        [text("S-2"), text("克"), text("<二>")]
    );
    assert_eq!(cells("丙店", 1).unwrap()[0], text("丙店"));
    let dead = cells("甲店", 3).unwrap_err();
    assert_eq!(dead.code, "lookup-missing");

    let revision = mapping.revision();
    assert_eq!(mapping.sources().refresh(), Ok(false));
    write("shops.csv", "店名,编号\n甲店,S-9\n丙店,S-3\n");
    assert_eq!(mapping.sources().refresh(), Ok(false), "it may still be written");
    assert_eq!(mapping.sources().refresh(), Ok(true));
    assert_eq!(cells("丙店", 1).unwrap()[0], text("S-3"));
    assert_ne!(mapping.revision(), revision, "the same version is mapped anew");
    write("shops.csv", "店名\n甲店\n");
    assert_eq!(mapping.sources().refresh(), Ok(false));
    let error = mapping.sources().refresh().unwrap_err();
    assert!(error.contains("has no column"), "{error}");
    assert_eq!(
        cells("丙店", 1).unwrap()[0],
        text("S-3"),
        "the tables stay as they were"
    );
    assert_eq!(mapping.sources().refresh(), Ok(false), "it is said once");

    let bad = |extras: Value| {
        let problems = load(&extras).unwrap_err();
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let none = bad(json!({}));
    assert!(
        none.contains("m.json:1:")
            && none.contains("no table is given for the collection shops-id; give it in the additions"),
        "{none}"
    );
    assert_eq!(none.lines().count(), 3, "{none}");
    let mut wrong = extras.clone();
    wrong["lookup"]["shops-id"]["file"] = json!("nowhere.csv");
    assert!(bad(wrong).contains("lookup.shops-id: "));
    let mut wrong = extras.clone();
    wrong["lookup"]["shops-id"]["missing"] = json!("whatever");
    assert!(bad(wrong).contains("lookup.shops-id"));
    assert!(matches!(cells("甲店", 1).unwrap()[2], Some(Cell::Text(_))));
}
