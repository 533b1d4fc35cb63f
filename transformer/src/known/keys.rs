//! Keys of a mapping that no record has.

use mapping::{Parameter, Path, Presence, Problem, Record, keys as keys_of, nearest};

use super::Known;
use crate::map::Mapping;

/// Groups that OKKI sorts a customer's fields into; an account has fields of its own in them.
const GROUPS: [&str; 5] = ["基本信息", "特征信息", "管理信息", "联系信息", "其他信息"];

/// The keys that a field reads itself, without those of its rows.
pub(super) fn reads(parameter: &Parameter) -> Vec<&Path> {
    let mut paths: Vec<&Path> = parameter
        .expressions()
        .flat_map(mapping::Expression::paths)
        .collect();
    paths.extend(&parameter.array);
    paths.sort_by_key(|path| path.as_str());
    paths.dedup_by_key(|path| path.as_str());
    paths
}

/// A warning for each key that is not known, with the names that may be meant.
pub(crate) fn unknown_keys(mapping: &Mapping, known: &Known, document: &str) -> Vec<Problem> {
    let names = known.names();
    let mut found = Vec::new();
    for parameter in mapping.parameters() {
        for path in reads(parameter) {
            if let Some(message) = judged(path, known, &names) {
                found.push(of(parameter, document, message));
            }
        }
        if let Some(key) = bare_key(parameter, &names) {
            let message = words::tr!(
                "every row gets the text \"{}\", which is the name of a key; write {{{{{key}}}}} for its value",
                parameter.value.as_ref().map_or(key, mapping::Expression::as_str)
            );
            found.push(of(parameter, document, message));
        }
    }
    for (place, path) in mapping.condition().placed_paths() {
        if let Some(message) = judged(path, known, &names) {
            let message = words::tr!("condition: {message}");
            found.push(Problem::new(mapping.extras_name(), message).at(place));
        }
    }
    found
}

pub(super) fn of(parameter: &Parameter, document: &str, message: String) -> Problem {
    let mut problem = Problem::new(document, message).field(parameter.label.clone());
    problem.place = parameter.place;
    problem
}

fn judged(path: &Path, known: &Known, names: &std::collections::BTreeSet<String>) -> Option<String> {
    let key = path.as_str();
    if known.listed.contains(key) {
        return None;
    }
    let near = || {
        let near = nearest(key, names.iter().map(String::as_str));
        let spelt: Vec<String> = near.iter().map(|name| format!("{{{{{name}}}}}")).collect();
        match spelt.is_empty() {
            true => String::new(),
            false => words::tr!("; near are {}", words::list(&spelt)),
        }
    };
    let records = known.profile().map_or(0, crate::profile::Profile::records);
    match (Known::in_standard(path), known.in_seen(path)) {
        (_, Some(Presence::There)) => None,
        (Presence::There | Presence::Unknown, None | Some(Presence::Unknown)) => None,
        (Presence::Absent, Some(Presence::Unknown)) => None,
        (_, Some(Presence::Absent)) => Some(words::tr!(
            "the key {key} is in none of the {records} customers seen{}",
            near()
        )),
        (Presence::Absent, None) if GROUPS.iter().any(|group| key.starts_with(group)) => Some(words::tr!(
            "the key {key} is no standard field; whether your account has it is known with --live or --company{}",
            near()
        )),
        (Presence::Absent, None) => Some(words::tr!(
            "the key {key} is in no customer as OKKI documents them{}",
            near()
        )),
    }
}

/// A fixed text that is the name of a key.
fn bare_key<'p>(parameter: &'p Parameter, names: &std::collections::BTreeSet<String>) -> Option<&'p str> {
    let text = parameter.value.as_ref()?.as_str();
    // In brackets or between other marks, too.
    let is_mark = |c: char| !c.is_alphanumeric() && c != '_';
    let key = text.trim_matches(is_mark);
    (!text.contains(['{', '}']) && names.contains(key)).then_some(key)
}

/// What `try` says of a field's keys that a record does not have.
pub(crate) fn absent(parameter: &Parameter, record: &Record) -> Vec<String> {
    let paths = reads(parameter).into_iter();
    let absent: Vec<&Path> = paths
        .filter(|path| path.presence(record) == Presence::Absent)
        .collect();
    if absent.is_empty() {
        return Vec::new();
    }
    let names = keys_of(record);
    let told = |path: &Path| {
        let near = nearest(path.as_str(), names.iter().map(String::as_str));
        let near = match near.is_empty() {
            true => String::new(),
            false => words::tr!("; near are {}", words::list(&near)),
        };
        words::tr!("{} is not in this record{near}", path.as_str())
    };
    absent.into_iter().map(told).collect()
}
