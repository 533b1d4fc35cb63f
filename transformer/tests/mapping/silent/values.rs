//! Defaults, dates of noughts, fixed values and look-ups that find nothing.

use super::*;

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
