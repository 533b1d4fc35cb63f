//! Lists of a customer of which a field reads too little, and lists and objects that would be sent as JSON.

use std::collections::{BTreeMap, BTreeSet};

use mapping::{Parameter, Path, Segment};

use super::Known;
use super::traps::concerned;
use crate::map::Widget;

/// Lists of which only the first entries are read; `rows` are those that fields of rows read entry by entry.
pub(super) fn cut(parameter: &Parameter, known: &Known, rows: &[Path]) -> Vec<String> {
    let Some(expression) = parameter.value.as_ref().filter(|value| !value.aggregates()) else {
        return Vec::new();
    };
    let profile = known.profile();
    let joined = expression.bare_and_joined().1;
    let (mut numbered, mut told): (BTreeMap<String, usize>, Vec<String>) = (BTreeMap::new(), Vec::new());
    for path in expression.paths() {
        for (at, segment) in path.segments().iter().enumerate().skip(1) {
            let names: Vec<&str> = path.as_str().split('.').collect();
            let (list, rest) = names.split_at(at.min(names.len()));
            let list = list.join(".");
            if rows.iter().any(|row| *row == Path::new(&list)) {
                continue;
            }
            match segment {
                Segment::Index(index, _) if rest.len() > 1 => {
                    let entry = numbered.entry(list).or_default();
                    *entry = (*entry).max(index + 1);
                }
                // The entry of a number is no list, though its name without the number is one.
                Segment::Key(_)
                    if !list.ends_with('*')
                        && !matches!(path.segments().get(at - 1), Some(Segment::Index(..)))
                        && known.is_list(&list) =>
                {
                    let more = profile.map_or(0, |profile| profile.longer_than(&list, 1));
                    let is_joined = joined.iter().any(|joined| joined.as_str() == path.as_str());
                    if more > 0 || is_joined {
                        told.push(words::tr!(
                            "of the list {list} the main contact or the first entry is read, further ones are not sent{}; \
                             write {{{{{list}.*.{}|implode('、')}}}} for all of them",
                            concerned(more, profile),
                            rest.join(".")
                        ));
                    }
                }
                _ => {}
            }
        }
    }
    let cut = |(list, count): (String, usize)| {
        let more = profile.map(|profile| profile.longer_than(&list, count));
        (more != Some(0)).then(|| {
            words::tr!(
                "{list} is read up to its entry {count}; further ones are not sent{}",
                concerned(more.unwrap_or(0), profile)
            )
        })
    };
    told.extend(numbered.into_iter().filter_map(cut));
    each_once(told)
}

/// Lists and objects that go into a text as JSON.
pub(super) fn as_json(parameter: &Parameter, widget: Widget, known: &Known) -> Vec<String> {
    let Some(expression) = parameter.value.as_ref().filter(|value| !value.aggregates()) else {
        return Vec::new();
    };
    let takes_list = expression.is_reference()
        && !expression.bare_and_joined().0.is_empty()
        && !matches!(
            widget,
            Widget::Text | Widget::Number | Widget::DateTime | Widget::Phone
        );
    // A list may be an argument of JSON_LENGTH and the like.
    let is_json = expression.as_str().to_ascii_uppercase().contains("JSON_");
    let is_parted =
        !parameter.children.is_empty() || parameter.converter.takes_json() || parameter.format.is_some();
    if takes_list || is_json || is_parted {
        return Vec::new();
    }
    let profile = known.profile();
    let told = |path: &&Path| {
        let key = path.as_str();
        let is_wild = path.segments().contains(&Segment::Every);
        let lists = profile.map_or(0, |profile| profile.listed(key));
        let parted = profile.map_or(0, |profile| profile.parted(key));
        match () {
            () if is_wild => Some(words::tr!(
                "{key} is a list, which goes into a text as JSON; write {{{{{key}|implode('、')}}}}"
            )),
            () if lists > 0 => Some(words::tr!(
                "{key} is a list, which goes into a text as JSON{}; write {{{{{key}|implode('、')}}}}",
                concerned(lists, profile)
            )),
            () if parted > 0 && widget != Widget::Phone => Some(words::tr!(
                "{key} is an object, which goes into a text as JSON{}; name one of its parts, such as {{{{{key}.name}}}}",
                concerned(parted, profile)
            )),
            () => None,
        }
    };
    each_once(expression.as_texts().iter().filter_map(told).collect())
}

/// Lists of objects that are joined as JSON.
pub(super) fn objects(parameter: &Parameter, known: &Known) -> Vec<String> {
    let Some(expression) = &parameter.value else {
        return Vec::new();
    };
    let names = known.names();
    let told = |path: &&Path| {
        let list = path.as_str().trim_end_matches(".*");
        let part = names
            .iter()
            .filter_map(|name| name.strip_prefix(list)?.strip_prefix('.'));
        let part =
            part.map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '*')));
        let mut parts: Vec<&str> = part
            .filter(|part| !part.is_empty() && !part.contains('.'))
            .collect();
        parts.sort_by_key(|part| !part.ends_with("name"));
        let part = parts.first().filter(|_| known.is_list(list))?;
        Some(words::tr!(
            "the entries of {list} are objects, which are joined as JSON; write {{{{{list}.*.{part}|implode('、')}}}}"
        ))
    };
    each_once(expression.bare_and_joined().1.iter().filter_map(told).collect())
}

/// A joined text in a field of several choices is one choice.
pub(super) fn one_choice(parameter: &Parameter, widget: Widget) -> Option<String> {
    let expression = parameter
        .value
        .as_ref()
        .filter(|_| widget == Widget::Choices && !parameter.converter.makes_list())?;
    let text = expression.as_str().to_ascii_uppercase();
    let is_joined = !expression.bare_and_joined().1.is_empty()
        || ["GROUP_CONCAT", "CONCAT_WS"]
            .iter()
            .any(|function| text.contains(function));
    is_joined.then(|| {
        words::text!(
            "a joined text is one choice of the field; add {\"name\": \"StringToArray\", \"params\": \"、\"} with the sign that joins, or name the list without implode"
        )
        .to_owned()
    })
}

/// The same lines in their order; an expression may name a key several times.
fn each_once(told: Vec<String>) -> Vec<String> {
    let mut known = BTreeSet::new();
    told.into_iter()
        .filter(|line| known.insert(line.clone()))
        .collect()
}
