//! From OKKI's detail answer to a record that expressions can read: flattened, trimmed, dates in one form.

mod flatten;
mod scrub;
mod slim;

use super::{Record, Zone};
use serde_json::Value;

pub use flatten::{Collision, collisions};
pub use slim::Wanted;

/// The detail answer is not what OKKI documents.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// It cannot be parsed.
    #[error("{}", words::tr!("the detail answer is not JSON: {0}"))]
    NotJson(#[from] serde_json::Error),
    /// Everything starts from an object.
    #[error("{}", words::tr!("the detail answer is {0}, an object is expected"))]
    NotAnObject(&'static str),
}

/// Parses and cleans what is wanted of an answer; unix times become dates of the zone. Expressions that read nothing
/// else see what [`clean_in`] would show them.
pub fn read(json: &[u8], wanted: &Wanted, zone: &Zone) -> Result<Record, CleanError> {
    cleaned(slim::parse(json, wanted)?, wanted, zone)
}

/// Cleans with OKKI's zone (+08:00).
pub fn clean(detail: Value) -> Result<Record, CleanError> {
    clean_in(detail, &Zone::default())
}

/// Cleans; unix times become dates of the zone.
pub fn clean_in(detail: Value, zone: &Zone) -> Result<Record, CleanError> {
    cleaned(detail, &Wanted::EVERYTHING, zone)
}

fn cleaned(detail: Value, wanted: &Wanted, zone: &Zone) -> Result<Record, CleanError> {
    let mut root = match detail {
        Value::Object(root) => root,
        Value::Array(_) => return Err(CleanError::NotAnObject(words::text!("an array"))),
        Value::Null => return Err(CleanError::NotAnObject("null")),
        _ => return Err(CleanError::NotAnObject(words::text!("a plain value"))),
    };
    for (key, value) in &mut root {
        if key != "company" {
            scrub::scrub(value, scrub::is_date_key(key), zone);
        }
    }
    flatten::flatten(&mut root, wanted, zone);
    Ok(Record::new(root))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    fn cleaned(detail: Value) -> Value {
        Value::Object(clean(detail).unwrap().as_map().clone())
    }

    #[test]
    fn of_two_fields_of_one_name_a_value_wins_over_emptiness_and_a_plain_value_over_a_list() {
        let source = |fields: Value| {
            let detail = json!({"company": [{"name": "基本信息", "fields": fields}]});
            let used = collisions(&detail).remove(0).used;
            (cleaned(detail)["基本信息客户来源"].clone(), used)
        };
        let text = |value: &str| json!({"id": "origin", "name": "客户来源", "field_type": 3, "value": value});
        let list = |value: Value| json!({"id": "origin_list", "name": "客户来源", "field_type": "7", "value": value});
        for (first, second, expected, used) in [
            (text("展会"), list(json!([])), json!("展会"), "origin"),
            (list(json!([])), text("展会"), json!("展会"), "origin"),
            (text("展会"), list(json!(["a", "b"])), json!("展会"), "origin"),
            (list(json!(["a", "b"])), text("展会"), json!("展会"), "origin"),
            (
                list(json!(["a", "b"])),
                text(""),
                json!(["a", "b"]),
                "origin_list",
            ),
            (text("  "), list(json!(["a"])), json!(["a"]), "origin_list"),
            (text("展会"), text("网站"), json!("网站"), "origin"),
            (text("展会"), text(""), json!("展会"), "origin"),
            (text(""), list(json!([""])), json!(""), "origin"),
            (text(""), list(json!({})), json!(""), "origin"),
            (list(json!({"a": null})), text(""), json!(""), "origin"),
            (text("0"), list(json!([])), json!("0"), "origin"),
            (list(json!(0)), text(""), json!(0), "origin_list"),
            (list(json!(false)), text(""), json!(false), "origin_list"),
        ] {
            assert_eq!(
                source(json!([first, second])),
                (expected, used.to_owned()),
                "{first} {second}"
            );
        }
    }

    #[test]
    fn groups_are_flattened() {
        let record = cleaned(json!({"name": "ACME", "company": [
            {"name": "基本信息", "fields": [
                {"id": "origin_list", "name": "客户来源", "field_type": "7", "value": ["a", "b"]},
                {"id": "origin", "name": "客户来源", "field_type": 3, "value": "展会"}]},
            {"name": "联系信息", "fields": [{"id": "tel", "name": "座机", "field_type": "1", "value": {"tel": " 55 ", "tel_area_code": "86"}}]}
        ]}));
        assert_eq!(record["基本信息客户来源"], "展会");
        assert_eq!(record["联系信息座机"]["tel"], "55");
        assert!(record.get("company").is_none());
    }

    #[test]
    fn odd_shapes_of_company_are_left_alone() {
        for company in [
            json!("text"),
            json!([1, {"name": 5}]),
            json!([{"name": "g", "fields": [{"name": "f"}, 7]}]),
            json!(null),
        ] {
            let record = cleaned(json!({"name": "x", "company": company}));
            assert_eq!(record["name"], "x");
        }
        let array = clean(json!([]));
        assert!(matches!(array, Err(CleanError::NotAnObject("an array"))));
    }

    #[test]
    fn texts_are_trimmed_and_control_characters_dropped() {
        let record =
            cleaned(json!({"name": "\u{0}\u{7} A\r\nB\tC \u{1b}", "tag": [{"tag_name": " x "}], "n": 1}));
        assert_eq!(record["name"], "A\nB\tC");
        assert_eq!(record["tag"][0]["tag_name"], "x");
        assert_eq!(record["n"], 1);
    }

    #[test]
    fn dates_take_one_form_and_1970_is_nothing() {
        let record = cleaned(json!({
            "create_time": "2025-07-30 09:43:47", "update_time": "2025/7/3 9:05", "order_time": 1_762_358_927,
            "next_follow_up_time": "1970-01-01 00:00:00", "next_move_to_public_date": "1970-01-01",
            "private_time": "2025-07-30T01:43:47Z", "archive_time": 0, "edit_time": "soon", "name": "1970-01-01",
            "company": [{"name": "其他", "fields": [
                {"name": "成立", "field_type": "4", "value": "2020/1/2"},
                {"name": "签约", "field_type": 10, "value": "1970-01-01 08:00:00"},
                {"name": "备注", "field_type": "2", "value": "2020/1/2"}]}]
        }));
        for (key, expected) in [
            ("create_time", "2025-07-30 09:43:47"),
            ("update_time", "2025-07-03 09:05:00"),
            ("order_time", "2025-11-06 00:08:47"),
            ("next_follow_up_time", ""),
            ("next_move_to_public_date", ""),
            ("private_time", "2025-07-30 09:43:47"),
            ("archive_time", ""),
            ("edit_time", "soon"),
            ("name", "1970-01-01"),
            ("其他成立", "2020-01-02"),
            ("其他签约", ""),
            ("其他备注", "2020/1/2"),
        ] {
            assert_eq!(record[key], expected, "{key}");
        }
    }
}
