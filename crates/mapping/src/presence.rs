//! Whether a record has a key at all, as opposed to holding nothing in it; and which of its keys somebody may have meant.

use std::collections::BTreeSet;

use serde_json::Value;

use super::glue;
use super::path::{Path, Segment, elements};
use super::record::Record;

/// Keys of one record that are listed; far above any real one.
const MAX_KEYS: usize = 5_000;
/// Levels of a record that are listed.
const MAX_DEPTH: usize = 8;
/// Names that a message suggests.
const SUGGESTIONS: usize = 3;

/// What a record says about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The key is there, perhaps empty.
    There,
    /// What should hold it is there, without the key.
    Absent,
    /// What should hold it is empty, so nobody can say.
    Unknown,
}

impl Path {
    /// Whether the record has the key. Every element of an array counts, whichever the path names.
    pub fn presence(&self, record: &Record) -> Presence {
        let texts: Vec<&str> = self.as_str().split('.').collect();
        for end in (2..=texts.len()).rev() {
            if let Some(value) = record.get(&texts[..end].join(".")) {
                return below(value, &self.segments()[end..]);
            }
        }
        in_object(record.as_map(), self.segments())
    }
}

fn below(value: &Value, rest: &[Segment]) -> Presence {
    let Some(first) = rest.first() else {
        return Presence::There;
    };
    match value {
        Value::Null => Presence::Unknown,
        Value::String(text) if text.is_empty() => Presence::Unknown,
        Value::Array(items) => {
            let rest = match first {
                Segment::Key(_) => rest,
                Segment::Index(..) | Segment::Every => &rest[1..],
            };
            among(&items.iter().collect::<Vec<_>>(), rest)
        }
        Value::Object(_) if *first == Segment::Every => match elements(value) {
            Some(items) => among(&items, &rest[1..]),
            None => Presence::Absent,
        },
        Value::Object(map) => in_object(map, rest),
        _ => Presence::Absent,
    }
}

fn among(items: &[&Value], rest: &[Segment]) -> Presence {
    let found: Vec<Presence> = items.iter().map(|item| below(item, rest)).collect();
    match () {
        () if found.contains(&Presence::There) => Presence::There,
        () if found.is_empty() || found.contains(&Presence::Unknown) => Presence::Unknown,
        () => Presence::Absent,
    }
}

fn in_object(map: &serde_json::Map<String, Value>, rest: &[Segment]) -> Presence {
    let key = match rest.first() {
        None => return Presence::There,
        Some(Segment::Every) => return Presence::Absent,
        Some(Segment::Key(key) | Segment::Index(_, key)) => key,
    };
    match map.get(key).or_else(|| glue::find(map, key)) {
        Some(value) => below(value, &rest[1..]),
        None if map.is_empty() || glue::may_be_there(map, key) => Presence::Unknown,
        None => Presence::Absent,
    }
}

/// The keys of a record as paths, through all elements of its arrays; without numbers.
pub fn keys(record: &Record) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (key, value) in record.as_map() {
        list(key, value, MAX_DEPTH, &mut found);
    }
    found
}

fn list(path: &str, value: &Value, depth: usize, found: &mut BTreeSet<String>) {
    if found.len() >= MAX_KEYS || depth == 0 {
        return;
    }
    match value {
        Value::Array(items) => {
            found.insert(path.to_owned());
            for item in items.iter().filter(|item| item.is_object()) {
                list(path, item, depth - 1, found);
            }
        }
        Value::Object(map) => {
            found.insert(path.to_owned());
            for (key, value) in map {
                list(&format!("{path}.{key}"), value, depth - 1, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// The known names nearest to one that is not known, the nearest first.
pub fn nearest<'k>(wanted: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<String> {
    let (before, plain) = without_numbers(wanted);
    let folded = plain.to_lowercase();
    let length = folded.chars().count();
    let before = before.to_lowercase();
    // A path that ends with a number has no last name.
    let last = length.saturating_sub(before.chars().count());
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let other = name.to_lowercase();
            let is_holder = before
                .strip_prefix(&other)
                .is_some_and(|rest| rest.starts_with('.'));
            let part = other.len() >= 6 && !is_holder && folded.contains(&other);
            let within = last >= 2 && other.contains(&folded) || part;
            let far = strsim::damerau_levenshtein(&folded, &other);
            // Of what stands in the same object only the last names differ.
            let compared = if other.starts_with(&before) { last } else { length };
            let counts = far <= (compared / 3).max(1) && far < compared;
            match within {
                true => Some((far.min(2), name)),
                false => counts.then_some((far, name)),
            }
        })
        .collect();
    near.sort_by(|a, b| (a.0, a.1.len(), a.1).cmp(&(b.0, b.1.len(), b.1)));
    near.dedup_by(|a, b| a.1 == b.1);
    let respelt = |name: &str| match !before.is_empty() && name.to_lowercase().starts_with(&before) {
        true => with_numbers(wanted, name),
        false => name.to_owned(),
    };
    near.into_iter()
        .take(SUGGESTIONS)
        .map(|(_, name)| respelt(name))
        .collect()
}

fn is_number(part: &str) -> bool {
    part == "*" || part.bytes().all(|b| b.is_ascii_digit())
}

/// What stands before the last name of a path, and the path; both without numbers and stars.
fn without_numbers(path: &str) -> (String, String) {
    let plain = |parts: &[&str]| {
        let names = parts.iter().filter(|part| !is_number(part));
        names.copied().collect::<Vec<_>>().join(".")
    };
    let parts: Vec<&str> = path.split('.').collect();
    let before = match plain(&parts[..parts.len() - 1]) {
        none if none.is_empty() => none,
        some => some + ".",
    };
    (before, plain(&parts))
}

/// A name with the numbers and stars of a path at their places.
fn with_numbers(path: &str, name: &str) -> String {
    let (mut made, mut names) = (Vec::new(), name.split('.'));
    for part in path.split('.') {
        match is_number(part) {
            true => made.push(part),
            false => made.extend(names.next()),
        }
    }
    made.extend(names);
    made.join(".")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn record() -> Record {
        let Value::Object(map) = json!({
            "name": "", "tag": [], "lead": [{"tag_name": "A"}], "note": null, "growth": {"level": "A"},
            "基本信息客户来源": "", "联系信息座机": {"tel": "", "tel_area_code": ""}, "tel": ["49", "55"],
            "customers": [{"name": "a"}, {"name": "b", "email": "", "tel_list": []}],
        }) else {
            panic!()
        };
        Record::new(map)
    }

    #[test]
    fn a_key_that_no_element_has_is_absent_and_one_that_is_empty_is_not() {
        for (path, expected) in [
            ("name", Presence::There),
            ("nmae", Presence::Absent),
            ("tag.3.tag_name", Presence::Unknown),
            ("lead.3.tag_name", Presence::There),
            ("lead.*.tag_nmae", Presence::Absent),
            ("lead[0].tag_name", Presence::Absent),
            ("note.x", Presence::Unknown),
            ("customers.email", Presence::There),
            ("customers.emial", Presence::Absent),
            ("customers.tel_list_0", Presence::Unknown),
            ("customers.growth_level", Presence::Absent),
            ("growth_level", Presence::There),
            ("growth_lvl", Presence::Absent),
            ("联系信息座机.tel", Presence::There),
            ("联系信息座机_tel_area_code", Presence::There),
            ("tel.1", Presence::There),
            ("name.first", Presence::Unknown),
        ] {
            assert_eq!(Path::new(path).presence(&record()), expected, "{path}");
        }
    }

    #[test]
    fn the_nearest_names_come_first_and_keep_the_numbers() {
        let keys = keys(&record());
        let near = |name: &str| nearest(name, keys.iter().map(String::as_str));
        assert_eq!(near("nmae")[0], "name");
        assert_eq!(near("客户来源"), ["基本信息客户来源"]);
        assert_eq!(near("基本信息客户来原"), ["基本信息客户来源"]);
        assert_eq!(near("customers.0.emial"), ["customers.0.email"]);
        assert_eq!(near("Lead.*.TagName"), ["lead.*.tag_name"]);
        assert!(near("something_else").is_empty());
        for odd in ["nmae.0", "nmae.", "tag.0", ".", "", "*", "İ.İ", "nmae.*"] {
            assert!(near(odd).len() <= 3, "{odd}");
        }
    }
}
