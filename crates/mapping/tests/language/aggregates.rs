//! Aggregates over lists of the record, whichever way their path is written.

use serde_json::{Value, json};

use crate::support::{eval, noticed};

fn record() -> Value {
    json!({
        "tag": [{"tag_name": "A", "n": 1}, {"tag_name": "B", "n": "2"}, {"tag_name": "", "n": null}],
        "nums": [3, 4, 3],
        "php": {"0": {"n": 5}, "1": {"n": 6}},
        "orders": [
            {"rate": 2, "items": [{"qty": 1}, {"qty": 2}]},
            {"rate": 10, "items": [{"qty": 3}]},
            {"rate": 7, "items": []}
        ],
        "customers": [{"name": "a", "tel_list": [["86", "1"], ["86", "2"]]}, {"name": "b", "tel_list": [["49", "3"]]}],
        "none": []
    })
}

#[test]
fn aggregates_take_every_form_of_a_path() {
    for (expression, expected) in [
        ("COUNT({{tag.tag_name}})", "2"),
        ("COUNT({{tag.*.tag_name}})", "2"),
        ("COUNT({{tag}})", "3"),
        ("COUNT({{tag.*}})", "3"),
        ("SUM({{tag.n}})", "3"),
        ("SUM({{tag.*.n}})", "3"),
        ("AVG({{tag.*.n}})", "1.5000"),
        ("MAX({{tag.*.n}})", "2"),
        ("MIN({{tag.*.n}})", "1"),
        ("GROUP_CONCAT({{tag.tag_name}} SEPARATOR '、')", "A、B"),
        ("GROUP_CONCAT({{tag.*.tag_name}} SEPARATOR '、')", "A、B"),
        ("GROUP_CONCAT('{{tag.*.tag_name}}=', {{tag.n}})", "A=1,B=2"),
        ("GROUP_CONCAT(CONCAT('{{tag.*.tag_name}}', {{tag.n}}))", "A1,B2"),
        ("COUNT({{tag[*].tag_name}})", "2"),
        ("COUNT({{tag[].tag_name}})", "2"),
        ("SUM({{nums}})", "10"),
        ("SUM({{nums.*}})", "10"),
        ("SUM(DISTINCT {{nums.*}})", "7"),
        ("COUNT(DISTINCT {{nums}})", "2"),
        ("SUM({{nums.0}})", "3"),
        ("SUM({{tag.0.n}})", "1"),
        ("SUM({{php.*.n}})", "11"),
        ("COUNT({{none.*.x}})", "0"),
        ("COUNT({{none}})", "0"),
    ] {
        let value = eval(&format!("_function {expression}"), record());
        assert_eq!(value.unwrap_or_else(|_| "error".into()), expected, "{expression}");
    }
}

#[test]
fn aggregates_go_through_lists_within_lists() {
    for (expression, expected) in [
        ("COUNT({{orders.items}})", "3"),
        ("COUNT({{orders.*.items}})", "3"),
        ("SUM({{orders.items.qty}})", "6"),
        ("SUM({{orders.*.items.*.qty}})", "6"),
        ("SUM({{orders.*.items.qty}} * {{orders.*.rate}})", "36"),
        ("SUM({{orders.rate}} * {{orders.items.qty}})", "36"),
        ("SUM({{orders.rate}})", "19"),
        ("GROUP_CONCAT({{customers.*.tel_list.*.1}})", "1,2,3"),
        ("COUNT({{customers.tel_list}})", "3"),
    ] {
        let value = eval(&format!("_function {expression}"), record());
        assert_eq!(value.as_deref(), Ok(expected), "{expression}");
    }
}

/// The values are MariaDB's for the same texts in a column.
#[test]
fn texts_in_an_aggregate_count_as_the_servers_and_are_told() {
    let record = json!({
        "mixed": [{"n": "12kg"}, {"n": "9"}, {"n": 3}, {"n": "x"}],
        "nums": [{"n": "9"}, {"n": "10"}],
        "years": [{"n": "2024"}, {"n": "2024-01-05"}],
        "gaps": [{"n": ""}, {"n": "5"}, {"n": " "}],
        "days": [{"n": "2024-01-05"}, {"n": "2023-12-31"}],
        "one": "", "none": []
    });
    for (expression, expected, told) in [
        ("SUM('{{mixed.n}}')", "24", "12kg is calculated with"),
        ("SUM({{mixed.n}})", "24", "12kg is calculated with"),
        ("AVG({{mixed.*.n}})", "6", "12kg is calculated with"),
        ("MAX({{mixed.n}})", "x", "12kg is no number"),
        ("MIN('{{mixed.n}}')", "12kg", "12kg is no number"),
        ("MAX('{{nums.n}}')", "9", "of the numbers it would be 10"),
        ("MIN('{{nums.n}}')", "10", "of the numbers it would be 9"),
        ("MAX({{nums.n}})", "10", ""),
        ("SUM('{{nums.n}}')", "19", ""),
        (
            "SUM(DISTINCT '{{years.n}}')",
            "2024",
            "2024-01-05 is calculated with",
        ),
        ("COUNT(DISTINCT '{{years.n}}')", "2", ""),
        ("COUNT('{{gaps.n}}')", "3", "2 of 3 values are empty texts"),
        (
            "AVG('{{gaps.n}}')",
            "1.6666666666666667",
            "2 of 3 values are empty texts",
        ),
        ("MIN('{{gaps.n}}')", "", "2 of 3 values are empty texts"),
        ("MAX('{{gaps.n}}')", "5", ""),
        ("COUNT({{gaps.n}})", "1", ""),
        ("MAX({{days.n}})", "2024-01-05", ""),
        ("MIN('{{days.n}}')", "2023-12-31", ""),
        (
            "GROUP_CONCAT('{{nums.n}}' ORDER BY '{{nums.n}}')",
            "10,9",
            "ORDER BY compares texts",
        ),
        ("GROUP_CONCAT('{{nums.n}}' ORDER BY {{nums.n}})", "9,10", ""),
        (
            "GROUP_CONCAT('{{days.n}}' ORDER BY '{{days.n}}')",
            "2023-12-31,2024-01-05",
            "",
        ),
        (
            "COUNT(CONCAT('{{nums.n}}', '{{days.n}}'))",
            "2",
            "goes through nums; of days it reads the main or the first entry alone",
        ),
        ("COUNT('{{none.n}}')", "0", ""),
        ("COUNT('{{absent.n}}')", "0", ""),
        ("COUNT('{{one}}')", "0", ""),
        ("-'{{mixed.0.n}}'", "-12", "12kg is calculated with"),
    ] {
        let (value, notices) = noticed(&format!("_function {expression}"), record.clone());
        assert_eq!(value.as_deref(), Ok(expected), "{expression}");
        match told {
            "" => assert_eq!(notices, "", "{expression}"),
            told => assert!(notices.contains(told), "{expression}: {notices}"),
        }
        assert!(notices.lines().count() < 2, "{expression}: {notices}");
    }
}

#[test]
fn lists_that_php_wrote_as_objects_are_lists_where_a_star_says_so() {
    assert_eq!(eval("{{php.*.n|implode('+')}}", record()).as_deref(), Ok("5+6"));
    assert_eq!(eval("{{php.1.n}}", record()).as_deref(), Ok("6"));
    // Single braces inside a text, too.
    assert_eq!(eval("T: {php.*.n|implode}", record()).as_deref(), Ok("T: 5,6"));
    assert_eq!(
        eval("T: {nobody.*.n}", record()).as_deref(),
        Ok("T: {nobody.*.n}")
    );
}
