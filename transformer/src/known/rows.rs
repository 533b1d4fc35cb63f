//! Paths that mean something else in the rows of a list than outside of them.

use std::collections::BTreeSet;

use mapping::{Parameter, Path, Segment};

use super::Known;

/// What of a field with rows is empty in every one of them, or calculated over one row alone.
pub(super) fn odd(parameter: &Parameter, known: &Known) -> Vec<(Option<mapping::Place>, String, String)> {
    let Some(list) = parameter
        .array
        .as_ref()
        .filter(|_| !parameter.children.is_empty())
    else {
        return Vec::new();
    };
    let list = list.without_stars();
    let mut found = Vec::new();
    for child in &parameter.children {
        let Some(expression) = &child.value else { continue };
        let mut told = BTreeSet::new();
        for path in expression.paths() {
            told.extend(numbered(path, &list));
            if expression.aggregates() {
                told.extend(alone(path, &list, known));
            }
        }
        let told = told.into_iter();
        found.extend(told.map(|message| (child.place, child.label.clone(), message)));
    }
    found
}

/// The names of a path below the list, with the numbers in it.
fn below<'p>(path: &'p Path, list: &Path) -> Option<&'p str> {
    path.as_str().strip_prefix(list.as_str())?.strip_prefix('.')
}

/// `customers.0.name` in a row of `customers`: there is no entry 0 in a row.
fn numbered(path: &Path, list: &Path) -> Option<String> {
    let rest = below(path, list)?;
    let at = list.segments().len();
    let is_numbered = matches!(path.segments().get(at), Some(Segment::Index(..)))
        && matches!(path.segments().get(at + 1), Some(Segment::Key(_)));
    let (_, name) = rest.split_once('.').filter(|_| is_numbered)?;
    Some(words::tr!(
        "in the rows of {list} the path {path} is empty, because {list} is the row itself there; write {{{{{list}.{name}}}}}"
    ))
}

/// `SUM(customers.amount)` in a row of `customers`.
fn alone(path: &Path, list: &Path, known: &Known) -> Option<String> {
    let is_own = below(path, list).is_some_and(|rest| !rest.contains(['.', '*']));
    (is_own && !known.is_list(path.as_str())).then(|| {
        words::tr!("in the rows of {list} an aggregate over {path} sees the row alone, not all rows")
    })
}
