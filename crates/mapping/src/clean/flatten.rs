//! `company[].fields[]` becomes keys of the record: group name and field name glued together.
//!
//! Two fields of one group may have the same name (the example has two called 客户来源, a list and later a text); the
//! later one wins, also when it is empty, as in a plain loop of assignments.

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
                root.insert(key.clone(), value);
            }
        }
    }
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
