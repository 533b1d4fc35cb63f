//! What a document does without a word: a text that stands alone, a code that nobody names, entries of a list that are
//! not read.

use std::collections::BTreeMap;

use mapping::{Path, Problem, Trap};

use super::keys::of;
use super::{Known, codes, lists, rows};
use crate::map::Mapping;
use crate::profile::Profile;

/// The traps of a mapping, with the number of customers concerned where records were seen.
pub(crate) fn traps(mapping: &Mapping, known: &Known, document: &str) -> Vec<Problem> {
    let mut found = Vec::new();
    let read: Vec<Path> = mapping
        .parameters()
        .into_iter()
        .filter(|parameter| !parameter.children.is_empty())
        .filter_map(|parameter| parameter.array.as_ref().map(Path::without_stars))
        .collect();
    for (parameter, widget) in mapping.described() {
        let rows = rows::odd(parameter, known).into_iter();
        found.extend(rows.map(|(place, label, message)| {
            let mut problem = Problem::new(document, message).field(label);
            problem.place = place;
            problem
        }));
        let Some(expression) = &parameter.value else {
            continue;
        };
        for trap in expression.traps() {
            let told = match &trap {
                Trap::LoneText { text, paths } => vec![lone(text, paths, known.profile())],
                Trap::Codes { path, named, others } => unnamed(path, named, *others, known.profile()),
            };
            found.extend(
                told.into_iter()
                    .flatten()
                    .map(|message| of(parameter, document, message)),
            );
        }
        let lost = lists::cut(parameter, known, &read).into_iter();
        let lost = lost.chain(lists::as_json(parameter, widget, known));
        let lost = lost.chain(lists::objects(parameter, known));
        let lost = lost.chain(lists::one_choice(parameter, widget));
        found.extend(lost.map(|message| of(parameter, document, message)));
    }
    found
}

/// ` (3 of 120 customers seen)`, and nothing when nobody knows.
pub(super) fn concerned(count: u64, profile: Option<&Profile>) -> String {
    profile.map_or_else(String::new, |profile| {
        words::tr!(" ({count} of {} customers seen)", profile.records())
    })
}

fn lone(text: &str, paths: &[String], profile: Option<&Profile>) -> Option<String> {
    let empty = profile.map(|profile| {
        let filled = paths.iter().map(|path| profile.filled(path)).max().unwrap_or(0);
        profile.records().saturating_sub(filled)
    });
    if empty == Some(0) {
        return None;
    }
    Some(words::tr!(
        "a lone {text} is sent when {} is empty{}",
        paths.join(" and "),
        concerned(empty.unwrap_or(0), profile)
    ))
}

/// Codes without a WHEN, and labels that belong to another code.
fn unnamed(
    path: &str,
    named: &[(String, Option<String>)],
    others: bool,
    profile: Option<&Profile>,
) -> Vec<Option<String>> {
    let labels = codes::labels(path);
    let mut all: BTreeMap<i64, String> = BTreeMap::new();
    for (code, label) in labels.unwrap_or_default().iter().enumerate() {
        all.insert(i64::try_from(code).unwrap_or(0), format!(" ({label})"));
    }
    for code in profile.into_iter().flat_map(|profile| profile.codes(path)) {
        all.entry(code.0).or_default();
    }
    let is_named = |code: &i64| named.iter().any(|(text, _)| text.trim().parse() == Ok(*code));
    let mut told = Vec::new();
    if !others {
        for (code, label) in all.iter().filter(|(code, _)| !is_named(code)) {
            let count = profile.map_or(0, |profile| profile.code_count(path, *code));
            told.push(Some(words::tr!(
                "code {code}{label} of {path} is named by no WHEN, so its customers get what ELSE gives{}",
                concerned(count, profile)
            )));
        }
    }
    let labels = labels.unwrap_or_default();
    for (code, text) in named {
        let (Ok(code), Some(text)) = (code.trim().parse::<usize>(), text) else {
            continue;
        };
        let meant = codes::code_of(labels, text).filter(|meant| *meant != code);
        if let (Some(meant), Some(right)) = (meant, labels.get(code)) {
            let count = profile.map_or(0, |p| p.code_count(path, i64::try_from(code).unwrap_or(0)));
            told.push(Some(words::tr!(
                "code {code} of {path} is {right} in OKKI's list; {text} is code {meant}{}",
                concerned(count, profile)
            )));
        }
    }
    told
}
