//! What a document can name of OKKI's fields: those of the dictionary, those that customers show beside them, and those that
//! every answer has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Field;
use super::known::{STANDARD, standard};
use crate::clean::clean;
use crate::{Path, Presence, Record};

/// `field_type` of what is another record, such as a member of the staff.
pub(super) const RELATION: i64 = 9;

/// A field, and where records have it.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub field: Field,
    /// The path, without braces; none leads to an own field of a contact.
    pub key: Option<String>,
}

/// All fields, and the customers that show what is in them.
#[derive(Debug, Default)]
pub(super) struct Offers {
    pub list: Vec<Offer>,
    pub records: Vec<Record>,
}

impl Offer {
    /// The key between braces.
    pub(super) fn reference(&self) -> Option<String> {
        self.key.as_ref().map(|key| format!("{{{{{key}}}}}"))
    }
}

impl Offers {
    pub(super) fn of(fields: &[Field], customers: &[Value]) -> Offers {
        let records = records(customers);
        let groups = groups(customers);
        let mut list: Vec<Offer> = Vec::new();
        let mut known = BTreeSet::new();
        let dictionary = fields.iter().filter(|field| !field.id.is_empty()).cloned();
        for mut field in dictionary.chain(shown(customers)) {
            if !known.insert((field.id.clone(), field.contact)) {
                continue;
            }
            field.group = group_of(&field, &groups);
            let key = key(&field, &records);
            list.push(Offer { field, key });
        }
        let others = STANDARD.iter().filter(|one| {
            // The dictionary calls the tags otherwise than the answers do.
            let is_known = known.contains(&(one.id.to_owned(), one.contact));
            let is_there = |key: &&&str| records.is_empty() || is_in(&records, key) != Presence::Absent;
            !is_known && one.keys.iter().any(|key| is_there(&key))
        });
        list.extend(others.map(|one| {
            let field = Field {
                id: one.id.to_owned(),
                label: one.label.to_owned(),
                group: one.group.to_owned(),
                kind: one.kind,
                contact: one.contact,
                disabled: false,
            };
            let key = key(&field, &records);
            Offer { field, key }
        }));
        Offers { list, records }
    }

    /// What customers have there, without emptiness.
    pub(super) fn samples(&self, key: &str) -> Vec<&Value> {
        let path = Path::new(key);
        let found = self.records.iter().flat_map(|record| path.collect(record, None));
        found
            .filter(|value| match value {
                Value::Null => false,
                Value::String(text) => !text.is_empty(),
                Value::Array(items) => !items.is_empty(),
                Value::Object(map) => !map.is_empty(),
                _ => true,
            })
            .collect()
    }
}

/// How a document names each field.
pub(super) fn references(fields: &[Field], customers: &[Value]) -> Vec<Option<String>> {
    let (records, groups) = (records(customers), groups(customers));
    let reference = |field: &Field| {
        let mut field = field.clone();
        field.group = group_of(&field, &groups);
        let key = key(&field, &records);
        Offer { field, key }.reference()
    };
    fields.iter().map(reference).collect()
}

/// Customers that cannot be read show nothing.
fn records(customers: &[Value]) -> Vec<Record> {
    let cleaned = customers.iter().cloned().map(clean);
    cleaned.filter_map(Result::ok).collect()
}

/// The fields that customers show, with their groups.
fn shown(customers: &[Value]) -> Vec<Field> {
    let text = |value: &Value, key: &str| {
        let value = value
            .get(key)
            .filter(|value| !value.is_object() && !value.is_array());
        value.map_or_else(String::new, |value| {
            crate::record::text_of(value).trim().to_owned()
        })
    };
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned();
    let mut found = Vec::new();
    for group in customers.iter().filter_map(|one| list(one, "company")).flatten() {
        let name = text(&group, "name");
        for field in list(&group, "fields").into_iter().flatten() {
            let shown = Field {
                id: text(&field, "id"),
                label: text(&field, "name"),
                group: name.clone(),
                kind: text(&field, "field_type").parse().unwrap_or_default(),
                ..Field::default()
            };
            if !shown.id.is_empty() && !shown.label.is_empty() {
                found.push(shown);
            }
        }
    }
    found
}

/// The group of each field that customers show, by the field's id.
pub(super) fn groups(customers: &[Value]) -> BTreeMap<String, String> {
    let shown = shown(customers).into_iter().rev();
    shown.map(|field| (field.id, field.group)).collect()
}

/// The group that the dictionary tells, that customers show, or that the vendor's own fields are in.
fn group_of(field: &Field, groups: &BTreeMap<String, String>) -> String {
    if field.contact || !field.group.is_empty() {
        return field.group.clone();
    }
    let known = || standard(&field.id, false).map(|one| one.group.to_owned());
    groups.get(&field.id).cloned().or_else(known).unwrap_or_default()
}

fn is_in(records: &[Record], key: &str) -> Presence {
    let path = Path::new(key);
    let mut found = Presence::Absent;
    for record in records {
        match path.presence(record) {
            Presence::There => return Presence::There,
            Presence::Unknown => found = Presence::Unknown,
            Presence::Absent => {}
        }
    }
    found
}

/// Where records have a field.
fn key(field: &Field, records: &[Record]) -> Option<String> {
    let known = standard(&field.id, field.contact);
    let keys = known.map_or(&[][..], |one| one.keys);
    let rank = |key: &&str| match is_in(records, key) {
        Presence::There => Some(0),
        // Nobody documents how a relation is shown.
        _ if field.kind == RELATION => None,
        Presence::Unknown => Some(1),
        Presence::Absent => records.is_empty().then_some(2),
    };
    let best = keys
        .iter()
        .filter_map(|key| Some((rank(key)?, key)))
        .min_by_key(|one| one.0);
    if let Some((_, key)) = best {
        return Some((*key).to_owned());
    }
    if field.kind == RELATION && !keys.is_empty() {
        return None;
    }
    let plain = !field.id.is_empty() && !field.id.bytes().all(|byte| byte.is_ascii_digit());
    if field.contact {
        let key = format!("customers.{}", field.id);
        return (plain && is_in(records, &key) == Presence::There).then_some(key);
    }
    // The caption is part of the key as it is written.
    let glued = format!("{}{}", field.group, field.label.trim());
    let is_top = || plain && is_in(records, &field.id) == Presence::There;
    match field.group.as_str() {
        "" => is_top().then(|| field.id.clone()),
        _ if is_in(records, &glued) == Presence::Absent && is_top() => Some(field.id.clone()),
        _ => Some(glued),
    }
}
