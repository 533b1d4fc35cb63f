//! Mapped cells for people, and what a mapping leaves behind of a record.

use std::collections::BTreeMap;

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

/// What the record holds beyond the elements that the mapping reads.
pub fn losses(mapping: &Mapping, record: &Record) -> Vec<String> {
    let mut read: BTreeMap<String, Reach> = BTreeMap::new();
    for info in mapping.fields() {
        reach(info, &mut read);
    }
    let mut warnings = Vec::new();
    for (array, reach) in read {
        let Some(Json::Array(items)) = Path::new(&array).find(record, None).value() else {
            continue;
        };
        match reach {
            Reach::Main if items.len() > 1 => warnings.push(words::tr!(
                "{array} has {} entries, only the main contact (or the first) is sent",
                items.len()
            )),
            Reach::First(count) if items.len() > count => {
                let rest = items.len() - count;
                let verb = if rest == 1 { "is" } else { "are" };
                warnings.push(words::tr!(
                    "{array} has {} entries, the mapping reads {count}; {rest} {verb} not sent",
                    items.len()
                ));
            }
            _ => {}
        }
    }
    warnings
}

/// How much of an array is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Main,
    First(usize),
    All,
}

fn reach(info: &FieldInfo, read: &mut BTreeMap<String, Reach>) {
    let Ok(expression) = mapping::Expression::compile(&info.expression) else {
        return;
    };
    let aggregated = expression.aggregates();
    for path in expression.paths() {
        for (i, segment) in path.segments().iter().enumerate() {
            let head = path.as_str().split('.').take(i).collect::<Vec<_>>().join(".");
            if head.is_empty() {
                continue;
            }
            let found = match segment {
                Segment::Every => Reach::All,
                _ if aggregated => Reach::All,
                Segment::Index(index, _) => Reach::First(index + 1),
                Segment::Key(_) => Reach::Main,
            };
            let entry = read.entry(head).or_insert(found);
            *entry = match (*entry, found) {
                (Reach::All, _) | (_, Reach::All) => Reach::All,
                (Reach::First(a), Reach::First(b)) => Reach::First(a.max(b)),
                (Reach::First(a), Reach::Main) | (Reach::Main, Reach::First(a)) => Reach::First(a.max(1)),
                (Reach::Main, Reach::Main) => Reach::Main,
            };
        }
        if info.widget == super::Widget::Subform || !info.children.is_empty() {
            read.insert(path.as_str().to_owned(), Reach::All);
        }
    }
}
