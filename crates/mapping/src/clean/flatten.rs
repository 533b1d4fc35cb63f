//! `company[].fields[]` becomes keys of the record: group name and field name glued together.
//!
//! Two fields of one group may have the same name (the example has two called 客户来源, a list and a text). Which comes
//! first differs between accounts, so a value wins over emptiness, a plain value over a list, and else the later one.

use super::super::Zone;
use serde_json::{Map, Value};

use super::{Wanted, scrub};

/// Moves the fields' wanted values out of `company` into the record, cleaned.
pub(super) fn flatten(root: &mut Map<String, Value>, wanted: &Wanted, zone: &Zone) {
    let Some(Value::Array(groups)) = root.get_mut("company").map(Value::take) else {
        return;
    };
    root.remove("company");
    for group in groups {
        let Value::Object(mut group) = group else { continue };
        let Some(Value::Array(fields)) = group.get_mut("fields").map(Value::take) else {
            continue;
        };
        let Some(prefix) = text(&mut group, "name", zone) else {
            continue;
        };
        let mut key = String::new();
        for field in fields {
            let Value::Object(mut field) = field else { continue };
            let Some(mut value) = field.get_mut("value").map(Value::take) else {
                continue;
            };
            let Some(name) = text(&mut field, "name", zone) else {
                continue;
            };
            key.clear();
            key.push_str(prefix);
            key.push_str(name);
            if wanted.contains(&key) {
                scrub::scrub(&mut value, is_date(&mut field, zone), zone);
                match root.get(&key) {
                    Some(earlier) if rank(earlier) > rank(&value) => {}
                    _ => drop(root.insert(key.clone(), value)),
                }
            }
        }
    }
}

/// How much of a value there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Nothing in an object or a list that would show as one.
    Hollow,
    Empty,
    Several,
    Plain,
}

fn rank(value: &Value) -> Rank {
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(|item| rank(item) <= Rank::Empty),
        Value::Object(map) => map.values().all(|value| rank(value) <= Rank::Empty),
        _ => false,
    };
    let shows = match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) => true,
        _ => false,
    };
    match value {
        _ if empty && shows => Rank::Hollow,
        _ if empty => Rank::Empty,
        Value::Array(_) | Value::Object(_) => Rank::Several,
        _ => Rank::Plain,
    }
}

/// Two or more fields of a customer that become one key of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// The key.
    pub key: String,
    /// The fields' ids, in the customer's order.
    pub ids: Vec<String>,
    /// The id of the field whose value is used.
    pub used: String,
}

/// The collisions of a detail answer.
pub fn collisions(detail: &Value) -> Vec<Collision> {
    let groups = detail.get("company").and_then(Value::as_array);
    let mut keys: Vec<(String, Vec<(String, Rank)>)> = Vec::new();
    for group in groups.into_iter().flatten() {
        let prefix = group
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .trim();
        let fields = group.get("fields").and_then(Value::as_array);
        for field in fields.into_iter().flatten() {
            let (Some(name), Some(value)) = (field.get("name").and_then(Value::as_str), field.get("value"))
            else {
                continue;
            };
            let key = format!("{prefix}{}", name.trim());
            let id = field
                .get("id")
                .map(|id| super::super::record::text_of(id).into_owned());
            let entry = (id.unwrap_or_else(|| "?".to_owned()), rank(value));
            match keys.iter_mut().find(|(known, _)| *known == key) {
                Some((_, fields)) => fields.push(entry),
                None => keys.push((key, vec![entry])),
            }
        }
    }
    let several = keys.into_iter().filter(|(_, fields)| fields.len() > 1);
    several
        .map(|(key, fields)| {
            // Of equal ones the last.
            let used = fields.iter().max_by_key(|(_, rank)| *rank);
            Collision {
                key,
                used: used.map(|(id, _)| id.clone()).unwrap_or_default(),
                ids: fields.iter().map(|(id, _)| id.clone()).collect(),
            }
        })
        .collect()
}

/// A text of an object, cleaned.
fn text<'o>(object: &'o mut Map<String, Value>, key: &str, zone: &Zone) -> Option<&'o str> {
    let value = object.get_mut(key)?;
    scrub::scrub(value, false, zone);
    value.as_str()
}

/// `field_type` 4 is a date, 10 a date with time; the vendor sends it as text or as number.
fn is_date(field: &mut Map<String, Value>, zone: &Zone) -> bool {
    if let Some(kind) = text(field, "field_type", zone) {
        return kind == "4" || kind == "10";
    }
    let number = field.get("field_type").and_then(Value::as_i64);
    matches!(number, Some(4 | 10))
}
