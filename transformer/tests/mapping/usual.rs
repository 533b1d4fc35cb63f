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

#[test]
fn the_rows_of_a_table_may_be_a_hash_of_redis() {
    let field = r#"{"field": "f", "value": "_findCollection find code from t where name={{shop}}"}"#;
    let extras = json!({"lookup": {"t": {"redis": "shops", "key": "name", "field": "code"}}}).to_string();
    let mapping = Mapping::load(&document(field), Some(&extras)).unwrap();
    let warnings: Vec<_> = mapping.warnings().iter().map(ToString::to_string).collect();
    let is_told = warnings
        .iter()
        .any(|warning| warning.contains("of the hash shops in Redis"));
    assert!(is_told, "{warnings:?}");
    let sources = mapping.sources();
    assert_eq!(sources.hashes(), [("t".to_owned(), "shops".to_owned())]);
    let cell = |shop: &str| {
        let record = mapping::Record::new(json!({"shop": shop}).as_object().unwrap().clone());
        mapping.map(&record, crate::support::now()).unwrap()[0]
            .value
            .clone()
    };
    assert_eq!(cell("甲店"), None);
    let give = |fields: &[(&str, &str)]| {
        let fields = fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        sources.give("t", fields.collect());
        let first = sources.refresh();
        // A table that has just changed counts when it is the same at the next look.
        (first, sources.refresh())
    };
    let before = sources.digest();
    assert_eq!(
        give(&[("甲店", "S-1"), ("乙店", r#"{"code": "S-2", "more": 1}"#)]),
        (Ok(false), Ok(true))
    );
    assert_eq!(
        (cell("甲店"), cell("乙店"), cell("丙店")),
        (text("S-1"), text("S-2"), None)
    );
    assert_ne!(sources.digest(), before);
    assert_eq!(
        give(&[("甲店", "S-1"), ("乙店", r#"{"code": "S-2", "more": 1}"#)]),
        (Ok(false), Ok(false))
    );
    assert_eq!(give(&[("甲店", "S-9")]), (Ok(false), Ok(true)));
    assert_eq!((cell("甲店"), cell("乙店")), (text("S-9"), None));
    let none = json!({"lookup": {"t": {"key": "name"}}}).to_string();
    let faults = Mapping::load(&document(field), Some(&none)).unwrap_err();
    assert!(
        faults[0].to_string().contains("file or redis is needed"),
        "{}",
        faults[0]
    );
}

#[test]
fn texts_that_are_calculated_with_are_told_by_try_once() {
    let folder = Folder::new();
    folder
        .write("m.json", whole(json!([{"field": "_widget_1720322268295", "label": "甲", "value": "_function SUM('{{tag.*.n}}' + 0)"}]), json!({})))
        .write("c.json", json!({"tag": [{"n": "5 件"}, {"n": "5 件"}, {"n": "6"}]}));
    let said = folder.mapping(&["try", "m.json", "--company", "c.json"]).1;
    assert_eq!(
        said.matches("5 件 is calculated with and is no number").count(),
        1,
        "{said}"
    );
    assert!(said.contains("\"16\""), "{said}");
}

#[test]
fn texts_that_are_taken_for_numbers_anywhere_are_told_by_try() {
    let folder = Folder::new();
    let said = |expression: &str| {
        let fields = json!([{"field": "_widget_1720322268295", "label": "甲", "value": format!("_function {expression}")}]);
        folder.write("m.json", whole(fields, json!({}))).write(
            "c.json",
            json!({"n": "1,200", "name": "ACME", "star": 3, "plain": "12", "fax": ""}),
        );
        folder.mapping(&["try", "m.json", "--company", "c.json"]).1
    };
    for expression in [
        "IF('{{n}}'>1000,'a','b')",
        "IF('{{n}}' BETWEEN 1000 AND 2000,'a','b')",
        "IF('{{n}}' IN (1,2),'a','b')",
        "CASE '{{n}}' WHEN 1 THEN 'a' ELSE 'b' END",
        "IF('{{n}}','a','b')",
        "CASE WHEN '{{n}}' THEN 'a' ELSE 'b' END",
        "CASE WHEN '{{n}}' AND {{star}}=3 THEN 'a' ELSE 'b' END",
        "ROUND('{{n}}',0)",
        "ABS('{{n}}')",
        "FORMAT('{{n}}',2)",
        "SQRT('{{n}}')",
        "CAST('{{n}}' AS DECIMAL(10,2))",
        "CAST('{{n}}' AS SIGNED)",
        "GREATEST('{{n}}',5)",
        "NULLIF('{{n}}',0)",
    ] {
        let text = said(expression);
        assert!(
            text.contains("1,200 is calculated with and is no number"),
            "{expression}: {text}"
        );
    }
    for expression in [
        "IF('{{plain}}'>10,'a','b')",
        "IF('{{fax}}','a','b')",
        "IF('{{name}}'='ACME','a','b')",
        "CAST('{{name}}' AS CHAR)",
        "IF('{{name}}' IN ('a','b'),'a','b')",
        "GREATEST('{{name}}','a')",
    ] {
        let text = said(expression);
        assert!(!text.contains("calculated with"), "{expression}: {text}");
    }
}

#[test]
fn the_accounts_own_dictionary_knows_fields_that_nobody_has_filled() {
    let folder = Folder::new();
    let fields = json!({
        "fields": [
            {"id": "1", "label": "合作年限", "group": "特征信息", "field_type": 5, "contact": false},
            {"id": "2", "label": "微信", "group": "", "contact": true}
        ],
        "customers": [{"company_id": "7", "name": "a"}]
    });
    folder.write("fields.json", fields);
    let check = |value: &str| {
        folder.write(
            "m.json",
            whole(
                json!([{"field": "_widget_1720322268295", "label": "甲", "value": value}]),
                json!({}),
            ),
        );
        folder.mapping(&["check", "m.json", "--company", "fields.json"]).1
    };
    let said = check("{{特征信息合作年限}}");
    assert!(!said.contains("warning"), "{said}");
    let said = check("{{特征信息合作年数}}");
    assert!(said.contains("near are {{特征信息合作年限}}"), "{said}");
}
