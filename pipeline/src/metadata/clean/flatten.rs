//! `company[].fields[]` becomes keys of the record: group name and field name glued together.
//!
//! Two fields of one group may have the same name (the example has two called 客户来源, a list and later a text); the
//! later one wins, also when it is empty, as in a plain loop of assignments.

use super::super::Zone;
use serde_json::{Map, Value};

use super::scrub;

/// Moves the fields' values out of `company` into the record.
pub(super) fn flatten(root: &mut Map<String, Value>, zone: &Zone) {
    let Some(Value::Array(groups)) = root.get_mut("company").map(Value::take) else {
        return;
    };
    root.remove("company");
    for group in groups {
        let Value::Object(mut group) = group else { continue };
        let Some(Value::Array(fields)) = group.get_mut("fields").map(Value::take) else {
            continue;
        };
        let Some(Value::String(prefix)) = group.get("name") else {
            continue;
        };
        for field in fields {
            let Value::Object(mut field) = field else { continue };
            let Some(mut value) = field.get_mut("value").map(Value::take) else {
                continue;
            };
            let Some(Value::String(name)) = field.get("name") else {
                continue;
            };
            if is_date(&field) {
                scrub::scrub(&mut value, true, zone);
            }
            let mut key = String::with_capacity(prefix.len() + name.len());
            key.push_str(prefix);
            key.push_str(name);
            root.insert(key, value);
        }
    }
}

/// `field_type` 4 is a date, 10 a date with time; the vendor sends it as text or as number.
fn is_date(field: &Map<String, Value>) -> bool {
    match field.get("field_type") {
        Some(Value::String(kind)) => kind == "4" || kind == "10",
        Some(Value::Number(kind)) => matches!(kind.as_i64(), Some(4 | 10)),
        _ => false,
    }
}
