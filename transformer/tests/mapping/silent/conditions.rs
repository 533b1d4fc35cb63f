//! Who is filtered, which entries go, and conditions that hold for nobody.

use super::*;

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

/// Also what is said about the additions, the form and the customers has a line and a column.
#[test]
fn everything_that_is_said_has_its_place() {
    let folder = Folder::new();
    let document = crate::said::document(
        json!([
            {"field": "f", "label": "数", "type": "int", "value": "{{n}}"},
            {"field": "g", "label": "甲", "value": "_findCollection find v from t where k={{n}}"},
        ]),
        json!({}),
    );
    folder
        .write("m.json", document)
        .write("t.json", json!([{"k": "1", "v": "a"}, {"k": "1", "v": "b"}]))
        .write(
            "x.json",
            json!({"key_widget": "key", "failed_expression": "text", "lookup": {"t": {"file": "t.json", "key": "k", "field": "v"}},
                "condition": [[{"field": "tag.tag_nam", "logic": "neq", "value": "1"}, {"field": "name", "logic": "notnull"}]]}),
        )
        .write("form.json", json!([{"name": "f", "type": "text", "label": "乙"}]))
        .write("c.json", json!([{"name": "a", "n": "x", "tag": [{"tag_name": "2"}]}, {"name": "", "n": "x"}]));
    let (_, said) = folder.mapping(&[
        "check",
        "m.json",
        "--extras",
        "x.json",
        "--form",
        "form.json",
        "--company",
        "c.json",
    ]);
    let parts = [
        "f is a text on the form",
        "the form calls f",
        "the form has no field g",
        "the key widget key is not on the form",
        "failed_expression is",
        "have the k of an earlier one",
        "removes the entries of tag",
        "tag.tag_nam is",
        "the condition keeps",
        "cannot be mapped",
    ];
    let place = regex::Regex::new(r"(m|x)\.json:\d+:\d+: ").unwrap();
    for part in parts {
        let line = said.lines().find(|line| line.contains(part));
        let line = line.unwrap_or_else(|| panic!("{part}: {said}"));
        assert!(place.is_match(line), "{line}");
    }
}

#[test]
fn a_group_of_a_condition_without_a_test_is_told() {
    let customer = json!({"name": "a", "country": "DE"});
    let test = json!({"field": "country", "logic": "eq", "value": "DE"});
    for (condition, is_told) in [
        (json!([[test], []]), true),
        (json!([[]]), true),
        (json!([[test]]), false),
        (json!([]), false),
    ] {
        let extras = json!({"condition": condition});
        let (_, said) = checked(&json!([field("{{name}}")]), Some(extras), &json!([customer]));
        assert_eq!(
            said.contains("e.json:1:") && said.contains("without a test is left out"),
            is_told,
            "{condition}: {said}"
        );
    }
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
