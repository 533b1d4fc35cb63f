//! Documents as the platform exports them.
#![allow(clippy::unwrap_used)]

use super::*;

const DOCUMENT: &str = r#"{
    "api": "/v1/company/updates", "effect": "QUERY", "method": "GET", "idCheck": false,
    "id": "company_id", "number": "serial_id",
    "request": [
        {"field": "start_index", "label": "第几页", "type": "string", "value": "1"},
        {"field": "count", "label": "每页数量", "type": "string", "value": "200"},
        {"field": "removed", "label": "已删除", "type": "string", "value": "0"},
        {"field": "all", "label": "全部", "type": "string", "value": "0"},
        {"field": "group_id", "label": "分组", "type": "string", "value": "17"},
        {"field": "date", "label": "日期", "type": "string"},
        {"field": "start_time", "label": "开始", "type": "string", "value": "{{LAST_SYNC_TIME|datetime}}"},
        {"field": "end_time", "label": "结束", "type": "string", "value": "{{CURRENT_TIME|datetime}}"},
        {"field": "info_api", "label": "详情", "type": "string", "value": "/v1/company/info"},
        {"field": "info_key", "label": "详情键", "type": "string", "value": "company_id"}
    ],
    "omissionRemedy": {"crontab": "2 2 * * *", "takeOverRequest": [
        {"field": "start_time", "label": "开始", "type": "string", "value": "{{DAYS_AGO_2|datetime}}"}
    ]}
}"#;

#[test]
fn a_document_gives_paths_and_fixed_parameters() {
    let source = Source::read(DOCUMENT, "source.json").unwrap();
    assert_eq!(
        (source.list.as_str(), source.info.as_str()),
        ("/v1/company/updates", "/v1/company/info")
    );
    assert_eq!(source.count, Some(200));
    assert!(!source.removals);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(source.parameters, [pair("all", "0"), pair("group_id", "17")]);
    let (cron, reach) = source.remedy.unwrap();
    assert_eq!(
        (cron.as_str(), reach.as_secs().div_ceil(10) / 8_640),
        ("2 2 * * *", 2)
    );
}

#[test]
fn a_document_names_no_other_host() {
    for host in [
        "http://127.0.0.1:1/v1/company/updates",
        "//127.0.0.1:1/v1/company/updates",
        " //x/y",
    ] {
        for path in ["/v1/company/updates", "/v1/company/info"] {
            let text = DOCUMENT.replace(path, host);
            let error = Source::read(&text, "source.json").unwrap_err().to_string();
            assert!(error.contains("OKKI_BASE_URL"), "{error}");
        }
    }
}

#[test]
fn the_filter_changes_with_what_decides_who_is_loaded() {
    let filter = |text: &str| Source::read(text, "source.json").unwrap().filter();
    let usual = filter(DOCUMENT);
    assert_eq!(filter(&DOCUMENT.replace("2 2 * * *", "3 3 * * *")), usual);
    assert_eq!(filter(&DOCUMENT.replace("\"200\"", "\"100\"")), usual);
    assert_ne!(filter(&DOCUMENT.replace("\"17\"", "\"18\"")), usual);
    let condition = r#""condition": [[{"field": "star", "logic": "eq", "value": "3"}]], "method""#;
    assert_ne!(filter(&DOCUMENT.replace("\"method\"", condition)), usual);
}

#[test]
fn several_groups_are_listed_one_after_the_other() {
    let one = r#"{"field": "group_id", "label": "分组", "type": "string", "value": "17"}"#;
    assert!(DOCUMENT.contains(one));
    let again = one.replace("17", "9");
    let spellings = [
        DOCUMENT.replace(one, &format!("{one}, {again}")),
        DOCUMENT.replace("\"17\"", "\"17,9\""),
        DOCUMENT.replace("\"17\"", "\"9， 17\""),
        DOCUMENT.replace("\"17\"", "\"[9, 17]\""),
    ];
    let sources = spellings.map(|text| Source::read(&text, "source.json").unwrap());
    for source in &sources {
        assert_eq!(
            (source.parts(), source.groups()),
            (2, vec!["17".to_owned(), "9".to_owned()])
        );
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(source.query(0), [pair("all", "0"), pair("group_id", "17")]);
        assert_eq!(source.query(1), [pair("all", "0"), pair("group_id", "9")]);
        assert_eq!(source.filter(), sources[0].filter());
    }
    let usual = Source::read(DOCUMENT, "source.json").unwrap();
    assert_ne!(usual.filter(), sources[0].filter());
    assert_eq!((usual.parts(), Source::default().parts()), (1, 1));
    assert_eq!(Source::default().query(0), Source::default().parameters);
}

#[test]
fn what_is_not_used_is_warned_of() {
    let warnings = |text: &str| Source::read(text, "source.json").unwrap().warnings;
    assert_eq!(warnings(DOCUMENT), Vec::<String>::new());
    let odd = DOCUMENT
        .replacen(r#""id": "company_id""#, r#""id": "serial_id""#, 1)
        .replacen(r#""number""#, r#""numbr""#, 1);
    let warned = warnings(&odd).join("\n");
    assert!(
        warned.contains("numbr") && warned.contains("id is `serial_id`"),
        "{warned}"
    );
}

#[test]
fn what_the_platforms_editor_writes_is_accepted() {
    let paging = DOCUMENT
        .replacen(
            r#""value": "1"}"#,
            r#""value": "_function {{PAGINATION_START_ROW}} / {{PAGINATION_PAGE_SIZE}} + 1"}"#,
            1,
        )
        .replacen(r#""value": "200""#, r#""value": "{PAGINATION_PAGE_SIZE}""#, 1)
        .replacen(
            r#""idCheck": false,"#,
            r#""idCheck": false, "operation": {"method": "none"},"#,
            1,
        );
    assert_eq!(Source::read(&paging, "source.json").unwrap().count, Some(200));
    let info = r#",
        {"field": "info_api", "label": "详情", "type": "string", "value": "/v1/company/info"},
        {"field": "info_key", "label": "详情键", "type": "string", "value": "company_id"}
    ],"#;
    let other = r#", {"field": "format", "value": "1"}],
        "otherRequest": [{"field": "info_api", "label": "详情", "value": "/v2/company/info"}, {"field": "info_key", "value": "company_id"}],"#;
    assert!(DOCUMENT.contains(info));
    let source = Source::read(&DOCUMENT.replacen(info, other, 1), "source.json").unwrap();
    assert_eq!(source.info, "/v2/company/info");
    assert_eq!(source.get("format").as_deref(), Some("1"));
    let removed = r#""label": "已删除", "type": "string", "value": "#;
    let only = DOCUMENT.replacen(&format!("{removed}\"0\""), &format!("{removed}\"1\""), 1);
    let source = Source::read(&only, "source.json").unwrap();
    assert!(source.removals && source.warnings.join("").contains("deleted ones alone"));
}

#[test]
fn what_stands_beside_the_fields_is_sent_or_said_to_have_no_effect() {
    let other =
        r#""otherRequest": [{"field": "format", "value": "1"}, {"field": "page", "value": "3"}], "method""#;
    let source = Source::read(&DOCUMENT.replacen("\"method\"", other, 1), "source.json").unwrap();
    assert_eq!(source.get("format").as_deref(), Some("1"));
    let warned = source.warnings.join("\n");
    assert!(
        warned.contains("page has no effect") && !warned.contains("format has"),
        "{warned}"
    );
    let condition = r#""condition": [[{"field": "update_time", "logic": "gt", "value": "timestamp:1767196800"}]], "method""#;
    Source::read(&DOCUMENT.replacen("\"method\"", condition, 1), "source.json").unwrap();
}

#[test]
fn what_cannot_be_followed_is_refused_by_name() {
    for (from, to, word) in [
        ("\"GET\"", "\"POST\"", "method is POST"),
        (
            "\"value\": \"company_id\"",
            "\"value\": \"serial_id\"",
            "info_key",
        ),
        (
            "\"field\": \"date\", \"label\": \"日期\"",
            "\"field\": \"time_type\", \"label\": \"t\", \"value\": \"2\"",
            "time_type",
        ),
        (
            "{{LAST_SYNC_TIME|datetime}}",
            "2026-01-01 00:00:00",
            "sync --since",
        ),
        ("{{CURRENT_TIME|datetime}}", "2026-02-01", "end_time is always"),
        (
            "\"label\": \"日期\", \"type\": \"string\"",
            "\"label\": \"日期\", \"default\": \"2026-01-01\"",
            "date is always",
        ),
        ("{{DAYS_AGO_2|datetime}}", "", "omissionRemedy"),
        ("/v1/company/updates", "/v1/lead/list", "api is `/v1/lead/list`"),
        ("/v1/company/info", "/v1/lead/info", "info_api is"),
        ("\"value\": \"200\"", "\"value\": \"2.5\"", "count is `2.5`"),
        ("\"value\": \"200\"", "\"value\": \"-1\"", "count is `-1`"),
        ("\"value\": \"200\"", "\"value\": \"0\"", "OKKI_PAGE_SIZE"),
        (
            "\"value\": \"200\"",
            "\"value\": \"{PAGINATION_FOO}\"",
            "PAGINATION_FOO",
        ),
        (
            "\"全部\", \"type\": \"string\", \"value\": \"0\"",
            "\"全部\", \"type\": \"string\", \"value\": \"5\"",
            "all is `5`",
        ),
        (
            "\"已删除\", \"type\": \"string\", \"value\": \"0\"",
            "\"已删除\", \"type\": \"string\", \"value\": \"2\"",
            "removed is `2`",
        ),
        ("\"17\"", "\"重点客户\"", "`重点客户` is no number"),
        ("\"17\"", "\"1,,2\"", "comma without a group"),
        (
            "\"effect\"",
            "\"condition\": [[{\"field\": \"update_time\", \"logic\": \"gt\", \"value\": \"timestamp:abc\"}]], \"effect\"",
            "condition[0][0] (update_time): `timestamp:abc` is no time",
        ),
        ("\"17\"", "\"{{group}}\"", "group_id: `{{group}}` is no variable"),
        ("\"17\"", "\"1,{{group}}\"", "`{{group}}` is no variable"),
        (
            "{{LAST_SYNC_TIME|datetime}}",
            "{{LAST_SYNC_TIM|datetime}}",
            "`{{LAST_SYNC_TIM|datetime}}` is no",
        ),
        (
            "{{DAYS_AGO_2|datetime}}",
            "{{since}}",
            "`{{since}}` is no variable",
        ),
        (
            "{{DAYS_AGO_2|datetime}}",
            "",
            "for example {{DAYS_AGO_2|datetime}}",
        ),
        ("\"QUERY\"", "\"EXECUTE\"", "EXECUTE"),
        (
            "{{LAST_SYNC_TIME|datetime}}",
            "{{LAST_SYNC_TIME|nonsense}}",
            "nonsense",
        ),
    ] {
        assert!(DOCUMENT.contains(from), "{from}");
        let error = Source::read(&DOCUMENT.replacen(from, to, 1), "source.json")
            .unwrap_err()
            .to_string();
        assert!(error.contains(word), "{word} in {error}");
    }
    assert!(
        Source::load(Some(Path::new("/nowhere.json")))
            .unwrap_err()
            .to_string()
            .contains("/nowhere.json")
    );
}

#[test]
fn children_of_a_parameter_are_said_to_have_no_effect() {
    let with =
        "\"label\": \"分组\", \"children\": [{\"field\": \"x\", \"label\": \"x\", \"type\": \"string\"}],";
    let text = DOCUMENT.replacen("\"label\": \"分组\",", with, 1);
    let told = match Source::read(&text, "source.json") {
        Ok(source) => source.warnings.join("\n"),
        Err(error) => error.to_string(),
    };
    assert!(told.contains("children"), "{told}");
}

fn with_bound(name: &str, value: &str) -> Result<Source, String> {
    let before = match name {
        "start_time" => "{{LAST_SYNC_TIME|datetime}}",
        _ => "{{CURRENT_TIME|datetime}}",
    };
    let value = serde_json::to_string(value).unwrap();
    let text = DOCUMENT.replacen(&format!("\"{before}\""), &value, 1);
    Source::read(&text, "source.json").map_err(|error| error.to_string())
}

#[test]
fn bounds_that_follow_the_last_run_and_now_are_accepted() {
    for start in [
        "{{LAST_SYNC_TIME|datetime}}",
        "{{LAST_SYNC_TIME|date}}",
        "{{LAST_SYNC_TIME}}",
        "_function FROM_UNIXTIME({{LAST_SYNC_TIME}}-600)",
    ] {
        let read = with_bound("start_time", start);
        assert!(read.is_ok(), "{start}: {read:?}");
    }
    for end in ["", "{{CURRENT_TIME|datetime}}", "_function NOW()"] {
        let read = with_bound("end_time", end);
        assert!(read.is_ok(), "{end}: {read:?}");
    }
    let early = with_bound(
        "start_time",
        "_function FROM_UNIXTIME({{LAST_SYNC_TIME}}-7*86400)",
    )
    .unwrap();
    let told = early.warnings.iter().any(|warning| warning.contains("OVERLAP"));
    assert!(told, "{:?}", early.warnings);
}

#[test]
fn bounds_that_nobody_follows_are_refused() {
    for (bound, value, problem) in [
        (
            "start_time",
            "{{DAYS_AGO_7|datetime}}",
            "does not follow the last run",
        ),
        (
            "start_time",
            "{{CURRENT_TIME|datetime}}",
            "does not follow the last run",
        ),
        (
            "start_time",
            "_function DATE_SUB(NOW(), INTERVAL 1 DAY)",
            "does not follow the last run",
        ),
        (
            "start_time",
            "_function FROM_UNIXTIME({{LAST_SYNC_TIME}}+86400)",
            "does not follow the last run",
        ),
        (
            "start_time",
            "_function '2026-01-01'",
            "does not follow the last run",
        ),
        (
            "start_time",
            "_function case when {{LAST_SYNC_TIME}} > 1767196800 then FROM_UNIXTIME({{LAST_SYNC_TIME}}) else '2026-01-01 00:00:00' end",
            "begins at 2026-01-01 00:00:00 at the first run",
        ),
        ("end_time", "{{DAYS_AGO_1|datetime}}", "windows end now"),
        (
            "end_time",
            "_function DATE_SUB(NOW(), INTERVAL 1 HOUR)",
            "windows end now",
        ),
        ("end_time", "{{LAST_SYNC_TIME|datetime}}", "windows end now"),
    ] {
        let refused = with_bound(bound, value).unwrap_err();
        assert!(refused.contains(problem), "{bound} {value}: {refused}");
    }
}

#[test]
fn a_remedy_run_replaces_nothing_but_its_start() {
    let with = |parameters: &str| {
        let before = r#"{"field": "start_time", "label": "开始", "type": "string", "value": "{{DAYS_AGO_2|datetime}}"}"#;
        assert!(DOCUMENT.contains(before));
        Source::read(&DOCUMENT.replace(before, parameters), "source.json").map_err(|error| error.to_string())
    };
    let start =
        r#"{"field": "start_time", "label": "s", "type": "string", "value": "{{DAYS_AGO_2|datetime}}"}"#;
    let other = |field: &str, value: &str| {
        with(&format!(
            r#"{start}, {{"field": "{field}", "label": "x", "type": "string", "value": "{value}"}}"#
        ))
    };
    assert!(other("end_time", "{{CURRENT_TIME|datetime}}").is_ok());
    assert!(other("group_id", "17").is_ok(), "as usual");
    // As the platform's own example has it.
    let early = other("end_time", "{{DAYS_AGO_1|datetime}}").unwrap();
    assert!(
        early
            .warnings
            .iter()
            .any(|warning| warning.contains("lists up to now")),
        "{:?}",
        early.warnings
    );
    for (field, value, problem) in [
        ("group_id", "18", "group_id in takeOverRequest has no effect"),
        (
            "Start_Time",
            "{{DAYS_AGO_3|datetime}}",
            "OKKI knows no parameter `Start_Time`",
        ),
    ] {
        let refused = other(field, value).unwrap_err();
        assert!(refused.contains(problem), "{field} {value}: {refused}");
    }
    let fixed =
        with(r#"{"field": "start_time", "label": "s", "type": "string", "value": "_function '2026-01-01'"}"#);
    assert!(fixed.unwrap_err().contains("moves on"));
}

#[test]
fn names_in_other_cases_are_refused() {
    let text = DOCUMENT.replacen(r#""field": "start_time""#, r#""field": "Start_Time""#, 1);
    let refused = Source::read(&text, "source.json").unwrap_err().to_string();
    assert!(refused.contains("write `start_time`"), "{refused}");
}

#[test]
fn what_stands_beside_the_parameters_is_refused() {
    for (before, after, problem) in [
        (
            "/v1/company/updates",
            "/v1/company/updates?group_id=101",
            "has parameters of its own",
        ),
        (
            "/v1/company/info",
            "/v1/company/info?x=1",
            "has parameters of its own",
        ),
        ("2 2 * * *", "61 2 * * *", "cron"),
        (r#""value": "1"}"#, r#""value": "5"}"#, "start_index is `5`"),
    ] {
        assert!(DOCUMENT.contains(before), "{before}");
        let refused = Source::read(&DOCUMENT.replacen(before, after, 1), "source.json");
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(problem), "{after}: {refused}");
    }
}

/// Every fault and every remark about a document has line and column, and the caption where it is about a parameter.
#[test]
fn what_is_said_of_a_document_has_its_place() {
    let said = |from: &str, to: &str| {
        assert!(DOCUMENT.contains(from), "{from}");
        let text = DOCUMENT.replace(from, to);
        match Source::read(&text, "source.json") {
            Ok(source) => source.warnings.join("\n"),
            Err(error) => error.to_string(),
        }
    };
    for (from, to, place, part) in [
        (
            r#""method": "GET""#,
            r#""method": "POST""#,
            "2:",
            "method is POST",
        ),
        (
            "/v1/company/updates",
            "/v1/order/list",
            "2:",
            "lists no customers",
        ),
        (
            "/v1/company/updates",
            "http://x/v1/company/list",
            "2:",
            "names a host",
        ),
        (
            r#""id": "company_id""#,
            r#""id": "serial_id""#,
            "3:",
            "id is `serial_id`",
        ),
        (
            r#""value": "200""#,
            r#""value": "many""#,
            "6:9: field \"每页数量\"",
            "count is `many`",
        ),
        (
            r#""value": "0"},
        {"field": "all""#,
            r#""value": "1"},
        {"field": "all""#,
            "7:9: field \"已删除\"",
            "removed is 1",
        ),
        (
            r#""value": "17""#,
            r#""value": "{{group}}""#,
            "9:9: field \"分组\"",
            "no variable",
        ),
        (
            r#""value": "17""#,
            r#""value": "_function 1/{{LAST_SYNC_TIME}}+'a'+LEFT(NOW())""#,
            "9:",
            "LEFT",
        ),
        (
            "{{LAST_SYNC_TIME|datetime}}",
            "2026-01-01 00:00:00",
            "11:9: field \"开始\"",
            "always",
        ),
        (
            "{{CURRENT_TIME|datetime}}",
            "{{DAYS_AGO_3|datetime}}",
            "12:9: field \"结束\"",
            "windows end now",
        ),
        (
            r#""value": "company_id""#,
            r#""value": "serial_id""#,
            "14:9: field \"详情键\"",
            "info_key is",
        ),
        (
            r#""field": "group_id""#,
            r#""field": "Group_Id""#,
            "9:9: field \"分组\"",
            "write `group_id`",
        ),
        (
            r#""crontab": "2 2 * * *""#,
            r#""crontab": "2 2""#,
            "16:",
            "crontab",
        ),
        ("{{DAYS_AGO_2|datetime}}", "2026-01-01", "16:", "moves on"),
        (
            r#""label": "开始", "type": "string", "value": "{{DAYS_AGO_2|datetime}}"}"#,
            r#""value": "{{DAYS_AGO_2|datetime}}"}, {"field": "all", "label": "全", "value": "2"}"#,
            "17:",
            "takeOverRequest has no effect",
        ),
        (
            r#""omissionRemedy""#,
            r#""otherRequest": [{"field": "x", "value": "1"}], "omissionRemedy""#,
            "16:",
            "x has no effect",
        ),
        (
            r#""omissionRemedy""#,
            r#""condition": [[{"field": "create_time", "logic": "gt", "value": "timestamp:x"}]], "omissionRemedy""#,
            "16:",
            "is no time",
        ),
        (
            r#""omissionRemedy""#,
            r#""condition": [[{"field": "customers.gender", "logic": "eq", "value": "1"}]], "omissionRemedy""#,
            "16:",
            "removes the entries of customers",
        ),
        (
            r#""omissionRemedy""#,
            r#""condition": [[{"field": "archive_type", "logic": "eq", "value": "1"}]], "omissionRemedy""#,
            "16:",
            "only customers are handed on for which archive_type eq \"1\"",
        ),
    ] {
        let told = said(from, to);
        let line = told.lines().find(|line| line.contains(part));
        let line = line.unwrap_or_else(|| panic!("{part}: {told}"));
        assert!(line.starts_with(&format!("source.json:{place}")), "{line}");
    }
}

#[test]
fn several_entries_of_the_group_keep_the_places_of_the_others() {
    let one = r#"{"field": "group_id", "label": "分组", "type": "string", "value": "17"},"#;
    let both = format!("{one}\n        {}", one.replace("17", "18"));
    let text = DOCUMENT.replace(one, &both);
    let source = Source::read(&text, "source.json").unwrap();
    assert_eq!(source.groups(), ["17", "18"]);
    let text = text.replace("{{CURRENT_TIME|datetime}}", "{{CURRENT_TIME|datetim}}");
    let error = Source::read(&text, "source.json").unwrap_err().to_string();
    assert!(error.starts_with("source.json:13:"), "{error}");
}
