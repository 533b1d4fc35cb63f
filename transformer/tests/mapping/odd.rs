//! Documents that are nearly right: what they mean is done, and what is odd about them is told.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use transformer::map::{Mapping, cell_json};

use crate::documents::{document, map};
use crate::support::now;

/// The cell of a document's single field, with the form's type or without, and all warnings.
fn told(field: &Value, widget: &str, record: Value) -> (Value, String) {
    let extras = json!({"widgets": {"f": widget}}).to_string();
    let extras = (!widget.is_empty()).then_some(extras.as_str());
    let text = document(&field.to_string());
    let mapping = Mapping::load(&text, extras).unwrap_or_else(|problems| panic!("{problems:?}"));
    let warnings: Vec<String> = mapping.warnings().iter().map(ToString::to_string).collect();
    let values = map(&field.to_string(), extras, record).unwrap();
    let cell = values[0].value.as_ref().map_or(Value::Null, cell_json);
    (cell, warnings.join("\n"))
}

/// A document with more keys than its fields.
fn loaded(more: Value) -> Result<Mapping, String> {
    let mut whole = json!({"api": "/x/data_create", "effect": "EXECUTE", "request": [{"field": "f", "value": "{{name}}"}]});
    whole
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Mapping::load(&whole.to_string(), None).map_err(|problems| {
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    })
}

#[test]
fn the_forms_wrapping_is_there_once_however_often_it_is_written() {
    for parser in [
        json!({"name": "ConvertTwoStageObjectParser", "params1": "value", "params2": "value"}),
        json!({"name": "ConvertTwoStageObjectParser", "params": "value,value"}),
        json!({"name": "ConvertObjectParser,ConvertObjectParser", "params": ["value", "value"]}),
        json!([{"name": "ConvertObjectParser"}, {"name": "ConvertObjectParser", "params": " value "}]),
    ] {
        let field = json!({"field": "f", "value": "{{name}}", "parser": parser});
        for widget in ["", "text"] {
            let (cell, warnings) = told(&field, widget, json!({"name": "ACME"}));
            assert_eq!(
                (cell, warnings.contains("field \"f\"")),
                (json!("ACME"), false),
                "{parser}: {warnings}"
            );
        }
    }
}

#[test]
fn a_key_of_another_widget_is_not_written_into_a_text() {
    for (key, widget) in [
        ("phone", "text"),
        ("city", "text"),
        ("province", "phone"),
        ("phone", "address"),
    ] {
        let field = json!({"field": "f", "value": "{{name}}", "parser": {"name": "ConvertObjectParser", "params": key}});
        let extras = json!({"widgets": {"f": widget}}).to_string();
        let mapping = Mapping::load(&document(&field.to_string()), Some(&extras)).unwrap();
        let message = format!("ConvertObjectParser builds {{\"{key}\": …}}, which no field of a form takes");
        let told: Vec<_> = mapping
            .warnings()
            .iter()
            .filter(|w| w.message.contains(&message))
            .collect();
        // Once, among what has no effect.
        assert!(
            told.len() == 1 && told[0].without_effect,
            "{key} {widget}: {told:?}"
        );
    }
    let field = json!({"field": "f", "value": "{{name}}", "parser": {"name": "ConvertObjectParser", "params": "phone"}});
    assert_eq!(told(&field, "text", json!({"name": "135"})).0, "135");
    assert_eq!(
        told(&field, "phone", json!({"name": "135"})).0,
        json!({"phone": "135"})
    );
}

#[test]
fn a_type_that_contradicts_the_form_is_said_once_in_the_list_of_what_has_no_effect() {
    for (kind, widget, idle) in [
        ("date", "text", true),
        ("datetime", "number", true),
        ("date", "datetime", false),
        ("string", "datetime", false),
    ] {
        let field = json!({"field": "f", "type": kind, "value": "{{name}}"});
        let extras = json!({"widgets": {"f": widget}}).to_string();
        let mapping = Mapping::load(&document(&field.to_string()), Some(&extras)).unwrap();
        let told: Vec<_> = mapping
            .warnings()
            .iter()
            .filter(|w| w.message.contains("the type of a date has no effect"))
            .collect();
        assert_eq!(told.len(), usize::from(idle), "{kind} {widget}: {told:?}");
        assert!(told.iter().all(|w| w.without_effect), "{told:?}");
    }
}

#[test]
fn parsers_of_lists_get_the_list() {
    let record = || json!({"list": ["b", "a", "b"], "map": {"k": "1"}});
    let cell = |value: &str, parser: Value| {
        told(
            &json!({"field": "f", "type": "string", "value": value, "parser": parser}),
            "text",
            record(),
        )
        .0
    };
    assert_eq!(
        cell("{{list}}", json!({"name": "ArrayToString", "params": "、"})),
        "b、a、b"
    );
    let chain = json!({"name": "ArrayUnique,ArrayToString", "params": [null, "/"]});
    assert_eq!(cell("{{list}}", chain), "b/a");
    for spelling in [
        json!(false),
        json!({"name": ["StringToArray", "ArrayToString"], "params": [",", "+"]}),
        json!("StringToArray，ArrayUnique;ArrayToString"),
    ] {
        assert!(cell("x", spelling.clone()) == "x", "{spelling}");
    }
}

#[test]
fn parameters_that_a_parser_does_not_have_are_told() {
    for (parser, key) in [
        (
            json!({"name": "ConvertObjectParser", "params": "value", "params1": "x"}),
            "params1",
        ),
        (
            json!({"name": "StringToArray", "params": ",", "view": "1"}),
            "view",
        ),
    ] {
        let field = json!({"field": "f", "value": "{{name}}", "parser": parser});
        let (_, warnings) = told(&field, "", json!({"name": "a"}));
        assert!(
            warnings.contains(&format!(
                "\"{key}\" has no effect: the parser has no such parameter"
            )),
            "{warnings}"
        );
    }
}

#[test]
fn exports_of_the_platform_write_nothing_as_an_empty_list() {
    for nothing in [json!([]), json!(""), json!({}), json!(null), json!(false)] {
        for key in ["operation", "response", "groupCalculate", "callBackStrategy"] {
            let mapping = loaded(json!({key: nothing})).unwrap();
            assert!(
                mapping.warnings().is_empty(),
                "{key} {nothing}: {:?}",
                mapping.warnings()
            );
        }
    }
    assert!(loaded(json!({"effect": "execute", "operation": {"method": "BatchArraySave"}})).is_ok());
    let mapping = loaded(json!({"operation": {"rowsKey": "array", "rows": 5}})).unwrap();
    let idle: Vec<_> = mapping.warnings().iter().filter(|w| w.without_effect).collect();
    assert_eq!(idle.len(), 2, "{idle:?}");
    let blank = Mapping::load(&document(r#"{"field": "f", "value": ""}"#), None).unwrap();
    assert!(
        blank
            .warnings()
            .iter()
            .any(|w| w.message.contains("the cell of every row is blank"))
    );
}

#[test]
fn a_transaction_id_may_be_anything_because_it_is_replaced() {
    for value in [
        "{{company_id}}",
        "_function UUID()",
        "{{$now|format}}",
        "${id}",
        "1",
    ] {
        let mapping = loaded(json!({"otherRequest": [{"field": "transaction_id", "value": value}]})).unwrap();
        let told: Vec<_> = mapping.warnings().iter().map(ToString::to_string).collect();
        assert!(
            told.len() == 1 && told[0].contains("a fixed transaction_id"),
            "{value}: {told:?}"
        );
    }
}

#[test]
fn ids_and_flags_may_have_blanks_and_capitals() {
    let other = json!({"otherRequest": [
        {"field": "appId", "value": " 647efacc2a57bd0008e51e9e "}, {"field": "is_start_workflow", "value": "True"},
        {"field": "entryId", "value": "668A08BEAF5A1CB83E659B52\t"}, {"field": "is_start_trigger", "value": "FALSE"}]});
    let mapping = loaded(other).unwrap();
    assert!(mapping.warnings().is_empty(), "{:?}", mapping.warnings());
    let other = mapping.other_request();
    assert_eq!(other.app_id(), Some("647efacc2a57bd0008e51e9e"));
    assert_eq!(other.entry_id(), Some("668A08BEAF5A1CB83E659B52"));
    assert_eq!(
        (other.is_start_workflow(), other.is_start_trigger()),
        (Some(true), Some(false))
    );
}

#[test]
fn parents_may_be_called_by_caption_name_or_path() {
    let record = || json!({"items": [{"sku": "a", "sub": [{"x": "1"}]}]});
    let child =
        |parent: Value| json!({"field": "c", "label": "子", "value": "{{items.sku}}", "parent": parent});
    for parent in [
        json!("明细"),
        json!("rows"),
        json!("12"),
        json!("f"),
        json!("f."),
        json!(false),
        json!("-1"),
    ] {
        let field = json!({"field": "f", "label": "明细", "name": "rows", "id": "12", "type": "array", "value": "items", "children": [child(parent.clone())]});
        assert_eq!(told(&field, "", record()).0, json!([{"c": "a"}]), "{parent}");
    }
    let flat = format!(
        "{},{}",
        json!({"field": "f", "label": "明细", "type": "array", "value": "items"}),
        child(json!("明细"))
    );
    let values = map(&flat, None, record()).unwrap();
    assert_eq!(values[0].value.as_ref().map(cell_json), Some(json!([{"c": "a"}])));
    let deep = json!({"field": "f", "type": "array", "value": "items", "children": [
        {"field": "g", "type": "array", "value": "items.sub", "children": [{"field": "h", "value": "{{items.sub.x}}", "parent": "f.g"}]}]});
    assert_eq!(told(&deep, "", record()).0, json!([{"g": [{"h": "1"}]}]));
}

#[test]
fn conditions_drop_nobody_because_of_how_they_are_written() {
    let filtered = |test: Value| {
        let extras = json!({"condition": [[test]]}).to_string();
        let mapping =
            Mapping::load(&document(""), Some(&extras)).unwrap_or_else(|problems| panic!("{problems:?}"));
        let detail = json!({"create_time": "2026-03-01 10:00:00", "t13": 1_772_330_400_123_i64, "star": 3, "none": ""});
        let mut record = mapping::clean::clean(detail).unwrap();
        let kept = mapping.filter(&mut record, now()).is_none();
        let told = mapping
            .warnings()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>();
        (kept, told.join("\n"))
    };
    let test = |logic: &str, value: Value| json!({"field": "create_time", "logic": logic, "value": value});
    for (test, kept) in [
        (test("gt", json!("timestamp:{{DAYS_AGO_30|datetime}}")), true),
        (test("gt", json!("timestamp:{{DAYS_AGO_2|date}}")), false),
        (test("gt", json!("timestamp:2026-02-01")), true),
        (test("lt", json!("{{none}}")), true),
        (test("gt", json!("{{nobody}}")), true),
        (
            test("between", json!("{{DAYS_AGO_30|date}}，{{CURRENT_TIME|date}}")),
            true,
        ),
        (test("between", json!("['2026-02-01','2026-03-02']")), true),
        (test("between", json!(["2026-02-01", "2026-03-02"])), true),
        (test("between", json!(["2026-03-02", "2026-03-03"])), false),
        (test("between", json!("{{none}},{{CURRENT_TIME|date}}")), true),
        (test("GT", json!("2026-02-01")), true),
        (json!({"field": " star ", "logic": "eq", "value": 3}), true),
        (
            json!({"field": "t13", "logic": "lt", "value": "{{CURRENT_TIME}}"}),
            true,
        ),
        (
            json!({"field": "t13", "logic": "gt", "value": "{{DAYS_AGO_2|datetime}}"}),
            false,
        ),
    ] {
        assert_eq!(filtered(test.clone()).0, kept, "{test}");
    }
    for (value, part) in [
        (
            "{{LAST_SYNC_TIME}}",
            "LAST_SYNC_TIME is not known where conditions are applied",
        ),
        ("{{days_ago_30|datetime}}", "write {{DAYS_AGO_30|datetime}}"),
        ("timestamp:soon", "is no point of time"),
    ] {
        let (kept, told) = filtered(test("gt", json!(value)));
        assert!(
            kept && told.contains("extras:1:") && told.contains(part),
            "{value}: {told}"
        );
    }
    let extras = json!({"condition": [[test("between", json!("{{DAYS_AGO_30|date}}"))]]}).to_string();
    let problem = Mapping::load(&document(""), Some(&extras)).unwrap_err().remove(0);
    assert!(
        problem.to_string().contains("between needs two values"),
        "{problem}"
    );
}
