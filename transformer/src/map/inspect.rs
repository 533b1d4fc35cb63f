//! Mapped cells for people, and what a mapping leaves behind of a record.

use std::collections::{BTreeMap, BTreeSet};

use mapping::{Path, Record, Segment};
use proto::v1::{FieldValue, field_value::Value as Cell};
use serde_json::Value as Json;

use super::cell::to_json;
use super::{FieldInfo, Mapping};

/// The value as a person reads it, and the JSON that is sent.
pub fn show(value: &FieldValue) -> (String, String) {
    let Some(cell) = &value.value else {
        return (String::new(), words::text!("(empty)").to_owned());
    };
    let json = to_json(cell);
    let text = match (&json, cell) {
        (Json::String(text), _) => text.clone(),
        (_, Cell::Phone(phone)) => phone.clone(),
        (Json::Array(items), _) => items
            .iter()
            .map(|i| i.as_str().map_or_else(|| i.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(", "),
        (other, _) => other.to_string(),
    };
    (text.replace('\n', "⏎"), json.to_string())
}

/// What the record holds beyond the elements that the mapping reads. A field that names a list without a number reads one
/// entry of it, whatever other fields read; entries that are named by their numbers may stand in several fields.
pub fn losses(mapping: &Mapping, record: &Record) -> Vec<String> {
    let mut read = Read::default();
    for info in mapping.fields() {
        read.field(info);
    }
    let length = |list: &str| match Path::new(list).find(record, None).value() {
        Some(Json::Array(items)) => items.len(),
        _ => 0,
    };
    let mut warnings = Vec::new();
    for (list, labels) in &read.first {
        let length = length(list);
        if length > 1 {
            let message =
                words::tr!("{list} has {length} entries, only the main contact (or the first) is sent");
            warnings.push(words::of(words::list(labels), message));
        }
    }
    for (list, count) in &read.numbered {
        let length = length(list);
        if length > *count && !read.all.contains(list) {
            let rest = length - count;
            warnings.push(words::tr!(
                "{list} has {length} entries, the mapping reads {count} and does not send {rest}"
            ));
        }
    }
    warnings
}

/// How much of each list is read.
#[derive(Debug, Default)]
struct Read {
    /// Lists with the fields that read one entry of them, the main contact or the first.
    first: BTreeMap<String, Vec<String>>,
    /// Lists with the number of entries that are read by their numbers.
    numbered: BTreeMap<String, usize>,
    /// Lists that a field reads as a whole.
    all: BTreeSet<String>,
}

impl Read {
    fn field(&mut self, info: &FieldInfo) {
        let Ok(expression) = mapping::Expression::compile(&info.expression) else {
            return;
        };
        let aggregated = expression.aggregates();
        for path in expression.paths() {
            let names: Vec<&str> = path.as_str().split('.').collect();
            let ends = names.len().min(path.segments().len());
            for at in 1..ends {
                let list = names.iter().take(at).copied().collect::<Vec<_>>().join(".");
                match path.segments().get(at) {
                    _ if aggregated => drop(self.all.insert(list)),
                    Some(Segment::Every) => drop(self.all.insert(list)),
                    Some(Segment::Index(index, _)) => {
                        let count = self.numbered.entry(list).or_default();
                        *count = (*count).max(index + 1);
                    }
                    _ => {
                        let labels = self.first.entry(list).or_default();
                        if !labels.contains(&info.label) {
                            labels.push(info.label.clone());
                        }
                    }
                }
            }
            // The list itself, or its rows.
            self.all.insert(path.as_str().to_owned());
        }
    }
}
