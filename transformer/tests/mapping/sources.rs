//! Source documents: parameters, conditions, the remedy run, reformatted keys.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::Timestamp;
use mapping::clean::clean;
use mapping::{Context, FilterResult, Record, SourceDocument};
use serde_json::{Value, json};
use transformer::map::Mapping;

use crate::documents::document;
use crate::support::now;

#[test]
fn conditions_are_an_or_of_ands() {
    let keeps = |condition: &str, record: Value| {
        let extras = format!(r#"{{"condition": {condition}}}"#);
        let mapping = Mapping::load(&document(""), Some(&extras)).unwrap();
        let mut record = clean(record).unwrap();
        (mapping.filter(&mut record, now()).is_none(), record)
    };
    for (condition, record, expected) in [
        (
            r#"[[{"field": "a", "logic": "eq", "value": "1"}]]"#,
            json!({"a": 1}),
            true,
        ),
        (
            r#"[[{"field": "a", "logic": "neq", "value": "1"}]]"#,
            json!({"a": 1}),
            false,
        ),
        (
            r#"[[{"field": "a", "logic": "gt", "value": "5"}], [{"field": "b", "logic": "notnull"}]]"#,
            json!({"a": 1, "b": "x"}),
            true,
        ),
        (
            r#"[[{"field": "a", "logic": "egt", "value": "5"}, {"field": "b", "logic": "isnull"}]]"#,
            json!({"a": 5, "b": "x"}),
            false,
        ),
        (
            r#"[[{"field": "a", "logic": "lt", "value": "10"}]]"#,
            json!({"a": "9"}),
            true,
        ),
        (
            r#"[[{"field": "a", "logic": "elt", "value": "10"}]]"#,
            json!({}),
            false,
        ),
        (
            r#"[[{"field": "a", "logic": "like", "value": "公司"}]]"#,
            json!({"a": "某公司名"}),
            true,
        ),
        (
            r#"[[{"field": "a", "logic": "notlike", "value": "某%"}]]"#,
            json!({"a": "某公司名"}),
            false,
        ),
        (
            r#"[[{"field": "a", "logic": "between", "value": "100,500"}]]"#,
            json!({"a": 100}),
            true,
        ),
        (
            r#"[[{"field": "t", "logic": "gt", "value": "timestamp:1710403199"}]]"#,
            json!({"t": "2024-03-14 16:00:00"}),
            true,
        ),
        (
            r#"[[{"field": "list.q", "logic": "gt", "value": "1", "strictMode": true}]]"#,
            json!({"list": [{"q": 1}, {"q": 2}]}),
            false,
        ),
        (
            r#"[[{"field": "list.q", "logic": "neq", "value": "1"}]]"#,
            json!({"list": []}),
            true,
        ),
        (
            r#"[[{"field": "list.q", "logic": "notlike", "value": "1"}]]"#,
            json!({"list": []}),
            true,
        ),
        (
            r#"[[{"field": "list.q", "logic": "notin", "value": "1,2"}]]"#,
            json!({"list": []}),
            true,
        ),
        (
            r#"[[{"field": "list.q", "logic": "isnull"}]]"#,
            json!({"list": []}),
            true,
        ),
        (
            r#"[[{"field": "list.q", "logic": "eq", "value": "1"}]]"#,
            json!({"list": []}),
            false,
        ),
        (
            r#"[[{"field": "list.q", "logic": "notnull", "strictMode": true}]]"#,
            json!({"list": []}),
            false,
        ),
        (
            r#"[[{"field": "list.q", "logic": "neq", "value": "1", "strictMode": true}]]"#,
            json!({"list": [{"q": 1}, {"q": 2}]}),
            false,
        ),
        ("[]", json!({}), true),
    ] {
        assert_eq!(
            keeps(condition, record.clone()).0,
            expected,
            "{condition} over {record}"
        );
    }
    let (kept, record) = keeps(
        r#"[[{"field": "list.q", "logic": "gt", "value": "1"}]]"#,
        json!({"list": [{"q": 1}, {"q": 2}]}),
    );
    assert!(kept);
    assert_eq!(
        record.get("list"),
        Some(&json!([{"q": 2}])),
        "rows that fail are dropped, the record stays"
    );
}

const SOURCE: &str = r#"{
  "api": "/v1/company/list", "type": "QUERY", "method": "GET", "id": "company_id", "number": "serial_id",
  "request": [
    {"field": "start_time", "label": "开始", "type": "string", "value": "{{LAST_SYNC_TIME|datetime}}"},
    {"field": "end_time", "label": "结束", "type": "string", "value": "{{CURRENT_TIME|datetime}}"},
    {"field": "removed", "type": "int", "value": "0"}, {"field": "all", "value": ""}, {"field": "group_id", "value": null},
    {"field": "start_index", "value": "_function {{PAGINATION_START_ROW}} / {{PAGINATION_PAGE_SIZE}} + 1"},
    {"field": "info_api", "value": "/v1/company/info"}, {"field": "info_key", "value": "company_id"}
  ],
  "condition": [[{"field": "archive_type", "logic": "eq", "value": "1"}]],
  "formatResponse": [{"old": "create_time", "new": "create_day", "format": "date"}, {"old": "tags", "new": "tags_text", "format": "implode('、')"}],
  "omissionRemedy": {"crontab": "2 2 * * *", "takeOverRequest": [{"field": "start_time", "value": "{{DAYS_AGO_2|datetime}}"}, {"field": "end_time", "value": "{{DAYS_AGO_1|datetime}}"}]}
}"#;

#[test]
fn source_documents() {
    let loaded = SourceDocument::parse(SOURCE, "s.json").unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let source = loaded.document;
    assert_eq!(
        (source.info_api(), source.info_key(), source.id.as_deref()),
        (Some("/v1/company/info"), Some("company_id"), Some("company_id"))
    );
    let mut context = Context::at(now()).last_sync(1_710_403_200);
    (context.page_size, context.start_row) = (Some(50), Some(100));
    let list = |pairs: Vec<(String, String)>| {
        pairs
            .into_iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
            .join("&")
    };
    assert_eq!(
        list(source.parameters(&context).unwrap()),
        "start_time=2024-03-14 16:00:00&end_time=2026-03-15 00:30:00&removed=0&start_index=3.0000"
    );
    let remedy = source.omission_remedy.as_ref().unwrap();
    assert_eq!(remedy.crontab, "2 2 * * *");
    assert!(
        list(remedy.parameters(&source, &context).unwrap())
            .ends_with("start_time=2026-03-13 00:30:00&end_time=2026-03-14 00:30:00")
    );
    let Value::Object(map) =
        json!({"archive_type": 1, "create_time": "2024-03-15 14:30:25", "tags": ["a", "b"]})
    else {
        unreachable!()
    };
    let mut record = Record::new(map);
    source.format_response.apply(&mut record, &context);
    assert_eq!(
        (record.get("create_day"), record.get("tags_text")),
        (Some(&json!("2024-03-15")), Some(&json!("a、b")))
    );
    assert_eq!(source.condition.apply(&mut record, &context), FilterResult::Keep);
    record.insert("archive_type".to_owned(), json!(2));
    assert_eq!(source.condition.apply(&mut record, &context), FilterResult::Drop);
    let without = Context::at(Timestamp::UNIX_EPOCH);
    assert_eq!(source.parameters(&without).unwrap_err().1.code, "no-variable");
    let wrong = SourceDocument::parse(
        &SOURCE
            .replace("QUERY", "EXECUTE")
            .replace("\"eq\"", "\"resembles\""),
        "s.json",
    )
    .unwrap_err();
    assert!(
        wrong[0].message.contains("QUERY is expected") && wrong[1].message.contains("unknown logic"),
        "{wrong:?}"
    );
}

#[test]
fn an_id_check_is_honoured_by_id_and_version_and_says_so() {
    let with = |check: &str| {
        let text = SOURCE.replacen("\"method\"", &format!("\"idCheck\": {check}, \"method\""), 1);
        SourceDocument::parse(&text, "s.json").unwrap().warnings
    };
    for silent in ["false", "\"0\"", "null"] {
        assert_eq!(with(silent), [], "{silent}");
    }
    for checked in ["true", "\"1\""] {
        let warnings = with(checked);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let warning = warnings[0].to_string();
        assert!(
            warning.starts_with("s.json:2:47: \"idCheck\": true compares id and update time"),
            "{warning}"
        );
    }
}

#[test]
fn a_target_may_check_ids_or_not() {
    let with = |check: &str| {
        let request = r#"[{"field": "a", "value": "b"}]"#;
        let text = format!(
            r#"{{"api": "/x/data_create", "effect": "EXECUTE", "request": {request}, "idCheck": {check}}}"#
        );
        mapping::TargetDocument::parse(&text, "m").map(|loaded| loaded.warnings)
    };
    assert_eq!((with("true"), with("false")), (Ok(vec![]), Ok(vec![])));
    assert!(with("\"perhaps\"").is_err());
}

#[test]
fn format_response_formats() {
    let context = Context::at("2024-03-16T00:00:00Z".parse().unwrap());
    for (format, value, expected) in [
        ("date", json!("2024-03-15 14:30:25"), "2024-03-15"),
        ("time", json!("20240315143025"), "14:30:25"),
        ("dateTime", json!("2024-03-15T06:30:25Z"), "2024-03-15 14:30"),
        ("shortDate", json!(1_710_484_225), "03-15"),
        ("shortTime", json!("2024-03-15 14:30:25"), "14:30"),
        ("shortDateTime", json!("2024-03-15 14:30:25"), "03-15 14:30"),
        ("dateDescription", json!("2024-03-15 02:00:00"), "一天前"),
        ("dateDescription", json!("2024-03-16 08:00:00"), "刚刚"),
        ("longText(3)", json!("abcdef"), "abc..."),
        ("longText", json!("short"), "short"),
        ("round", json!("19.9956"), "20.00"),
        ("amount", json!(1_000_000), "￥1,000,000.00"),
        ("implode('-')", json!(["a", 1]), "a-1"),
        ("date", json!("never"), "never"),
    ] {
        let text = format!(
            r#"{{"api": "/x", "effect": "QUERY", "request": [], "formatResponse": [{{"old": "o", "new": "n", "format": "{format}"}}]}}"#
        );
        let source = SourceDocument::parse(&text, "s").unwrap().document;
        let mut record = Record::new(serde_json::Map::from_iter([("o".to_owned(), value)]));
        source.format_response.apply(&mut record, &context);
        assert_eq!(record.get("n"), Some(&json!(expected)), "{format}");
    }
}
