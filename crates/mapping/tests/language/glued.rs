//! Keys that the platform glues together, and what only looks like a placeholder.

#![allow(clippy::unwrap_used)]

use mapping::TargetDocument;
use serde_json::{Value, json};

use crate::support::eval;

fn record() -> Value {
    json!({
        "country": "DE", "country_region": {"country": "德国", "city": "Köln"}, "source": {"site": {"info": {"name": "w"}}},
        "customers": [
            {"name": "e", "growth": {"level": "A级"}},
            {"name": "m", "main_customer_flag": 1, "growth": {"level": "B级"}, "tel_list": [["49", "170"]]},
        ],
        "联系信息座机": {"tel_area_code": "86", "tel": "55"},
        "tag": [{"tag_name": "甲"}, {"tag_name": "乙"}],
        "基本信息年营业额(万)": 12, "国家/地区": "德国", "基本信息是否验厂?": "是", "a_b": {"c": 1}, "a": {"b_c": 2, "b": {"c": 3}},
    })
}

#[test]
fn nested_objects_have_the_platforms_glued_names() {
    for (expression, expected) in [
        ("{{country_region_country}}", "德国"),
        ("{country_region_city}", "Köln"),
        ("{{source_site_info_name}}", "w"),
        ("{{source.site_info.name}}", "w"),
        ("{{customers.growth_level}}", "B级"),
        ("{{customers.0.growth_level}}", "A级"),
        ("{{customers.*.growth_level|implode('、')}}", "A级、B级"),
        ("{{联系信息座机_tel_area_code}}-{{联系信息座机_tel}}", "86-55"),
        ("{{customers.tel_list_0}}-{{customers.tel_list_1}}", "49-170"),
        ("{{tag_1_tag_name}}", "乙"),
        ("_function CONCAT('{{customers.growth_level}}', '!')", "B级!"),
        (
            "_function CASE {{country_region_country}} WHEN '德国' THEN 1 ELSE 2 END",
            "1",
        ),
        (
            "_function GROUP_CONCAT({{customers.growth_level}} SEPARATOR '-')",
            "A级-B级",
        ),
        // The longer first part is the nearer one.
        ("{{a_b_c}}", "1"),
        ("{{country_region_nothing}}", ""),
    ] {
        assert_eq!(eval(expression, record()).unwrap(), expected, "{expression}");
    }
    let literal = json!({"growth_level": "literal", "growth": {"level": "nested"}});
    assert_eq!(eval("{{growth_level}}", literal).unwrap(), "literal");
}

#[test]
fn what_is_read_of_an_answer_keeps_the_parts_of_glued_names() {
    use mapping::clean::{Wanted, read};
    let answer = json!({"country_region": {"country": "德国"}, "other": 1,
        "company": [{"name": "联系信息", "fields": [{"name": "座机", "value": {"tel": "55"}}]}]});
    let paths = ["country_region_country", "联系信息座机_tel"].map(mapping::Path::new);
    let record = read(
        answer.to_string().as_bytes(),
        &Wanted::by(&paths),
        &mapping::Zone::default(),
    )
    .unwrap();
    let found: Vec<_> = paths
        .iter()
        .map(|path| path.find(&record, None).text().into_owned())
        .collect();
    assert_eq!(found, ["德国", "55"]);
    assert!(record.get("other").is_none());
}

/// The warnings of a document with one field.
fn warnings(value: &str) -> Vec<String> {
    let field = json!({"field": "a", "label": "甲", "value": value});
    let text = json!({"api": "/x/data_create", "effect": "EXECUTE", "request": [field]}).to_string();
    let loaded =
        TargetDocument::parse(&text, "m.json").unwrap_or_else(|problems| panic!("{value}: {problems:?}"));
    loaded.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn what_looks_like_a_placeholder_is_read_as_meant_and_told_with_the_right_spelling() {
    for (value, right, gives) in [
        ("{基本信息年营业额(万)}", "{{基本信息年营业额(万)}}", "12"),
        ("{国家/地区}", "{{国家/地区}}", "德国"),
        ("来自{国家/地区}", "{{国家/地区}}", "来自德国"),
        ("{{tag[0].tag_name}}", "{{tag.0.tag_name}}", "甲"),
        (
            "{{tag[*].tag_name|implode('、')}}",
            "{{tag.*.tag_name|implode('、')}}",
            "甲、乙",
        ),
        ("{{'country'}}", "{{country}}", "DE"),
        ("{{currentTime|date}}", "{{CURRENT_TIME|date}}", ""),
        ("{{lastSyncTime|datetime}}", "{{LAST_SYNC_TIME|datetime}}", ""),
        ("{{days_ago_3|date}}", "{{DAYS_AGO_3|date}}", ""),
        ("{country}}", "{{country}}", "DE}"),
        ("[[country]]", "{{country}}", "[[country]]"),
        ("{country", "{{country}}", "{country"),
        ("country}}", "{{country}}", "country}}"),
        ("$country_region", "{{country_region}}", "$country_region"),
        ("｛｛country｝｝", "{{key}}", "｛｛country｝｝"),
        ("_function CONCAT('{国家/地区}', '!')", "{{国家/地区}}", "德国!"),
        ("{国家,地区}", "{{国家,地区}} if it is a key", "{国家,地区}"),
        ("{国家：地区}!", "{{国家：地区}} if it is a key", "{国家：地区}!"),
        (
            "{country|shout}",
            "{{country|shout}} if it is a key",
            "{country|shout}",
        ),
        ("{country}|date", "{{key|date}}", "DE|date"),
        (
            "CONCAT('{{country}}', '!')",
            "_function CONCAT",
            "CONCAT('DE', '!')",
        ),
        ("=LEFT({{country}}, 1)", "_function LEFT", "=LEFT(DE, 1)"),
        (
            "case '{{country}}' when 'DE' then 1 end",
            "_function case",
            "case 'DE' when 'DE' then 1 end",
        ),
        ("{{tag[0]['tag_name']}}", "{{tag.0.tag_name}}", "甲"),
    ] {
        let found = warnings(value);
        let told = found.iter().any(|warning| {
            warning.starts_with("m.json:1:")
                && warning.contains("field \"甲\"")
                && warning.contains(&format!("write {right}"))
        });
        assert!(told, "{value}: {found:?}");
        assert_eq!(eval(value, record()).unwrap(), gives, "{value}");
    }
}

#[test]
fn words_of_the_language_are_known_in_any_spelling_and_told() {
    for value in [
        "_Function CONCAT('{{country}}', '!')",
        "_FUNCTION CONCAT('{{country}}', '!')",
    ] {
        assert!(
            warnings(value)[0].contains("begin the value with _function"),
            "{value}"
        );
        assert_eq!(eval(value, record()).unwrap(), "DE!", "{value}");
    }
    for value in [
        "_findcollection find v from c where k={{country}}",
        " _findCollection find v from c where k={{country}}",
        "_MongoQuery c findField=v where={\"k\":\"{{country}}\"}",
    ] {
        assert!(warnings(value)[0].contains("begin the value with _"), "{value}");
        let compiled = mapping::Expression::compile(value).unwrap();
        assert_eq!(compiled.lookups().len(), 1, "{value}");
    }
}

#[test]
fn captions_with_signs_are_keys_and_code_is_not() {
    let record = || json!({"Owner's": "o", "a=b": "c", "what? why": "w", "a:b?": "q"});
    for (value, gives) in [
        ("{{Owner's}}", "o"),
        ("{{a=b}}", "c"),
        ("{{what? why}}", "w"),
        ("{{a:b?}}", "q"),
    ] {
        assert_eq!(eval(value, record()).unwrap(), gives, "{value}");
    }
    for value in ["{{a == 1}}", "{{a ? b : c}}", "{{a + 'x'}}", "{{a{b}}}"] {
        assert!(
            eval(value, record())
                .unwrap_err()
                .contains("cannot be part of a key"),
            "{value}"
        );
    }
    for (value, gives) in [
        ("{{t|Date}}", "2024-03-14"),
        ("{{t|yyyy-MM-dd HH:mm}}", "2024-03-14 16:05"),
        ("{{t|DATETIME}}", "2024-03-14 16:05:06"),
    ] {
        assert_eq!(
            eval(value, json!({"t": "2024-03-14 16:05:06"})).unwrap(),
            gives,
            "{value}"
        );
    }
}

#[test]
fn what_is_written_well_is_not_told() {
    for value in [
        "{name}",
        "{{基本信息是否验厂?}}",
        "{{country_region_country}}",
        "{{CURRENT_TIME|date}}",
        "{\"a\": 1, \"b\": [2]}",
        "_function '{{name}}' REGEXP '[0-9]{2,3}'",
        "_function '{{name}}' REGEXP '^[0-9]{3}$'",
        "{ }",
        "100 % / #1 [a] @b $9.99",
        "fixed text (with signs) / 1",
        "case by case (see there)",
        "{{name}} | {{country_region_country}}",
    ] {
        assert_eq!(warnings(value), Vec::<String>::new(), "{value}");
    }
    assert_eq!(eval("{{基本信息是否验厂?}}", record()).unwrap(), "是");
}
