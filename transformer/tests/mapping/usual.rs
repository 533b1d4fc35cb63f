//! What integrators write because other platforms take it is read here, too.

#![allow(clippy::unwrap_used)]

use proto::v1::field_value::Value as Cell;
use serde_json::{Value, json};
use transformer::map::Mapping;

use crate::documents::{document, one, text};
use crate::said::{Folder, document as whole};

fn kept(test: &Value, record: &Value) -> bool {
    let extras = json!({"condition": [[test]]}).to_string();
    let mapping = Mapping::load(&document(r#"{"field": "f", "value": "{{name}}"}"#), Some(&extras)).unwrap();
    let mut record = mapping::Record::new(record.as_object().unwrap().clone());
    mapping.filter(&mut record, crate::support::now()).is_none()
}

#[test]
fn conditions_look_through_lists_of_values() {
    for (logic, value, expected) in [
        ("in", json!("a,b"), true),
        ("in", json!("b， a"), true),
        ("in", json!(["x", "a"]), true),
        ("in", json!("ab"), false),
        ("in", json!(["a,b"]), false),
        ("IN", json!("{{same}},z"), true),
        ("in", json!(["{{same}}"]), true),
        ("notIn", json!("a,b"), false),
        ("not in", json!(["b"]), true),
        ("nin", json!(["a"]), false),
        ("contains", json!("a"), true),
        ("notContains", json!("a"), false),
        ("not like", json!("z"), true),
        ("ne", json!("a"), false),
        ("===", json!("a"), true),
        ("gte", json!("a"), true),
        ("包含", json!("a"), true),
        ("not_null", json!(null), true),
        ("isEmpty", json!(null), false),
    ] {
        let test = json!({"field": "x", "logic": logic, "value": value});
        let record = json!({"x": "a", "same": "a"});
        assert_eq!(kept(&test, &record), expected, "{test}");
    }
    let numbers = |value: Value| {
        kept(
            &json!({"field": "n", "logic": "in", "value": value}),
            &json!({"n": 5}),
        )
    };
    assert!(numbers(json!("3,5.0")) && numbers(json!([3, 5])) && !numbers(json!([3, 4])));
    let flag = json!({"field": "flag", "logic": "in", "value": "1"});
    assert!(kept(&flag, &json!({"flag": true})) && !kept(&flag, &json!({"flag": false})));
    let rows = json!({"field": "tags.*.name", "logic": "in", "value": "x,y"});
    assert!(
        kept(&rows, &json!({"tags": [{"name": "y"}]})) && !kept(&rows, &json!({"tags": [{"name": "z"}]}))
    );
}

#[test]
fn a_list_without_values_is_told() {
    let extras = json!({"condition": [[{"field": "x", "logic": "in", "value": ""}]]}).to_string();
    let mapping = Mapping::load(&document(r#"{"field": "f", "value": "{{name}}"}"#), Some(&extras)).unwrap();
    let warnings: Vec<_> = mapping.warnings().iter().map(ToString::to_string).collect();
    assert!(
        warnings.iter().any(|warning| warning.contains("in has no value")),
        "{warnings:?}"
    );
}

#[test]
fn the_wrapping_in_front_of_other_parsers_is_applied_last() {
    let field = json!({"field": "f", "value": "{{list}}", "parser": [{"name": "ConvertObjectParser", "params": "value"}, {"name": "ArrayToString", "params": "\\n"}]});
    let cell = one(&field.to_string(), "", json!({"list": ["a", "b"]}));
    assert_eq!(cell, Ok(text("a\nb")));
    let mapping = Mapping::load(&document(&field.to_string()), None).unwrap();
    let warnings: Vec<_> = mapping.warnings().iter().map(ToString::to_string).collect();
    assert!(
        warnings
            .iter()
            .any(|warning| warning.contains("applied as the last one")),
        "{warnings:?}"
    );
    let field = json!({"field": "f", "value": "{{text}}", "parser": [{"name": "StringToArray", "params": "\\n"}, {"name": "ArrayToString", "params": "+"}]});
    assert_eq!(
        one(&field.to_string(), "", json!({"text": "a\nb"})),
        Ok(text("a+b"))
    );
}

/// Exit and words of `mapping test`.
fn tested(cases: &Value) -> (bool, String) {
    let folder = Folder::new();
    folder
        .write(
            "m.json",
            whole(
                json!([{"field": "_widget_1", "label": "甲", "type": "number", "value": "{{n}}"}]),
                json!({}),
            ),
        )
        .write(
            "e.json",
            json!({"condition": [[{"field": "n", "logic": "neq", "value": "0"}]]}),
        )
        .write("t.json", cases);
    folder.mapping(&["test", "m.json", "--extras", "e.json", "--cases", "t.json"])
}

#[test]
fn tests_know_filtered_customers_errors_and_numbers() {
    for case in [
        json!({"name": "a", "company": {"n": 5}, "expect": {"甲": 5}}),
        json!({"name": "a", "company": {"n": 5}, "expect": {"甲": 5.0}}),
        json!({"name": "a", "company": {"n": "x"}, "expect": {"甲": {"error": "wrong-type"}}}),
        json!({"name": "a", "company": {"n": 0}, "filtered": true}),
        json!({"name": "a", "company": {"n": 0}, "filtered": "condition"}),
    ] {
        let (is_right, said) = tested(&json!({"tests": [case]}));
        assert!(is_right, "{case}: {said}");
    }
    for (case, part) in [
        (
            json!({"name": "a", "company": {"n": 0}, "expect": {"甲": 0}}),
            "the customer is filtered",
        ),
        (
            json!({"name": "a", "company": {"n": 5}, "filtered": true}),
            "the customer is not filtered",
        ),
        (
            json!({"name": "a", "company": {"n": 0}, "filtered": "parent"}),
            "expected parent",
        ),
        (json!({"name": "a", "company": {"n": 5}}), "expects nothing"),
        (
            json!({"name": "a", "company": {"n": 5}, "expect": {"甲": 5.1}}),
            "expected 5.1",
        ),
    ] {
        let (is_right, said) = tested(&json!({"tests": [case]}));
        assert!(!is_right && said.contains(part), "{case}: {said}");
    }
    let (is_right, said) = tested(&json!({"tests": []}));
    assert!(!is_right && said.contains("holds no tests"), "{said}");
}

#[test]
fn an_empty_list_of_widgets_is_no_form() {
    for extras in ["[]", r#"{"widgets": []}"#] {
        let faults =
            Mapping::load(&document(r#"{"field": "f", "value": "{{name}}"}"#), Some(extras)).unwrap_err();
        assert!(
            faults[0].to_string().contains("the list of widgets is empty"),
            "{extras}: {}",
            faults[0]
        );
    }
}

#[test]
fn noughts_in_front_of_a_number_are_not_sent() {
    for (value, expected) in [
        ("007", "7"),
        ("-007.50", "-7.50"),
        ("0", "0"),
        ("000", "0"),
        ("0.5", "0.5"),
        ("00.5", "0.5"),
    ] {
        let cell = one(
            r#"{"field": "f", "value": "{{n}}"}"#,
            "number",
            json!({"n": value}),
        );
        assert_eq!(cell, Ok(Some(Cell::Number(expected.to_owned()))), "{value}");
    }
}

#[test]
fn an_entry_by_its_number_is_no_list() {
    let folder = Folder::new();
    let customer = json!({"name": "a", "owner": [{"nickname": "张三"}, {"nickname": "李四"}]});
    folder
        .write(
            "m.json",
            whole(
                json!([{"field": "_widget_1", "label": "甲", "value": "{{owner.0.nickname}}"}]),
                json!({}),
            ),
        )
        .write("c.json", &customer);
    let said = folder.mapping(&["check", "m.json", "--company", "c.json"]).1;
    assert!(
        !said.contains("owner.0.*") && said.contains("owner is read up to its entry 1"),
        "{said}"
    );
}

#[test]
fn look_ups_are_words_of_the_language() {
    let folder = Folder::new();
    folder
        .write("t.csv", "name,code\nACME,S1\n")
        .write("e.json", json!({"lookup": {"t": {"file": "t.csv"}}}))
        .write("c.json", json!({"name": "ACME"}));
    for value in [
        r#"_mongoQuery t findField=content.code where={"content.name":{"$eq":"{{name}}"}}"#,
        "_findCollection find code from t where name={{name}}",
    ] {
        folder.write(
            "m.json",
            whole(
                json!([{"field": "_widget_1720322268295", "label": "甲", "value": value}]),
                json!({}),
            ),
        );
        let (_, said) = folder.mapping(&["check", "m.json", "--extras", "e.json", "--company", "c.json"]);
        assert!(!said.contains("plain text"), "{said}");
        let (_, said) = folder.mapping(&["try", "m.json", "--extras", "e.json", "--company", "c.json"]);
        assert!(said.contains("S1"), "{said}");
    }
}
