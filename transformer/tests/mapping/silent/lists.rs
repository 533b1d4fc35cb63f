//! Lists and objects where one value is meant, and paths into them.

use super::*;

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
fn glued_paths_into_lists_count_as_filled() {
    let customers = json!([{"name": "a", "tel": [], "customers": [{"name": "x", "tel_list": [["86", "1"]]}], "tel_list": [["86", "2"]]}]);
    let (_, said) = checked(&json!([field("{{tel_list_0}}-{{tel_list_1}}")]), None, &customers);
    assert!(!said.contains("a lone -"), "{said}");
}

/// However a list comes into a text, `check` and `try` say so.
#[test]
fn lists_in_templates_functions_and_behind_pipes_are_told() {
    let customer = json!({"name": "a", "list": ["x", "y"], "tag": [{"tag_name": "A"}, {"tag_name": "B"}], "growth": {"level": "3"}, "empty": []});
    for (value, part) in [
        ("{{list|replace('x','z')}}", "list is a list"),
        ("{{tag.*.tag_name|intval}}", "tag.*.tag_name is a list"),
        ("{{list|string}}", "list is a list"),
        ("x{{list}}", "list is a list"),
        ("_function CONCAT('{{list}}','!')", "list is a list"),
        ("_function IF('{{list}}' LIKE '%x%','a','b')", "list is a list"),
        ("_function CONCAT('{{growth}}','!')", "growth is an object"),
    ] {
        let fields = json!([field(value)]);
        let (_, said) = checked(&fields, None, &json!([customer]));
        assert!(said.contains(part), "check {value}: {said}");
        let said = tried(&fields, None, &customer);
        assert!(
            said.contains(&format!("warning: 甲: {part}")),
            "try {value}: {said}"
        );
    }
    for value in [
        "{{list|implode('、')|replace('x','z')}}",
        "{{list|json_encode}}",
        "x{{list.0}}{{empty}}",
        "_function JSON_LENGTH('{{list}}')",
        "_function GROUP_CONCAT('{{list}}')",
    ] {
        let said = tried(&json!([field(value)]), None, &customer);
        assert!(!said.contains("goes into a text as JSON"), "{value}: {said}");
    }
}

#[test]
fn a_text_that_string_to_array_does_not_part_is_told() {
    let with = |separator: &str, value: &str| {
        let mut field = field("{{text}}");
        field["parser"] = json!({"name": "StringToArray", "params": separator});
        let customer = json!({"name": "a", "text": value});
        let fields = json!([field]);
        let checked = checked(&fields, None, &json!([customer])).1;
        (checked, tried(&fields, None, &customer))
    };
    let (checked, tried) = with(",，", "甲，乙");
    assert!(
        checked.contains("StringToArray parts a text where the whole of \",，\" stands"),
        "{checked}"
    );
    assert!(tried.contains("甲，乙 stays one entry"), "{tried}");
    for (separator, value) in [(",", "甲,乙"), ("\\n", "甲\n乙"), (", ", "甲, 乙"), (",", "甲")] {
        let (checked, tried) = with(separator, value);
        assert!(!checked.contains("StringToArray parts"), "{checked}");
        assert!(!tried.contains("stays one entry"), "{tried}");
    }
}
