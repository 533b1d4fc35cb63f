//! What a mapping loses or spoils without a word of its own is said by `check` and `try`.

#![allow(clippy::unwrap_used)]

use proto::v1::field_value::Value as Cell;
use serde_json::{Value, json};
use transformer::map::Mapping;

use crate::documents::{document, map, one, text};
use crate::said::{Folder, document as whole};

fn field(value: &str) -> Value {
    json!({"field": "_widget_1720322268295", "label": "甲", "value": value})
}

/// What `check` says of a document's fields with customers, and whether it goes through.
fn checked(fields: &Value, extras: Option<Value>, customers: &Value) -> (bool, String) {
    let folder = Folder::new();
    folder.write("m.json", whole(fields.clone(), json!({})));
    folder.write("c.json", customers);
    let mut args = vec!["check", "m.json", "--company", "c.json"];
    if let Some(extras) = extras {
        folder.write("e.json", extras);
        args.extend(["--extras", "e.json"]);
    }
    folder.mapping(&args)
}

fn tried(fields: &Value, extras: Option<Value>, customer: &Value) -> String {
    let folder = Folder::new();
    folder.write("m.json", whole(fields.clone(), json!({})));
    folder.write("c.json", customer);
    let mut args = vec!["try", "m.json", "--company", "c.json"];
    if let Some(extras) = extras {
        folder.write("e.json", extras);
        args.extend(["--extras", "e.json"]);
    }
    folder.mapping(&args).1
}

#[test]
fn a_default_is_an_expression() {
    let given = |default: &str, more: &str| {
        let field = format!(r#"{{"field": "f", "value": "{{{{none}}}}", "default": "{default}"{more}}}"#);
        one(&field, "", json!({"name": "ACME", "none": ""}))
    };
    assert_eq!(given("{{name}}", ""), Ok(text("ACME")));
    assert_eq!(given("{name}", ""), Ok(text("ACME")));
    assert_eq!(given("_function CONCAT('{{name}}', '!')", ""), Ok(text("ACME!")));
    assert_eq!(given("无", ""), Ok(text("无")));
    assert_eq!(given("", ""), Ok(None));
    let date = given("{{CURRENT_TIME|date}}", r#", "type": "date""#);
    assert!(matches!(date, Ok(Some(Cell::Datetime(_)))), "{date:?}");
    // A default of nothing is a default.
    assert_eq!(given("", r#", "is_required": true"#), Ok(None));
    let faults = Mapping::load(
        &document(r#"{"field": "f", "value": "{{a}}", "default": "{{b"}"#),
        None,
    );
    assert!(faults.unwrap_err()[0].to_string().contains("is not closed"));
    // Its keys are read of the customer, and held against what is known.
    let fields = json!([{"field": "f", "label": "甲", "value": "{{name}}", "default": "{{short_nmae}}"}]);
    let (_, said) = checked(&fields, None, &json!([{"name": "a", "short_name": "b"}]));
    assert!(said.contains("the key short_nmae is in none"), "{said}");
}

#[test]
fn a_list_of_which_one_entry_is_read_is_told_whatever_other_fields_read() {
    let customers = json!([
        {"name": "a", "tag": [{"tag_name": "A"}, {"tag_name": "B"}], "owner": [{"nickname": "x"}]},
        {"name": "b", "tag": [{"tag_name": "C"}], "owner": [{"nickname": "y"}]}
    ]);
    let fields = json!([
        {"field": "a", "label": "甲", "value": "{{tag.tag_name}}"},
        {"field": "b", "label": "乙", "value": "{{tag.*.tag_name|implode('、')}}"},
        {"field": "c", "label": "丙", "value": "{{owner.nickname|implode('、')}}"},
        {"field": "d", "label": "丁", "value": "_function GROUP_CONCAT({{tag.tag_name}})"}
    ]);
    let (_, said) = checked(&fields, None, &customers);
    assert!(
        said.contains("field \"甲\": of the list tag the main contact or the first entry is read, further ones are not sent (1 of 2 customers seen); write {{tag.*.tag_name|implode('、')}}"),
        "{said}"
    );
    assert!(said.contains("field \"丙\": of the list owner"), "{said}");
    assert!(
        !said.contains("field \"乙\"") && !said.contains("field \"丁\""),
        "{said}"
    );
    let said = tried(&fields, None, &customers[0]);
    assert!(
        said.contains("甲: tag has 2 entries, only the main contact (or the first) is sent"),
        "{said}"
    );
    assert!(!said.contains("owner has"), "{said}");
    // Rows are read entry by entry.
    let rows = json!([{"field": "r", "type": "array", "value": "{{tag}}", "children": [
        {"field": "x", "label": "子", "value": "{{tag.tag_name}}"}, {"field": "y", "label": "丑", "value": "{{tag.*.tag_name}}"}]}]);
    assert!(!checked(&rows, None, &customers).1.contains("of the list tag"));
    assert!(!tried(&rows, None, &customers[0]).contains("only the main contact"));
}

#[test]
fn a_star_in_rows_is_the_row() {
    let rows = r#"{"field": "r", "type": "array", "value": "{{items.*}}", "children": [
        {"field": "x", "value": "{{items.*.sku}}"}, {"field": "y", "value": "{{items.sku}}-{{name}}"}]}"#;
    for items in [
        json!([{"sku": "1"}, {"sku": "2"}]),
        json!({"0": {"sku": "1"}, "1": {"sku": "2"}}),
    ] {
        let extras = r#"{"widgets": {"r.x": "text"}}"#;
        let values = map(rows, Some(extras), json!({"name": "N", "items": items})).unwrap();
        let cell = transformer::map::cell_json(values[0].value.as_ref().unwrap());
        assert!(
            cell.to_string().contains(r#""y":"1-N""#) && cell.to_string().contains(r#""y":"2-N""#),
            "{cell}"
        );
    }
}

#[test]
fn lists_and_objects_in_a_text_are_told() {
    let customers = json!([{"name": "a", "list": ["x", "y"], "growth": {"level": "3"}, "empty": {}}]);
    for (value, part) in [
        (
            "{{list}}",
            "list is a list, which goes into a text as JSON (1 of 1 customers seen); write {{list|implode('、')}}",
        ),
        ("L: {{list}}", "list is a list"),
        ("{{growth}}", "growth is an object"),
        ("_function FIND_IN_SET('x', '{{list.*}}')", "list.* is a list"),
    ] {
        let (_, said) = checked(&json!([field(value)]), None, &customers);
        assert!(said.contains(part), "{value}: {said}");
    }
    for value in [
        "{{list|implode('、')}}",
        "{{growth.level}}",
        "_function JSON_LENGTH('{{list}}')",
        "{{empty}}",
    ] {
        let (_, said) = checked(&json!([field(value)]), None, &customers);
        assert!(!said.contains("as JSON"), "{value}: {said}");
    }
    let said = tried(
        &json!([field("{{list}}"), {"field": "g", "label": "乙", "value": "{{growth}}"}]),
        None,
        &customers[0],
    );
    assert!(
        said.contains("a list goes into a text as JSON") && said.contains("an object goes"),
        "{said}"
    );
    let choices = json!({"widgets": {"_widget_1720322268295": "combocheck"}});
    assert!(
        !checked(&json!([field("{{list}}")]), Some(choices.clone()), &customers)
            .1
            .contains("as JSON")
    );
    assert!(!tried(&json!([field("{{list}}")]), Some(choices), &customers[0]).contains("as JSON"));
    assert_eq!(
        one(
            r#"{"field": "f", "value": "{{empty}}"}"#,
            "",
            customers[0].clone()
        ),
        Ok(None)
    );
}

#[test]
fn entries_of_lists_and_empty_lists_are_not_told_to_be_json() {
    let phones = json!([["86", "139"], ["86", "138"]]);
    let customers = json!([{"name": "a", "prod": ["x", "y"], "image_list": [], "customers": [
        {"name": "E", "main_customer_flag": 1, "tel_list": phones}, {"name": "F", "tel_list": [["86", "1"]]}
    ]}]);
    let twice = "_function IF('{{customers.tel_list_1}}'='','',CONCAT('{{customers.tel_list_0}}','-','{{customers.tel_list_1}}'))";
    for value in [
        "{{prod.0}}",
        "{{customers.tel_list.0.1}}",
        "{{customers.tel_list_1}}",
        twice,
    ] {
        let (_, said) = checked(&json!([field(value)]), None, &customers);
        assert!(!said.contains("as JSON"), "{value}: {said}");
        let lines: Vec<&str> = said.lines().collect();
        let once: std::collections::BTreeSet<&str> = lines.iter().copied().collect();
        assert_eq!(lines.len(), once.len(), "{value}: {said}");
    }
    let said = tried(&json!([field("{{image_list}}")]), None, &customers[0]);
    assert!(!said.contains("as JSON"), "{said}");
    let rows = json!([{"field": "r", "label": "r", "type": "array", "value": "customers", "children": [field("{{customers.tel_list_1}}")]}]);
    assert!(!checked(&rows, None, &customers).1.contains("as JSON"));
}

#[test]
fn paths_in_rows_that_mean_something_else_are_told() {
    let customers = json!([{"name": "a", "customers": [{"name": "E", "n": 1, "contact": [{"value": "x"}], "tel_list": [["86", "1"]]}]}]);
    let said = |list: &str, value: &str| {
        let rows =
            json!([{"field": "r", "label": "r", "type": "array", "value": list, "children": [field(value)]}]);
        checked(&rows, None, &customers).1
    };
    for list in ["customers", "{{customers.*}}"] {
        let text = said(list, "{{customers.0.name}}");
        assert!(
            text.contains("the path customers.0.name is empty") && text.contains("write {{customers.name}}"),
            "{text}"
        );
    }
    let text = said("customers", "_function SUM({{customers.n}})");
    assert!(text.contains("sees the row alone"), "{text}");
    for (list, value) in [
        ("customers", "{{customers.name}}"),
        ("customers", "{{customers.tel_list.0.1}}"),
        ("customers", "_function GROUP_CONCAT({{customers.contact.value}})"),
        ("customers", "_function COUNT({{customers.contact}})"),
        ("customers.tel_list", "{{customers.tel_list.0}}"),
    ] {
        let text = said(list, value);
        assert!(!text.contains("in the rows of"), "{value}: {text}");
    }
}

#[test]
fn joined_texts_for_several_choices_and_joined_objects_are_told() {
    let customer = json!({"name": "a", "tag": [{"tag_name": "A"}, {"tag_name": "B"}], "list": ["x", "y"]});
    let choices = json!({"widgets": {"_widget_1720322268295": "combocheck"}});
    let with = |field: Value| {
        let fields = json!([field]);
        let checked = checked(&fields, Some(choices.clone()), &json!([customer])).1;
        (checked, tried(&fields, Some(choices.clone()), &customer))
    };
    for value in [
        "{{tag.*.tag_name|implode('、')}}",
        "_function GROUP_CONCAT({{tag.tag_name}})",
    ] {
        let (checked, tried) = with(field(value));
        assert!(
            checked.contains("a joined text is one choice"),
            "{value}: {checked}"
        );
        assert!(
            tried.contains("is one choice; the parser StringToArray"),
            "{value}: {tried}"
        );
    }
    let mut parted = field("{{tag.*.tag_name|implode('、')}}");
    parted["parser"] = json!({"name": "StringToArray", "params": "、"});
    for right in [
        parted,
        field("{{tag.*.tag_name}}"),
        field("{{list}}"),
        field("{{name}}"),
    ] {
        let (checked, tried) = with(right.clone());
        assert!(
            !checked.contains("one choice") && !tried.contains("one choice"),
            "{right}: {checked}{tried}"
        );
    }
    let (_, said) = checked(&json!([field("{{tag|implode('、')}}")]), None, &json!([customer]));
    assert!(said.contains("write {{tag.*.tag_name|implode('、')}}"), "{said}");
    let said = tried(&json!([field("{{tag.*|implode('、')}}")]), None, &customer);
    assert!(said.contains("objects are joined as JSON"), "{said}");
    let (_, said) = checked(
        &json!([field("{{list|replace('x','z')|implode('、')}}")]),
        None,
        &json!([customer]),
    );
    assert!(said.contains("implode comes first"), "{said}");
    for value in [
        "{{list|implode('、')|replace('x','z')}}",
        "{{tag.*.tag_name|implode('、')}}",
        "{{list|implode('、')}}",
    ] {
        let (_, said) = checked(&json!([field(value)]), None, &json!([customer]));
        assert!(
            !said.contains("objects") && !said.contains("implode comes first"),
            "{value}: {said}"
        );
    }
}

#[test]
fn fixed_texts_that_name_variables_or_nothing_are_told() {
    let customers = json!([{"name": "a"}]);
    for (value, part) in [
        ("CURRENT_TIME", "write {{CURRENT_TIME|datetime}}"),
        ("DAYS_AGO_3", "write {{DAYS_AGO_3|datetime}}"),
        ("LAST_SYNC_TIME", "LAST_SYNC_TIME is plain text"),
        ("null", "write null without quotes"),
        ("[]", "write null without quotes"),
        ("#{name}", "write {{name}}"),
    ] {
        let (_, said) = checked(&json!([field(value)]), None, &customers);
        assert!(said.contains(part), "{value}: {said}");
    }
    for value in ["nullable", "{{name}}", "#1", "103", "true"] {
        let (_, said) = checked(&json!([field(value)]), None, &customers);
        assert!(!said.contains("plain text"), "{value}: {said}");
    }
}

#[test]
fn names_that_no_widget_has_and_contradictions_of_a_document_are_told() {
    let said = |name: &str, more: Value| {
        let folder = Folder::new();
        let fields = json!([{"field": name, "label": "甲", "value": "{{name}}"}]);
        folder.write("m.json", whole(fields, more));
        folder.mapping(&["check", "m.json"]).1
    };
    for (name, part) in [
        ("widget_2", "write _widget_2"),
        ("_Widget_9", "write _widget_9"),
        ("客户名称", "looks like a caption"),
        ("_id", "is kept by the form itself"),
        ("flowState", "is kept by the form itself"),
    ] {
        assert!(
            said(name, json!({})).contains(part),
            "{name}: {}",
            said(name, json!({}))
        );
    }
    let right = said("_widget_9", json!({"idCheck": true, "type": "EXECUTE"}));
    let alias = said("customer_name", json!({}));
    for text in [right, alias] {
        assert!(
            !text.contains("warning") && !text.contains("without effect"),
            "{text}"
        );
    }
    let (one, other) = ("647efacc2a57bd0008e51e9e", "668a08beaf5a1cb83e659b52");
    let more = json!({"api": format!("/api/v5/app/{other}/entry/{other}/data_create"), "type": "QUERY",
        "otherRequest": [{"field": "app_id", "value": one}, {"field": "entry_id", "value": other}]});
    let text = said("_widget_9", more);
    for part in [
        format!("api names {other} behind /app/, and otherRequest {one}"),
        "\"type\": \"QUERY\" has no effect".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    assert!(!text.contains("behind /entry/"), "{text}");
}

#[test]
fn additions_and_customers_without_anything_in_them_are_refused() {
    for extras in [
        json!(["_widget_9"]),
        json!([{"condition": []}]),
        json!({"widgets": ["_widget_9"]}),
    ] {
        let (is_right, said) = checked(
            &json!([field("{{name}}")]),
            Some(extras.clone()),
            &json!([{"name": "a"}]),
        );
        assert!(
            !is_right && said.contains("no widget with a name and a type"),
            "{extras}: {said}"
        );
    }
    let (is_right, said) = checked(&json!([field("{{name}}")]), None, &json!([]));
    assert!(!is_right && said.contains("no customer is in it"), "{said}");
}

#[test]
fn dates_of_noughts_are_no_dates() {
    for value in ["0", "-1", "0000-00-00", "0000-00-00 00:00:00"] {
        let cell = one(
            r#"{"field": "f", "type": "date", "value": "{{when}}"}"#,
            "datetime",
            json!({"when": value}),
        );
        assert_eq!(cell, Ok(None), "{value}");
    }
    for pipe in [
        "|date",
        "|datetime",
        "|date('Y-m-d')",
        "|timestamp",
        "|shortDate",
        "|time",
    ] {
        for value in [
            json!("0"),
            json!(0),
            json!(-1),
            json!("0000-00-00"),
            json!("0000-00-00 00:00:00"),
        ] {
            let cell = one(
                &json!({"field": "f", "value": format!("{{{{when{pipe}}}}}")}).to_string(),
                "",
                json!({"when": value}),
            );
            assert_eq!(cell, Ok(None), "{value}{pipe}");
        }
    }
    for format in ["date", "yyyy-MM-dd", "dateTime"] {
        let field = json!({"field": "f", "value": "{{when}}", "format": format}).to_string();
        assert_eq!(one(&field, "", json!({"when": "0"})), Ok(None), "{format}");
    }
    for field in [
        r#"{"field": "f", "type": "date", "value": "{{when}}"}"#,
        r#"{"field": "f", "value": "{{when|date}}"}"#,
    ] {
        let widget = if field.contains("type") { "datetime" } else { "" };
        assert!(
            one(field, widget, json!({"when": 2024})).is_err_and(|error| error.contains("not a date")),
            "{field}"
        );
    }
    for when in [json!(1_710_403_200_123_i64), json!("2024-03-14T08:00:00.123Z")] {
        assert_eq!(
            one(
                r#"{"field": "f", "value": "{{when|datetime}}"}"#,
                "",
                json!({"when": when})
            ),
            Ok(Some(Cell::Text("2024-03-14 16:00:00".to_owned())))
        );
    }
    let cell = one(
        r#"{"field": "f", "value": "{{create_time}}"}"#,
        "",
        json!({"create_time": "0000-00-00 00:00:00"}),
    );
    assert_eq!(cell, Ok(None));
    let cell = one(
        r#"{"field": "f", "value": "{{when}}"}"#,
        "datetime",
        json!({"when": "1710403200"}),
    );
    assert_eq!(cell, Ok(Some(Cell::Datetime(1_710_403_200_000))));
}

#[test]
fn a_fixed_value_that_fits_nobody_is_a_fault_of_the_document() {
    for (field, widget) in [
        (r#"{"field": "f", "type": "boolean", "value": "是"}"#, ""),
        (r#"{"field": "f", "type": "int", "value": "abc"}"#, ""),
        (
            r#"{"field": "f", "type": "datetime", "value": "2024年1月5日"}"#,
            "",
        ),
        (r#"{"field": "f", "value": "abc"}"#, "number"),
        (
            r#"{"field": "r", "type": "array", "value": "{{tag}}", "children": [{"field": "f", "type": "int", "value": "x"}]}"#,
            "",
        ),
    ] {
        let extras = json!({"widgets": {"f": widget}}).to_string();
        let loaded = Mapping::load(&document(field), (!widget.is_empty()).then_some(extras.as_str()));
        let problems = loaded.map(drop).expect_err(field);
        assert!(
            problems[0].to_string().contains("can be sent for nobody"),
            "{problems:?}"
        );
        assert!(problems[0].place.is_some());
    }
    for field in [
        r#"{"field": "f", "type": "int", "value": "12"}"#,
        r#"{"field": "f", "type": "datetime", "value": "2024-01-05"}"#,
        r#"{"field": "f", "type": "int", "value": "{{name}}"}"#,
        r#"{"field": "f", "type": "int", "value": ""}"#,
    ] {
        assert!(Mapping::load(&document(field), None).is_ok(), "{field}");
    }
}

#[test]
fn check_says_who_is_filtered_and_who_cannot_be_mapped() {
    let customers = json!([
        {"name": "a", "n": "x", "archive_type": "1"}, {"name": "b", "n": "2", "archive_type": "2"}, {"name": "c", "n": "y", "archive_type": "1"}
    ]);
    let fields = json!([{"field": "f", "label": "数", "type": "int", "value": "{{n}}"}]);
    let condition = json!({"condition": [[{"field": "archive_type", "logic": "eq", "value": "1"}]]});
    let (_, said) = checked(&fields, Some(condition), &customers);
    assert!(
        said.contains("the condition keeps 2 of 3 customers: archive_type eq \"1\" does not hold for 1"),
        "{said}"
    );
    assert!(
        said.contains("field \"数\": 2 of 3 customers cannot be mapped: the value is not a number"),
        "{said}"
    );
    let nobody = json!({"condition": [[{"field": "name", "logic": "notnull"}, {"field": "archive_type", "logic": "eq", "value": "9"}]]});
    let (_, said) = checked(&fields, Some(nobody.clone()), &customers);
    assert!(said.contains("the condition keeps 0 of 3 customers"), "{said}");
    let said = tried(&fields, Some(nobody), &customers[1]);
    assert!(said.contains("archive_type eq \"9\" does not hold"), "{said}");
}

#[test]
fn entries_that_a_condition_removes_are_told() {
    let customer =
        json!({"name": "a", "tag": [{"tag_name": "重点"}, {"tag_name": "展会"}], "growth": {"level": "1"}});
    let fields = json!([field("{{tag.*.tag_name|implode('、')}}")]);
    let with = |test: Value| json!({"condition": [[test]]});
    let not = with(json!({"field": "tag.tag_name", "logic": "neq", "value": "重点"}));
    let (_, said) = checked(&fields, Some(not.clone()), &json!([customer]));
    assert!(
        said.contains("the condition tag.tag_name neq \"重点\" removes the entries of tag")
            && said.contains("with \"strictMode\": true"),
        "{said}"
    );
    let said = tried(&fields, Some(not.clone()), &customer);
    assert!(
        said.contains("the condition has removed 1 of the 2 entries of tag"),
        "{said}"
    );
    let strict = with(json!({"field": "tag.tag_name", "logic": "neq", "value": "重点", "strictMode": true}));
    assert!(tried(&fields, Some(strict.clone()), &customer).contains("does not hold"));
    for quiet in [
        strict.clone(),
        with(json!({"field": "growth.level", "logic": "neq", "value": "2"})),
    ] {
        let (_, said) = checked(&fields, Some(quiet.clone()), &json!([customer]));
        assert!(!said.contains("removes"), "{quiet}: {said}");
    }
    let folder = Folder::new();
    folder
        .write("m.json", crate::said::document(fields, json!({})))
        .write("x.json", &not)
        .write("s.json", &strict);
    let explained = |extras: &str| folder.mapping(&["explain", "m.json", "--extras", extras]).1;
    assert!(
        explained("x.json").contains("Only customers are sent for which tag.tag_name neq \"重点\"."),
        "{}",
        explained("x.json")
    );
    assert!(explained("s.json").contains("\"重点\" (for every entry)"));
}

#[test]
fn conditions_that_can_hold_for_nobody_are_told() {
    let warned = |test: Value| {
        let extras = json!({"condition": [[test]]}).to_string();
        let mapping =
            Mapping::load(&document(r#"{"field": "f", "value": "{{name}}"}"#), Some(&extras)).unwrap();
        let warnings = mapping
            .warnings()
            .iter()
            .filter(|warning| !warning.without_effect);
        let said: Vec<String> = warnings.map(ToString::to_string).collect();
        said.join("\n")
    };
    for (test, part) in [
        (
            json!({"field": "a", "logic": "eq", "value": ["1", "2"]}),
            "a list stands with in, notin and between",
        ),
        (json!({"field": "a", "logic": "eq"}), "no value to compare with"),
        (
            json!({"field": "a", "logic": "gt", "value": "2024年1月1日"}),
            "letter by letter",
        ),
        (
            json!({"field": "a", "logic": "between", "value": "2,0"}),
            "holds for nobody",
        ),
    ] {
        assert!(
            warned(test.clone()).contains(part),
            "{test}: {}",
            warned(test.clone())
        );
    }
    for test in [
        json!({"field": "a", "logic": "eq", "value": "1"}),
        json!({"field": "a", "logic": "gt", "value": "2024-01-01"}),
        json!({"field": "a", "logic": "gt", "value": "1,000"}),
        json!({"field": "a", "logic": "gt", "value": "Timestamp:1710403200000"}),
        json!({"field": "a", "logic": "between", "value": "0,2"}),
        json!({"field": "a", "logic": "between", "value": ["0", "2"]}),
        json!({"field": "a", "logic": "isnull"}),
    ] {
        assert_eq!(warned(test.clone()), "", "{test}");
    }
}

#[test]
fn conditions_read_what_is_clear() {
    let kept = |test: Value, record: Value| {
        let extras = json!({"condition": [[test]]}).to_string();
        let mapping =
            Mapping::load(&document(r#"{"field": "f", "value": "{{name}}"}"#), Some(&extras)).unwrap();
        let mut record = mapping::Record::new(record.as_object().unwrap().clone());
        mapping.filter(&mut record, crate::support::now()).is_none()
    };
    for (test, record, expected) in [
        (
            json!({"field": "flag", "logic": "eq", "value": "1"}),
            json!({"flag": true}),
            true,
        ),
        (
            json!({"field": "flag", "logic": "eq", "value": "0"}),
            json!({"flag": true}),
            false,
        ),
        (
            json!({"field": "flag", "logic": "neq", "value": 0}),
            json!({"flag": false}),
            false,
        ),
        (
            json!({"field": "n", "logic": "gt", "value": "1000"}),
            json!({"n": "1,200.50"}),
            true,
        ),
        (
            json!({"field": "n", "logic": "lt", "value": "1000"}),
            json!({"n": "1,200.50"}),
            false,
        ),
        (
            json!({"field": "t", "logic": "gt", "value": "Timestamp:1710403200"}),
            json!({"t": "2024-03-15"}),
            true,
        ),
        (
            json!({"field": "t", "logic": "gt", "value": "timestamp:1710403200000"}),
            json!({"t": "2024-03-15"}),
            true,
        ),
        (
            json!({"field": "t", "logic": ">", "value": "2024-03-14"}),
            json!({"t": "2024-03-15"}),
            true,
        ),
        (
            json!({"field": "t", "logic": "=", "value": "x"}),
            json!({"t": "y"}),
            false,
        ),
        (
            json!({"field": "tags.*.tag_name", "logic": "eq", "value": "展会"}),
            json!({"tags": [{"tag_name": "a"}, {"tag_name": "展会"}]}),
            true,
        ),
        (
            json!({"field": "tags.*.tag_name", "logic": "eq", "value": "展会"}),
            json!({"tags": [{"tag_name": "a"}]}),
            false,
        ),
    ] {
        assert_eq!(kept(test.clone(), record.clone()), expected, "{test} {record}");
    }
}

#[test]
fn a_look_up_that_finds_nothing_says_so() {
    let folder = Folder::new();
    folder
        .write(
            "m.json",
            whole(
                json!([field("_findCollection find code from shops where name={{shop}}")]),
                json!({}),
            ),
        )
        .write("e.json", json!({"lookup": {"shops": {"file": "shops.csv"}}}))
        .write("shops.csv", "name,code\n甲店,S-1\n")
        .write("c.json", json!({"shop": "乙店"}));
    let args = ["try", "m.json", "--extras", "e.json", "--company", "c.json"];
    let said = folder.mapping(&args).1;
    assert!(said.contains("甲: no row of shops has 乙店"), "{said}");
    folder.write("shops.csv", "name,code\n");
    let said = folder.mapping(&["check", "m.json", "--extras", "e.json"]).1;
    assert!(said.contains("the table of shops has no rows"), "{said}");
}

#[test]
fn glued_paths_into_lists_count_as_filled() {
    let customers = json!([{"name": "a", "tel": [], "customers": [{"name": "x", "tel_list": [["86", "1"]]}], "tel_list": [["86", "2"]]}]);
    let (_, said) = checked(&json!([field("{{tel_list_0}}-{{tel_list_1}}")]), None, &customers);
    assert!(!said.contains("a lone -"), "{said}");
}

#[test]
fn the_fields_of_a_form_inside_of_an_object_are_told() {
    let inner = json!([{"field": "_widget_1720322268295", "label": "甲", "value": "{{name}}"}]);
    for name in ["data", "x"] {
        let fields = json!([{"field": name, "type": "object", "children": inner}]);
        let (_, said) = checked(&fields, None, &json!([{"name": "a"}]));
        assert!(said.contains("list them in \"request\" itself"), "{said}");
    }
}

#[test]
fn try_names_the_customer_and_takes_no_refusal_for_one() {
    let folder = Folder::new();
    folder
        .write("m.json", whole(json!([field("{{name}}")]), json!({})))
        .write("c.json", json!({"company_id": 7, "name": "ACME"}))
        .write("refusal.json", json!({"code": 500, "message": "系统繁忙"}));
    let (is_right, said) = folder.mapping(&["try", "m.json", "--company", "c.json", "--json"]);
    assert!(is_right && said.contains(r#""company_id":"7""#), "{said}");
    let (is_right, said) = folder.mapping(&["try", "m.json", "--company", "refusal.json"]);
    assert!(
        !is_right && said.contains("without a customer: code 500"),
        "{said}"
    );
}
