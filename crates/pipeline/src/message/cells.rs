//! What a message holds of its customer, text by text, for those who must not repeat any of it.

use proto::v1::{FieldValue, field_value::Value};
use serde_json::Value as Json;

/// Every text of a row, inner rows included.
pub(super) fn of_fields(fields: &[FieldValue], see: &mut dyn FnMut(&str)) {
    for value in fields.iter().filter_map(|field| field.value.as_ref()) {
        match value {
            Value::Text(text)
            | Value::Number(text)
            | Value::Phone(text)
            | Value::Member(text)
            | Value::Lookup(text) => see(text),
            Value::Texts(list) | Value::Members(list) => list.items.iter().for_each(|text| see(text)),
            Value::Address(address) => {
                for part in [
                    &address.province,
                    &address.city,
                    &address.district,
                    &address.detail,
                ] {
                    see(part);
                }
            }
            Value::Subform(subform) => subform.rows.iter().for_each(|row| of_fields(&row.fields, see)),
            Value::Json(bytes) => of_json(bytes, see),
            Value::Datetime(_) | Value::Department(_) | Value::Departments(_) => {}
        }
    }
}

/// Every text and number of a JSON document; nothing of what is none.
pub(super) fn of_json(bytes: &[u8], see: &mut dyn FnMut(&str)) {
    if let Ok(json) = serde_json::from_slice(bytes) {
        walk(&json, see);
    }
}

fn walk(json: &Json, see: &mut dyn FnMut(&str)) {
    match json {
        Json::String(text) => see(text),
        Json::Number(number) => see(&number.to_string()),
        Json::Array(items) => items.iter().for_each(|item| walk(item, see)),
        Json::Object(members) => {
            // A name beside a value, or above fields, is a caption.
            let is_caption = |key: &str| {
                key == "name" && (members.contains_key("value") || members.contains_key("fields"))
            };
            for (_, member) in members.iter().filter(|(key, _)| !is_caption(key)) {
                walk(member, see);
            }
        }
        Json::Null | Json::Bool(_) => {}
    }
}
