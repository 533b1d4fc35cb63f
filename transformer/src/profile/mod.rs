//! What records look like: which keys they have, how many of them, of which types. It grows with the number of keys, never
//! with the number of records, and holds no value of a customer: examples show the form of a text, not its letters.

mod counts;
mod drift;
mod example;
mod kept;
mod watch;

use std::collections::BTreeMap;

use mapping::Record;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use drift::Drift;
pub(crate) use drift::looks;
pub(crate) use kept::last;
pub(crate) use watch::Watch;

/// Keys of a profile; an account with more has the first ones profiled.
const MAX_KEYS: usize = 1_500;
/// Longest name of a key.
const MAX_NAME: usize = 200;
/// Levels of a record that are profiled.
const MAX_DEPTH: usize = 6;
/// Different codes, and different lengths of a list, that are counted.
const MAX_COUNTS: usize = 40;
/// After so many records the older ones begin to count less.
const LATELY: u64 = 20_000;

/// What records look like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    records: u64,
    keys: BTreeMap<String, Key>,
}

/// One key, by its path through objects and lists.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Key {
    /// Records that have it.
    pub seen: u64,
    /// Records in which it holds something.
    pub filled: u64,
    /// Type → records.
    pub types: BTreeMap<String, u64>,
    /// The form of a value.
    pub example: String,
    /// Small whole number → records.
    pub codes: BTreeMap<i64, u64>,
    /// Length of a list → records; the last one stands for all longer ones.
    pub lengths: BTreeMap<usize, u64>,
    /// Records since it was seen last that should have had it.
    pub missed: u64,
    /// That it vanished has been told.
    pub gone: bool,
}

impl Profile {
    /// How many records were seen.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// All keys in their order.
    pub(crate) fn keys(&self) -> &BTreeMap<String, Key> {
        &self.keys
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, record: &Record) {
        self.records += 1;
        let mut found: BTreeMap<String, Key> = BTreeMap::new();
        for (key, value) in record.as_map() {
            note(key, value, MAX_DEPTH, &mut found);
        }
        for (name, key) in &mut self.keys {
            let holder = name.rsplit_once('.').map(|(holder, _)| found.get(holder));
            let should_be = holder.is_none_or(|holder| holder.is_some_and(|holder| holder.filled > 0));
            match found.contains_key(name) {
                true => key.missed = 0,
                false => key.missed += u64::from(should_be),
            }
        }
        for (name, mut key) in found {
            // A record counts once, with the longest of its lists.
            let longest = key.lengths.pop_last();
            key.lengths = longest.into_iter().collect();
            self.merge_key(name, key);
        }
    }

    /// Adds what another profile has seen after this one.
    pub(crate) fn merge(&mut self, other: Profile) {
        for (name, key) in &mut self.keys {
            match other.keys.get(name) {
                Some(later) => key.missed = later.missed,
                None => key.missed += other.holders(name),
            }
        }
        self.records += other.records;
        for (name, key) in other.keys {
            self.merge_key(name, key);
        }
        if self.records > LATELY {
            self.halve();
        }
    }

    fn merge_key(&mut self, name: String, key: Key) {
        if self.keys.len() >= MAX_KEYS && !self.keys.contains_key(&name) {
            return;
        }
        let mine = self.keys.entry(name).or_insert_with(|| Key {
            missed: key.missed,
            ..Key::default()
        });
        mine.seen += key.seen;
        mine.filled += key.filled;
        for (kind, count) in key.types {
            *mine.types.entry(kind).or_default() += count;
        }
        if !key.example.is_empty() {
            mine.example = key.example;
        }
        add_counts(&mut mine.codes, key.codes);
        add_counts(&mut mine.lengths, key.lengths);
    }

    fn halve(&mut self) {
        self.records /= 2;
        for key in self.keys.values_mut() {
            key.seen = key.seen.div_ceil(2);
            key.filled /= 2;
            key.missed /= 2;
            key.types
                .values_mut()
                .for_each(|count| *count = count.div_ceil(2));
            key.codes.values_mut().for_each(|count| *count /= 2);
            key.lengths.values_mut().for_each(|count| *count /= 2);
        }
    }

    /// The key that a path of a mapping names, whichever way it is spelt (numbers, `growth_level` for `growth.level`).
    fn key(&self, path: &str) -> Option<&Key> {
        let plain = plain(path);
        self.keys.get(&plain).or_else(|| {
            let same = |glued: &str| {
                let mut same = self.keys.iter().filter(|(name, _)| self::glued(name) == glued);
                same.next().map(|(_, key)| key)
            };
            let glued = glued(&plain);
            // `tel_list_0` is an entry of a list.
            let list = glued.trim_end_matches(|c: char| c.is_ascii_digit());
            same(&glued).or_else(|| same(list.strip_suffix('_').filter(|list| !list.is_empty())?))
        })
    }

    /// A record with every key that was seen.
    pub(crate) fn sample(&self) -> Record {
        let mut root = Map::new();
        // Keys come before those below them.
        for (name, key) in &self.keys {
            let leaf = match () {
                () if key.types.contains_key("list") => Value::Array(Vec::new()),
                () if key.types.contains_key("object") => Value::Object(Map::new()),
                () if key.filled == 0 => Value::Null,
                () => Value::from("x"),
            };
            let parts: Vec<&str> = name.split('.').collect();
            place(&mut root, &parts, leaf);
        }
        Record::new(root)
    }
}

fn place(map: &mut Map<String, Value>, parts: &[&str], leaf: Value) {
    let Some((first, rest)) = parts.split_first() else {
        return;
    };
    if rest.is_empty() {
        map.entry(*first).or_insert(leaf);
        return;
    }
    let holder = map.entry(*first).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Array(items) = holder {
        if items.is_empty() {
            items.push(Value::Object(Map::new()));
        }
        if let Some(Value::Object(inner)) = items.first_mut() {
            place(inner, rest, leaf);
        }
        return;
    }
    if !holder.is_object() {
        *holder = Value::Object(Map::new());
    }
    if let Value::Object(inner) = holder {
        place(inner, rest, leaf);
    }
}

/// A path without numbers and stars.
pub(super) fn plain(path: &str) -> String {
    let names = path
        .split('.')
        .filter(|part| *part != "*" && !part.bytes().all(|b| b.is_ascii_digit()));
    names.collect::<Vec<_>>().join(".")
}

pub(super) fn glued(path: &str) -> String {
    path.replace('.', "_")
}

fn add_counts<K: Ord>(mine: &mut BTreeMap<K, u64>, other: BTreeMap<K, u64>) {
    for (value, count) in other {
        if mine.len() < MAX_COUNTS || mine.contains_key(&value) {
            *mine.entry(value).or_default() += count;
        }
    }
}

/// One value of one record; a key counts once for a record, however many entries of a list have it.
fn note(path: &str, value: &Value, depth: usize, found: &mut BTreeMap<String, Key>) {
    if depth == 0 || path.len() > MAX_NAME || found.len() >= MAX_KEYS {
        return;
    }
    let (kind, filled) = match value {
        Value::Null => ("empty", false),
        Value::String(text) if text.is_empty() => ("empty", false),
        Value::String(_) => ("text", true),
        Value::Number(_) => ("number", true),
        Value::Bool(_) => ("boolean", true),
        Value::Array(items) => ("list", !items.is_empty()),
        Value::Object(map) => ("object", !map.is_empty()),
    };
    let key = found.entry(path.to_owned()).or_default();
    key.seen = 1;
    key.filled |= u64::from(filled);
    key.types.insert(kind.to_owned(), 1);
    if key.example.is_empty() {
        key.example = example::of(value);
    }
    if let Some(code) = example::code(value) {
        key.codes.insert(code, 1);
    }
    match value {
        Value::Array(items) => {
            key.lengths.insert(items.len().min(MAX_COUNTS), 1);
            for item in items.iter().filter_map(Value::as_object) {
                members(path, item, depth, found);
            }
        }
        Value::Object(map) => members(path, map, depth, found),
        _ => {}
    }
}

fn members(path: &str, map: &Map<String, Value>, depth: usize, found: &mut BTreeMap<String, Key>) {
    for (key, value) in map {
        note(&format!("{path}.{key}"), value, depth - 1, found);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use mapping::{Path, Presence};
    use serde_json::json;

    use super::*;

    pub(super) fn of(records: &[Value]) -> Profile {
        let mut profile = Profile::default();
        for record in records {
            profile.add(&Record::new(record.as_object().unwrap().clone()));
        }
        profile
    }

    #[test]
    fn a_key_counts_once_per_record_and_its_values_stay_unknown() {
        let profile = of(&[
            json!({"name": "ACME 12", "star": 3, "tag": [{"tag_name": "A"}, {"tag_name": "B"}]}),
            json!({"name": "", "star": "3", "tag": []}),
        ]);
        assert_eq!(profile.records(), 2);
        let key = &profile.keys()["tag.tag_name"];
        assert_eq!((key.seen, key.filled), (1, 1));
        assert_eq!((profile.filled("name"), profile.code_count("star", 3)), (1, 2));
        assert_eq!(
            (profile.longer_than("tag", 1), profile.longer_than("tag", 2)),
            (1, 0)
        );
        let json = serde_json::to_string(&profile).unwrap();
        assert!(!json.contains("ACME"), "{json}");
        assert_eq!(profile.keys()["name"].example, "xxxx 99");
    }

    #[test]
    fn a_record_counts_once_however_many_lists_it_has() {
        let profile = of(&[json!({"customers": [
            {"tel_list": [["86", "1"], ["86", "2"]]}, {"tel_list": [["86", "1"]]}, {"tel_list": []}
        ]})]);
        assert_eq!(profile.longer_than("customers.tel_list", 0), 1);
        assert_eq!(profile.longer_than("customers.tel_list", 1), 1);
        assert_eq!(profile.listed("customers.tel_list"), 1);
        for entry in [
            "customers.tel_list_1",
            "customers.tel_list.0.1",
            "customers.tel_list.0",
        ] {
            assert_eq!(profile.listed(entry), 0, "{entry}");
        }
    }

    #[test]
    fn a_sample_has_what_was_seen_and_nothing_else() {
        let sample =
            of(&[json!({"tag": [{"tag_name": "A"}], "growth": {"level": "x"}, "lead": []})]).sample();
        for (path, expected) in [
            ("tag.0.tag_name", Presence::There),
            ("growth_level", Presence::There),
            ("lead.0.name", Presence::Unknown),
            ("tag.0.name", Presence::Absent),
            ("nmae", Presence::Absent),
        ] {
            assert_eq!(Path::new(path).presence(&sample), expected, "{path}");
        }
    }

    #[test]
    fn older_records_count_less_and_the_size_has_an_end() {
        let mut profile = Profile::default();
        for n in 0..2_000 {
            let record = json!({format!("k{n}"): 1, "name": "x"});
            profile.add(&Record::new(record.as_object().unwrap().clone()));
        }
        assert_eq!(profile.keys().len(), MAX_KEYS);
        for _ in 0..20 {
            let more = Profile {
                records: 2_000,
                ..Profile::default()
            };
            profile.merge(more);
        }
        assert!(profile.records() <= LATELY);
    }
}
