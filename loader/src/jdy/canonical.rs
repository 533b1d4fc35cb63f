//! One canonical shape for a cell, the same whether we are about to write it or have just read it.
//!
//! The vendor wraps values on write, returns them bare on read and changes the shape of some on the way (a phone
//! comes back with `verified`, a member as an object). [`canonical`] undoes all of that by the widget's type, so that the
//! hash of a row read from the form equals the hash of the record that made it, and an index rebuild needs no rewriting.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

use super::kinds::{Kind, Kinds};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// As it is sent, inside of its `value`.
    Written,
    /// As the form shows it.
    Read,
}

/// The canonical value of a bare cell of this kind; `None` for every way of being empty.
pub(crate) fn canonical(kind: &Kind, side: Side, value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(Value::Bool(*flag)),
        Value::String(text) => (!text.is_empty()).then(|| Value::String(text.clone())),
        Value::Number(number) => number.as_f64().and_then(canonical_number).map(Value::Number),
        Value::Array(items) => {
            let one = |item: &Value| match (kind, item) {
                (Kind::Subform(kinds), Value::Object(row)) => canonical_row(kinds, side, row),
                _ => canonical(kind, side, item),
            };
            let kept: Vec<Value> = items.iter().filter_map(one).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Object(object) => match kind {
            Kind::Enriched(carrier) if object.contains_key(*carrier) => {
                canonical(&Kind::Plain, side, object.get(*carrier)?)
            }
            _ => non_empty(object.iter().map(|(name, inner)| {
                let inner = canonical(&Kind::Plain, side, inner);
                (name, inner)
            })),
        },
    }
}

/// A row of a subform: its cells are wrapped on write, and it has an id of its own.
fn canonical_row(kinds: &Kinds, side: Side, row: &Map<String, Value>) -> Option<Value> {
    let cells = row.iter().filter(|(name, _)| name.as_str() != "_id");
    non_empty(cells.map(|(name, cell)| {
        let bare = match (side, cell) {
            (Side::Written, Value::Object(wrapped)) => wrapped.get("value").unwrap_or(cell),
            _ => cell,
        };
        (name, canonical(kinds.of(name), side, bare))
    }))
}

fn non_empty<'a>(members: impl Iterator<Item = (&'a String, Option<Value>)>) -> Option<Value> {
    let kept: BTreeMap<String, Value> = members
        .filter_map(|(name, value)| Some((name.clone(), value?)))
        .collect();
    (!kept.is_empty()).then(|| Value::Object(kept.into_iter().collect()))
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
pub(crate) fn hash_row<'a>(
    row: &Map<String, Value>,
    widgets: impl IntoIterator<Item = &'a str>,
    kinds: &Kinds,
) -> String {
    let cells: Vec<(&str, String)> = widgets
        .into_iter()
        .filter_map(|widget| {
            let cell = canonical(kinds.of(widget), Side::Read, row.get(widget)?)?;
            Some((widget, cell.to_string()))
        })
        .collect();
    hash_cells(cells.iter().map(|(widget, json)| (*widget, json.as_str())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::types::Widget;
    use super::*;

    /// A widget of each type, named by it, and a subform of them, whose members may also have any other alias.
    fn kinds() -> Kinds {
        let widget = |name: &str, kind: &str, items: Vec<Widget>| Widget {
            name: name.to_owned(),
            label: String::new(),
            kind: kind.to_owned(),
            items,
            other: serde_json::Map::new(),
        };
        let types = [
            "user",
            "usergroup",
            "dept",
            "deptgroup",
            "phone",
            "richtext",
            "linkobject",
            "address",
            "text",
            "number",
        ];
        let aliases = ["username", "dept_no", "phone", "html", "link_id", "value"];
        let items = types
            .iter()
            .map(|kind| widget(&format!("_{kind}"), kind, Vec::new()));
        let aliased = aliases.iter().map(|alias| widget(alias, "text", Vec::new()));
        let subform = widget("subform", "subform", items.chain(aliased).collect());
        let plain = types.iter().map(|kind| widget(kind, kind, Vec::new()));
        Kinds::new(&plain.chain([subform]).collect::<Vec<_>>())
    }

    #[test]
    fn every_way_of_being_empty_is_the_same() {
        let kinds = kinds();
        for (widget, empty) in [
            ("text", json!(null)),
            ("text", json!("")),
            ("other", json!([])),
            ("other", json!({})),
            ("other", json!([""])),
            ("address", json!({"province": "", "city": ""})),
            ("phone", json!({"phone": "", "verified": false})),
            ("subform", json!([{"_id": "5f"}])),
        ] {
            assert_eq!(canonical(kinds.of(widget), Side::Read, &empty), None, "{empty}");
        }
        for kept in [json!(0), json!(false)] {
            assert_eq!(canonical(&Kind::Plain, Side::Read, &kept), Some(kept));
        }
    }

    #[test]
    fn what_the_vendor_adds_on_read_is_taken_off() {
        let kinds = kinds();
        let pairs = [
            (
                "user",
                json!("xiaojian"),
                json!({"_id": "1", "username": "xiaojian", "name": "小简", "status": 1}),
            ),
            (
                "deptgroup",
                json!([12]),
                json!([{"_id": "1", "dept_no": 12, "name": "销售"}]),
            ),
            (
                "phone",
                json!({"phone": "13500000000"}),
                json!({"phone": "13500000000", "verified": false}),
            ),
            (
                "subform",
                json!([{"_number": {"value": 1.0}, "_phone": {"value": {"phone": "135"}}}]),
                json!([{"_id": "9", "_number": 1, "_text": null, "_phone": {"phone": "135", "verified": true}}]),
            ),
            (
                "address",
                json!({"city": "无锡", "province": "江苏"}),
                json!({"province": "江苏", "city": "无锡", "detail": ""}),
            ),
            (
                "richtext",
                json!("<p>x</p>"),
                json!({"html": "<p>x</p>", "attachments": []}),
            ),
        ];
        for (widget, written, read) in pairs {
            let kind = kinds.of(widget);
            let sides = (
                canonical(kind, Side::Written, &written),
                canonical(kind, Side::Read, &read),
            );
            assert_eq!(sides.0, sides.1, "{written} against {read}");
            assert!(sides.0.is_some());
        }
    }

    /// The hash was taken over that member only, so no other change of the subform was ever written.
    #[test]
    fn the_name_of_an_inner_widget_hides_no_other_member() {
        let kinds = kinds();
        let kind = kinds.of("subform");
        for alias in ["username", "dept_no", "phone", "html", "link_id", "value"] {
            let written = |text: &str| json!([{alias: {"value": "same"}, "_text": {"value": text}}]);
            let read = |text: &str| json!([{"_id": "1", alias: "same", "_text": text}]);
            let one = canonical(kind, Side::Written, &written("one"));
            assert_eq!(one, canonical(kind, Side::Read, &read("one")), "{alias}");
            assert_ne!(one, canonical(kind, Side::Read, &read("two")), "{alias}");
            // Alone in its row it looks like a wrapping, or like an enriched value.
            let alone = canonical(kind, Side::Written, &json!([{alias: {"value": "x"}}]));
            assert_eq!(alone, Some(json!([{alias: "x"}])), "{alias}");
            assert_eq!(
                alone,
                canonical(kind, Side::Read, &json!([{"_id": "1", alias: "x"}]))
            );
        }
        let plain = json!({"phone": "1", "note": "x"});
        assert_eq!(
            canonical(&Kind::Plain, Side::Read, &plain),
            Some(plain),
            "a type that is not known"
        );
    }

    #[test]
    fn the_hash_ignores_order_and_unmapped_widgets_but_not_kinds() {
        let row = json!({"_id": "1", "_w1": "12", "_w2": 12.0, "_other": "x"});
        let swapped = json!({"_w2": 12, "_other": "y", "_w1": "12", "_w3": ""});
        let (Some(row), Some(swapped)) = (row.as_object(), swapped.as_object()) else {
            panic!("objects")
        };
        let widgets = ["_w1", "_w2", "_w3"];
        let kinds = kinds();
        assert_eq!(hash_row(row, widgets, &kinds), hash_row(swapped, widgets, &kinds));
        assert_ne!(hash_cells([("_w1", "12")]), hash_cells([("_w1", "\"12\"")]));
        assert_ne!(
            hash_cells([("_w1", "1"), ("_w2", "2")]),
            hash_cells([("_w1", "2"), ("_w2", "1")])
        );
    }
}
