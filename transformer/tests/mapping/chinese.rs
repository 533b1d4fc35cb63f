//! What every command about mappings says in Chinese when it fails: no sentence of a library stays English.

#![allow(clippy::unwrap_used)]

use regex::Regex;
use serde_json::json;

use crate::said::Folder;

/// Two English words one behind the other that no quotation holds.
fn english(text: &str) -> Option<String> {
    let quoted =
        Regex::new(r#"`[^`]*`|"[^"]*"|'[^']*'|(?:transformer|extractor|loader) [a-z]+(?: [a-z]+)?|[-\w./]+\.(?:json|csv)[:\d]*"#).unwrap();
    let plain = quoted.replace_all(text, "").into_owned();
    let sentence = Regex::new(r"\b[A-Za-z]{2,}(?:, | )[a-z]{2,}").unwrap();
    sentence.find(&plain).map(|found| found.as_str().to_owned())
}

fn broken() -> Folder {
    let folder = Folder::new();
    let right = json!({"api": "/x/data_create", "effect": "EXECUTE", "request": [{"field": "f", "label": "甲", "value": "{{name}}"}]});
    folder
        .write("right.json", &right)
        .write("comma.json", "{\"api\": \"/x\",}")
        .write("cut.json", "{\"api\": [")
        .write("text.json", "名称")
        .write("empty.json", "")
        .write(
            "key.json",
            json!({"key_widgets": "a", "zone": 8, "widgets": {"f": 5}, "lookup": {"t": {"fil": "a.csv"}}}),
        )
        .write("list.json", json!([1, 2]))
        .write(
            "zone.json",
            json!({"zone": "Mars", "failed_expression": "maybe", "key_widget": []}),
        )
        .write(
            "missing.json",
            json!({"lookup": {"t": {"file": "nowhere.csv", "missing": "perhaps"}}}),
        )
        .write("types.json", json!({"widgets": 7}))
        .write("table.json", json!({"lookup": {"t": {"file": "nowhere.csv"}}}))
        .write("c.json", json!({"name": "ACME"}));
    folder.raw("gbk.json", b"{\"name\": \"\xbf\xcd\xbb\xa7\"}");
    folder
}

#[test]
fn every_command_that_fails_says_so_in_chinese() {
    let folder = broken();
    let bad = [
        "comma.json",
        "cut.json",
        "text.json",
        "empty.json",
        "gbk.json",
        "nowhere.json",
        "list.json",
        ".",
    ];
    let mut calls: Vec<Vec<&str>> = Vec::new();
    for bad in bad {
        calls.push(vec!["check", bad]);
        calls.push(vec!["check", "right.json", "--extras", bad]);
        calls.push(vec!["check", "right.json", "--form", bad]);
        calls.push(vec!["check", "right.json", "--company", bad]);
        calls.push(vec!["explain", bad]);
        calls.push(vec!["try", bad, "--company", "c.json"]);
        calls.push(vec!["try", "right.json", "--company", bad]);
        calls.push(vec!["try", "right.json", "--records", bad]);
        calls.push(vec!["diff", bad, "right.json", "--records", "c.json"]);
        calls.push(vec!["diff", "right.json", "right.json", "--records", bad]);
        calls.push(vec!["test", "right.json", "--cases", bad]);
        calls.push(vec!["fmt", bad]);
        calls.push(vec!["draft", "--form", bad, "--fields", bad]);
    }
    for extras in [
        "key.json",
        "zone.json",
        "missing.json",
        "table.json",
        "types.json",
    ] {
        calls.push(vec!["check", "right.json", "--extras", extras]);
    }
    folder
        .write("t0.json", json!({"tests": []}))
        .write(
            "t1.json",
            json!({"tests": [{"name": "a", "company": {}, "expect": {}}], "x": 1}),
        )
        .write(
            "t2.json",
            json!({"tests": [{"name": "a", "company": {"name": "x"}, "expect": {"乙": 1}}]}),
        )
        .write(
            "t3.json",
            json!({"tests": [{"name": "a", "company_id": "9", "expect": {"甲": 1}}]}),
        )
        .write("t4.json", json!({"tests": {"a": 1}}))
        .write("t5.json", json!({"tests": [{"company": {}}]}))
        .write(
            "t6.json",
            json!({"tests": [{"name": "a", "company": {}, "filtered": 5}]}),
        )
        .write(
            "t7.json",
            json!({"tests": [{"name": "a", "company": {}, "filtered": true}]}),
        )
        .write("t8.json", json!({"tests": [{"name": "a", "company": {}}]}));
    for cases in [
        "t0.json", "t1.json", "t2.json", "t3.json", "t4.json", "t5.json", "t6.json", "t7.json", "t8.json",
    ] {
        calls.push(vec!["test", "right.json", "--cases", cases]);
    }
    calls.push(vec![
        "try",
        "right.json",
        "--company",
        "c.json",
        "--now",
        "yesterday",
    ]);
    calls.push(vec![
        "test",
        "right.json",
        "--cases",
        "t2.json",
        "--min-coverage",
        "200",
    ]);
    let mut left = Vec::new();
    for call in calls {
        let (is_right, text) = folder.spoken("zh", &call);
        if let Some(found) = english(&text).filter(|_| !is_right) {
            left.push(format!("{call:?}: \"{found}\" in {text}"));
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
}

#[test]
fn differences_and_their_headings_are_told_in_chinese() {
    let folder = broken();
    folder.write(
        "other.json",
        json!({"api": "/x/data_create", "effect": "EXECUTE", "request": [{"field": "f", "label": "甲", "value": "{{name}}!"}]}),
    );
    let (_, text) = folder.spoken("zh", &["diff", "right.json", "other.json", "--records", "c.json"]);
    assert!(
        text.contains("标题") && text.contains("字段") && !text.contains("label"),
        "{text}"
    );
    let (_, text) = folder.spoken("zh", &["test", "right.json", "--cases", "c.json"]);
    assert!(!text.contains(".json: "), "{text}");
}

#[test]
fn what_an_expression_does_is_told_in_chinese() {
    let folder = Folder::new();
    let value = "_function CASE WHEN '{{a}}'='1' AND {{b}} % 2 > 0 THEN CAST('{{c}}' AS CHAR) WHEN BINARY '{{a}}' LIKE 'x%' THEN CAST({{b}} AS DATE) \
                 ELSE GROUP_CONCAT(DISTINCT {{tag.*.n}} ORDER BY {{tag.*.n}} DESC) END";
    let request = json!([{"field": "f", "label": "甲", "value": value}, {"field": "g", "label": "乙", "value": "{{n|round(2)}}{{d|yyyy-MM}}"}]);
    folder.write(
        "m.json",
        json!({"api": "/x/data_create", "effect": "EXECUTE", "request": request}),
    );
    let (_, text) = folder.spoken("zh", &["explain", "m.json"]);
    for word in [" is ", " text", "modulo", " all ", "descending", "date"] {
        let body = text
            .lines()
            .filter(|line| line.starts_with("  "))
            .collect::<Vec<_>>()
            .join("\n");
        assert!(!body.contains(word), "{word} in {text}");
    }
}

#[test]
fn faults_of_expressions_are_told_in_chinese() {
    let folder = Folder::new();
    let mut left = Vec::new();
    for value in [
        "_function CONCAT('a', , 'b')",
        "_function IF(1,2",
        "_function DATE_ADD(NOW(), INTERVAL 1)",
        "_function DATE_ADD(NOW(), INTERVAL '1:30' FORTNIGHT)",
        "_function 'a' COLLATE latin1_bin = 'b'",
        "_function LOCATE(BINARY 'a', '{{a}}')",
        "_function GROUP_CONCAT({{tag.*.n}} ORDER BY 'x')",
        "_function SUM({{tag.*.n}} ORDER BY {{tag.*.n}})",
        "_function IF({{n}} &gt; 1, 2, 3)",
        "_function CAST({{d}} AS BINARY(3))",
        "{{n|rnd(2)}}",
        "_function CASE WHEN THEN 1 END",
        "_function '{{a}}' REGEXP '[a'",
        "_function '{{a}}' REGEXP '(?=a)b'",
        "_function '{{a}}' REGEXP '(a'",
        "_function 1 +",
        "_function 'a",
        "_function SELECT 1",
        "_function CAST('a' AS NOTHING)",
        "_function EXTRACT(FOO FROM '{{d}}')",
        "_mongoQuery t findField=content.a where={\"content.b\":}",
        "{{a|date('QQ')}}",
        "{{d|number:x}}",
    ] {
        let request = json!([{"field": "f", "label": "甲", "value": value}]);
        folder.write(
            "m.json",
            json!({"api": "/x/data_create", "effect": "EXECUTE", "request": request}),
        );
        let (is_right, text) = folder.spoken("zh", &["check", "m.json"]);
        let told = text.replace(value, "");
        if let Some(found) = english(&told).filter(|_| !is_right) {
            left.push(format!("{value}: \"{found}\" in {text}"));
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
}
