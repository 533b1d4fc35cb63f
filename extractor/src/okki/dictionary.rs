//! Reads the field dictionary in whatever shape it comes: a bare list as documented, a list under some member, groups with
//! lists of fields; ids and types as number or text (docs/okki-api.md §6).

use super::error::Error;
use pipeline::setup::Field;
use serde_json::{Map, Value, value::RawValue};
use std::collections::HashSet;

/// Far above any account's.
const MOST: usize = 2_000;
const LABELS: [&str; 4] = ["name", "label", "field_name", "title"];
const IDS: [&str; 3] = ["id", "field_id", "field"];
const KINDS: [&str; 3] = ["field_type", "fieldType", "type"];
const GROUPS: [&str; 3] = ["group_name", "groupName", "group"];

/// The fields of an answer, each once; an answer without any is an error where it holds something else.
pub(super) fn read_fields(data: &RawValue, contact: bool) -> Result<Vec<Field>, Error> {
    let json: Value = serde_json::from_str(data.get()).map_err(|error| Error::Shape(error.to_string()))?;
    let mut fields = Vec::new();
    walk(&json, "", contact, &mut fields);
    let is_empty = match &json {
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map
            .values()
            .all(|value| value.as_array().is_some_and(Vec::is_empty)),
        _ => false,
    };
    if fields.is_empty() && !is_empty {
        return Err(Error::Shape(words::tr!(
            "dictionary of fields: no entry is a field"
        )));
    }
    let mut seen = HashSet::new();
    fields.retain(|field| seen.insert(field.id.clone()));
    Ok(fields)
}

fn walk(value: &Value, group: &str, contact: bool, fields: &mut Vec<Field>) {
    if fields.len() >= MOST {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, group, contact, fields)),
        Value::Object(map) => match field(map, group, contact) {
            Some(field) => fields.extend((!field.id.is_empty()).then_some(field)),
            None => {
                let name = first(map, &LABELS).or_else(|| first(map, &GROUPS));
                let group = name.as_deref().unwrap_or(group);
                let below = map.values().filter(|value| value.is_array() || value.is_object());
                below.for_each(|value| walk(value, group, contact, fields));
            }
        },
        _ => {}
    }
}

/// What has a caption and a type is a field.
fn field(map: &Map<String, Value>, group: &str, contact: bool) -> Option<Field> {
    let label = first(map, &LABELS)?;
    let kind = first(map, &KINDS)?.parse().ok()?;
    Some(Field {
        id: first(map, &IDS).unwrap_or_default(),
        label,
        group: first(map, &GROUPS).unwrap_or_else(|| group.to_owned()),
        kind,
        contact,
        disabled: matches!(text(map, "disable_flag").as_deref(), Some("1" | "true")),
    })
}

fn first(map: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(map, name))
}

/// A plain value; empty text is none.
fn text(map: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match map.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => {
            super::decode::whole(number).map_or_else(|| number.to_string(), |whole| whole.to_string())
        }
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<String>, String> {
        let data: Box<RawValue> = serde_json::from_str(json).unwrap();
        let fields = read_fields(&data, false).map_err(|error| error.to_string())?;
        let told = |field: Field| {
            let off = if field.disabled { " off" } else { "" };
            format!("{}|{}|{}|{}{off}", field.id, field.label, field.group, field.kind)
        };
        Ok(fields.into_iter().map(told).collect())
    }

    #[test]
    fn fields_come_in_any_dress() {
        for (json, expected) in [
            // As documented.
            (
                r#"[{"id":"name","name":"公司名称","base":1,"field_type":1,"ext_info":null,"disable_flag":0},
                    {"id":5200812401,"name":"测试日期","base":0,"field_type":4,"ext_info":["a"],"disable_flag":1}]"#,
                &["name|公司名称||1", "5200812401|测试日期||4 off"][..],
            ),
            (
                r#"{"list":[{"id":"tel","name":" 座机 ","field_type":"1","group_name":"联系信息"}],"totalItem":1}"#,
                &["tel|座机|联系信息|1"],
            ),
            (
                r#"[{"group_id":1,"name":"基本信息","fields":[{"id":"name","name":"公司名称","field_type":"1"}]}]"#,
                &["name|公司名称|基本信息|1"],
            ),
            (
                r#"{"基本信息":{"group":"基本信息","data":[{"field":"name","label":"公司名称","type":1.0}]}}"#,
                &["name|公司名称|基本信息|1"],
            ),
            // Twice, without a caption, without an id, without a type.
            (
                r#"[{"id":"a","name":"甲","field_type":1},{"id":"a","name":"乙","field_type":1},{"id":"b","name":" ","field_type":1},
                    {"id":"","name":"丙","field_type":7},{"id":"d","name":"丁"},7,null]"#,
                &["a|甲||1"],
            ),
            ("[]", &[]),
            (r#"{"list":[]}"#, &[]),
        ] {
            assert_eq!(read(json).unwrap(), expected, "{json}");
        }
        for odd in [r#"[1,2]"#, r#"{"name":"x"}"#, r#"{"list":[{"name":"x"}]}"#] {
            assert!(read(odd).unwrap_err().contains("no entry is a field"), "{odd}");
        }
    }
}
