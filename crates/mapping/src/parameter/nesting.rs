//! Lists whose entries name their parents.

use super::super::expression::Expression;
use super::super::reader::Reader;
use super::{Parameter, ParameterType};

/// A parameter with what ties it to others.
pub(super) struct Entry {
    pub parameter: Parameter,
    /// `id` and `name`, by which others may call it.
    pub ids: Vec<String>,
    /// The parent that it names, and where.
    pub parent: Option<(String, usize)>,
}

/// What an entry stands below, from the outside in.
pub(super) struct Around<'a> {
    /// Their fields with dots between them.
    pub path: String,
    /// Everything that they may be called.
    pub names: Vec<&'a str>,
    pub what: &'a str,
    pub depth: usize,
}

/// The parent that an entry names, unless that is where it stands anyway.
pub(super) fn parent_of<'e>(entry: &'e Entry, around: &Around<'_>) -> Option<&'e str> {
    let (parent, _) = entry.parent.as_ref()?;
    let parent = parent.trim().trim_matches('.');
    let is_top = matches!(parent, "" | "0" | "-1" | "root" | "null" | "false" | "request");
    let is_here = around.names.contains(&parent) || around.path == *parent;
    (!is_top && !is_here).then_some(parent)
}

/// Puts the entries of a flat list under the parents that they name.
pub(super) fn nested(reader: &mut Reader<'_>, list: Vec<Entry>, around: &Around<'_>) -> Vec<Parameter> {
    let mut left = list;
    // From the end, so that a parent that is itself a child has its own children by then.
    while let Some(at) = left.iter().rposition(|entry| parent_of(entry, around).is_some()) {
        let child = left.remove(at);
        let parent = parent_of(&child, around).unwrap_or_default().to_owned();
        let last = parent.rsplit('.').next().unwrap_or_default().to_owned();
        let names = |entry: &Entry, name: &str| {
            entry.parameter.field == name || entry.ids.iter().any(|id| id == name)
        };
        let holder = left
            .iter()
            .position(|entry| names(entry, &parent))
            .or_else(|| left.iter().position(|entry| names(entry, &last)))
            .or_else(|| left.iter().position(|entry| entry.parameter.label == parent));
        match holder.and_then(|at| left.get_mut(at)) {
            Some(holder) => adopt(&mut holder.parameter, child.parameter),
            None => {
                let offset = child.parent.as_ref().map_or(0, |(_, at)| *at);
                let message = words::tr!("\"parent\" is \"{parent}\", which no entry of {} is", around.what);
                reader.in_field(&child.parameter.label, |r| {
                    r.problem(
                        offset,
                        message,
                        Some(words::text!(
                            "name the field of the parent, or nest the field under \"children\" of its parent"
                        )),
                    );
                });
            }
        }
    }
    left.into_iter().map(|entry| entry.parameter).collect()
}

fn adopt(parent: &mut Parameter, child: Parameter) {
    if parent.value.is_none() && parent.kind == ParameterType::Text {
        parent.kind = ParameterType::Object;
    }
    parent.children.insert(0, child);
}

/// Adds the fixed value of a second entry of the same field to the first one.
pub(super) fn join(earlier: &mut Entry, entry: &Entry) -> bool {
    if earlier.parameter.field != entry.parameter.field {
        return false;
    }
    let fixed = |entry: &Entry| {
        let value = entry
            .parameter
            .value
            .as_ref()
            .filter(|value| value.is_constant())?;
        Some(value.as_str().to_owned())
    };
    let Some((first, second)) = fixed(earlier).zip(fixed(entry)) else {
        return false;
    };
    earlier.parameter.value = Some(Expression::fixed(&format!("{first},{second}")));
    true
}
