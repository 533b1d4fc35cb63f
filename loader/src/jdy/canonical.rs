//! One canonical shape for a cell, the same whether we are about to write it or have just read it.
//!
//! The vendor wraps values on write, returns them bare on read and changes the shape of some on the way (a phone
//! comes back with `verified`, a member as an object). [`canonical`] undoes all of that, so that the hash of a row
//! read from the form equals the hash of the record that made it, and an index rebuild needs no rewriting.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

/// The canonical value of a bare cell; `None` for every way of being empty.
pub(crate) fn canonical(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(Value::Bool(*flag)),
        Value::String(text) => (!text.is_empty()).then(|| Value::String(text.clone())),
        Value::Number(number) => number.as_f64().and_then(canonical_number).map(Value::Number),
        Value::Array(items) => {
            let kept: Vec<Value> = items.iter().filter_map(canonical).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Object(object) => canonical_object(object),
    }
}

/// JSON numbers pass through a JavaScript server, so a double is all that survives; whole ones are written as integers.
pub(crate) fn canonical_number(number: f64) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[allow(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}

fn canonical_object(object: &Map<String, Value>) -> Option<Value> {
    // Wrapped as on write: only inner cells of a subform arrive like this.
    if let (1, Some(inner)) = (object.len(), object.get("value")) {
        return canonical(inner);
    }
    // Shapes that the vendor enriches on read; the named member is what was written.
    for carrier in ["username", "dept_no", "phone", "html", "link_id"] {
        if let Some(inner) = object.get(carrier) {
            return canonical(inner);
        }
    }
    let kept: BTreeMap<&String, Value> = object
        .iter()
        .filter(|(name, _)| name.as_str() != "_id")
        .filter_map(|(name, inner)| Some((name, canonical(inner)?)))
        .collect();
    if kept.is_empty() {
        return None;
    }
    Some(Value::Object(
        kept.into_iter()
            .map(|(name, inner)| (name.clone(), inner))
            .collect(),
    ))
}

/// Hash over (widget, canonical JSON text) pairs; their order does not matter.
pub(crate) fn hash_cells<'a>(cells: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut sorted: Vec<(&str, &str)> = cells.into_iter().collect();
    sorted.sort_unstable();
    let mut digest = Sha256::new();
    for (widget, json) in sorted {
        digest.update(widget.as_bytes());
        digest.update([0]);
        digest.update(json.as_bytes());
        digest.update([0]);
    }
    // Digits, which Redis keeps in nine bytes: one is kept of every row, and it is only compared with the row's next one.
    let first: [u8; 8] = std::array::from_fn({
        let digest = digest.finalize();
        move |at| digest[at]
    });
    (u64::from_be_bytes(first) >> 1).to_string()
}

/// The hash of a row as `data/list` shows it, over the given widgets only.
pub(crate) fn hash_row<'a>(row: &Map<String, Value>, widgets: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<(&str, String)> = widgets
        .into_iter()
        .filter_map(|widget| Some((widget, canonical(row.get(widget)?)?.to_string())))
        .collect();
    hash_cells(cells.iter().map(|(widget, json)| (*widget, json.as_str())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_way_of_being_empty_is_the_same() {
        for empty in [
            json!(null),
            json!(""),
            json!([]),
            json!({}),
            json!([""]),
            json!({"province": "", "city": ""}),
            json!({"phone": "", "verified": false}),
            json!([{"_id": "5f"}]),
        ] {
            assert_eq!(canonical(&empty), None, "{empty}");
        }
        assert_eq!(canonical(&json!(0)), Some(json!(0)));
        assert_eq!(canonical(&json!(false)), Some(json!(false)));
    }

    #[test]
    fn what_the_vendor_adds_on_read_is_taken_off() {
        let pairs = [
            (
                json!("xiaojian"),
                json!({"_id": "1", "username": "xiaojian", "name": "小简", "status": 1}),
            ),
            (json!([12]), json!([{"_id": "1", "dept_no": 12, "name": "销售"}])),
            (
                json!({"phone": "13500000000"}),
                json!({"phone": "13500000000", "verified": false}),
            ),
            (
                json!([{"_w": {"value": 1.0}}]),
                json!([{"_id": "9", "_w": 1, "_x": null}]),
            ),
            (
                json!({"city": "无锡", "province": "江苏"}),
                json!({"province": "江苏", "city": "无锡", "detail": ""}),
            ),
            (json!("<p>x</p>"), json!({"html": "<p>x</p>", "attachments": []})),
        ];
        for (written, read) in pairs {
            assert_eq!(canonical(&written), canonical(&read), "{written} against {read}");
        }
    }

    #[test]
    fn the_hash_ignores_order_and_unmapped_widgets_but_not_kinds() {
        let row = json!({"_id": "1", "_w1": "12", "_w2": 12.0, "_other": "x"});
        let swapped = json!({"_w2": 12, "_other": "y", "_w1": "12", "_w3": ""});
        let (Some(row), Some(swapped)) = (row.as_object(), swapped.as_object()) else {
            panic!("objects")
        };
        let widgets = ["_w1", "_w2", "_w3"];
        assert_eq!(hash_row(row, widgets), hash_row(swapped, widgets));
        assert_ne!(hash_cells([("_w1", "12")]), hash_cells([("_w1", "\"12\"")]));
        assert_ne!(
            hash_cells([("_w1", "1"), ("_w2", "2")]),
            hash_cells([("_w1", "2"), ("_w2", "1")])
        );
    }
}
