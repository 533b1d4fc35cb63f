//! Reading a list of parameters in the shapes that documents have: an array, an object keyed by field, and a flat list
//! whose entries name their parents.

use super::super::convert::Converter;
use super::super::expression::Expression;
use super::super::json::{Member, Node, Value};
use super::super::path::Path;
use super::super::reader::{Reader, get, key_at};
use super::declared::{declared_type, format};
use super::nesting::{Around, Entry, join, nested, parent_of};
use super::{Parameter, ParameterType, value};

const KEYS: &[&str] = &[
    "field",
    "label",
    "type",
    "value",
    "describe",
    "is_required",
    "default",
    "parser",
    "children",
    "id",
    "name",
    "parent",
    "mapping",
    "format",
];
const DEPTH: usize = 4;

/// Reads a list of parameters; two of the same field are a problem.
pub(crate) fn list(reader: &mut Reader<'_>, node: &Node, what: &str) -> Vec<Parameter> {
    let around = Around {
        path: String::new(),
        names: Vec::new(),
        what,
        depth: 0,
    };
    parameters(reader, node, &around)
}

fn parameters(reader: &mut Reader<'_>, node: &Node, around: &Around<'_>) -> Vec<Parameter> {
    let mut list: Vec<Entry> = Vec::new();
    for (key, item) in items(reader, node, around.what) {
        let Some(entry) = one(reader, item, key, around) else {
            continue;
        };
        let twice = |earlier: &Entry| {
            earlier.parameter.field == entry.parameter.field
                && parent_of(earlier, around) == parent_of(&entry, around)
        };
        let is_joined = around.what == "request" && reader.joins(&entry.parameter.field);
        if is_joined && list.iter_mut().any(|earlier| join(earlier, &entry)) {
            continue;
        }
        if list.iter().any(twice) {
            let message = words::tr!(
                "the field {} stands twice in {}",
                entry.parameter.field,
                around.what
            );
            reader.in_field(&entry.parameter.label, |r| {
                r.problem(item.range.start, message, Some(words::text!("keep one of them")))
            });
        }
        list.push(entry);
    }
    nested(reader, list, around)
}

/// The entries, each with its key when the list is an object keyed by field.
fn items<'n>(reader: &mut Reader<'_>, node: &'n Node, what: &str) -> Vec<(Option<&'n str>, &'n Node)> {
    match &node.value {
        Value::Object(_) => {
            let members = reader.object(node, what).iter();
            members
                .map(|member| (Some(member.key.as_str()), &member.value))
                .collect()
        }
        Value::String(text) if text.is_empty() => Vec::new(),
        _ => reader.array(node, what).iter().map(|item| (None, item)).collect(),
    }
}

fn one(reader: &mut Reader<'_>, node: &Node, key: Option<&str>, around: &Around<'_>) -> Option<Entry> {
    let what = around.what;
    let shorthand = key.is_some() && !matches!(&node.value, Value::Object(_));
    let members = match shorthand {
        true => &[][..],
        false => reader.object(node, &words::tr!("an entry of {what}")),
    };
    if members.is_empty() && !shorthand {
        return None;
    }
    let field = reader
        .text(get(members, "field"), "field")
        .filter(|field| !field.is_empty())
        .or_else(|| key.map(str::to_owned))
        .unwrap_or_default();
    let label = reader
        .text(get(members, "label"), "label")
        .filter(|l| !l.is_empty())
        .unwrap_or_else(|| field.clone());
    if field.is_empty() {
        reader.problem(
            node.range.start,
            words::tr!("an entry of {what} has no \"field\""),
            Some(words::text!("name the target's field")),
        );
        return None;
    }
    Some(reader.in_field(&label.clone(), |reader| {
        reader.unknown_keys(members, KEYS, words::text!("the field"));
        let (value, is_key) = match shorthand {
            true => (Some(node), false),
            false => given(reader, members),
        };
        let given = Given { node: value, is_key };
        entry(reader, (field, label), (node, members), given, around)
    }))
}

/// What stands for the value of a field.
#[derive(Clone, Copy)]
struct Given<'n> {
    node: Option<&'n Node>,
    /// It names a key instead of being an expression.
    is_key: bool,
}

fn entry(
    reader: &mut Reader<'_>,
    (field, label): (String, String),
    (node, members): (&Node, &[Member]),
    given: Given<'_>,
    around: &Around<'_>,
) -> Entry {
    let mut named = |key: &str| {
        reader
            .text(get(members, key), key)
            .filter(|name| !name.is_empty())
    };
    let ids: Vec<String> = [named("id"), named("name")].into_iter().flatten().collect();
    let parent = named("parent").map(|parent| (parent, key_at(members, "parent")));
    let own = [field.as_str(), label.as_str()].into_iter();
    let own = own.chain(ids.iter().map(String::as_str));
    let inner = Around {
        path: match around.path.is_empty() {
            true => field.clone(),
            false => format!("{}.{field}", around.path),
        },
        names: around.names.iter().copied().chain(own).collect(),
        what: "children",
        depth: around.depth + 1,
    };
    let children = children(reader, members, &inner);
    let kind = declared_type(reader, node, members, !children.is_empty(), given.node);
    let (value, array) = match (around.what, field.as_str()) {
        // Whatever it says, it is replaced.
        ("otherRequest", "transaction_id") => {
            let text = reader.text(given.node, "value");
            (text.map(|text| Expression::fixed(&text)), None)
        }
        _ => valued(reader, given, kind, !children.is_empty()),
    };
    let at = given.node.map_or(node.range.start, |node| node.range.start);
    let parameter = Parameter {
        place: Some(reader.place(at)),
        at,
        kind,
        value,
        array,
        required: reader
            .flag(get(members, "is_required"), "is_required")
            .unwrap_or(false),
        default: default(reader, get(members, "default")),
        describe: reader.text(get(members, "describe"), "describe"),
        format: format(reader, members),
        converter: Converter::read(reader, get(members, "parser")),
        children,
        field: field.clone(),
        label: label.clone(),
    };
    unused(reader, members, &parameter);
    Entry {
        parameter,
        parent,
        ids: ids.clone(),
    }
}

/// What is sent instead of an empty value.
fn default(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Expression> {
    let node = node?;
    match &node.value {
        Value::Null => None,
        Value::Object(_) | Value::Array(_) => {
            reader.text(Some(node), "default");
            None
        }
        _ => reader.expression(node),
    }
}

/// The expression of a field, and the array of one with rows.
fn valued(
    reader: &mut Reader<'_>,
    given: Given<'_>,
    kind: ParameterType,
    has_children: bool,
) -> (Option<Expression>, Option<Path>) {
    if kind == ParameterType::Object && has_children && given.node.is_some_and(is_something) {
        let message =
            words::text!("the \"value\" of an object with children has no effect: its parts are sent");
        reader.idle(given.node.map_or(0, |node| node.range.start), message);
        return (None, None);
    }
    let key = given
        .node
        .filter(|_| given.is_key && kind != ParameterType::Array);
    match key.and_then(bare) {
        Some((node, key)) => (reader.reference(node, key), None),
        None => value(reader, given.node, kind, has_children),
    }
}

pub(super) fn is_something(node: &Node) -> bool {
    !matches!(&node.value, Value::Null) && !matches!(&node.value, Value::String(text) if text.is_empty())
}

/// A text without braces.
fn bare(node: &Node) -> Option<(&Node, &str)> {
    match &node.value {
        Value::String(text) if !text.contains('{') && !text.starts_with('_') => Some((node, text)),
        _ => None,
    }
}

/// `value`, or else `mapping`, which in newer documents names the source's key; and which of them it is.
fn given<'n>(reader: &mut Reader<'_>, members: &'n [Member]) -> (Option<&'n Node>, bool) {
    let value = get(members, "value");
    let Some(mapping) = get(members, "mapping").filter(|node| is_something(node)) else {
        return (value, false);
    };
    if let Value::Object(_) | Value::Array(_) = &mapping.value {
        reader.problem(
            key_at(members, "mapping"),
            words::text!("\"mapping\" is not supported as a table of values"),
            Some(words::text!(
                "write the translation as _function CASE … WHEN … THEN … END"
            )),
        );
        return (value, false);
    }
    if value.is_some_and(is_something) {
        reader.idle(
            key_at(members, "mapping"),
            words::text!("\"mapping\" has no effect beside \"value\", which is sent"),
        );
        return (value, false);
    }
    (Some(mapping), true)
}

/// Says what of a field is written and not used.
fn unused(reader: &mut Reader<'_>, members: &[Member], parameter: &Parameter) {
    let takes_children = matches!(parameter.kind, ParameterType::Object | ParameterType::Array);
    if !parameter.children.is_empty() && !takes_children {
        let message = words::tr!(
            "\"children\" have no effect in a field of type {}; object or array has them",
            parameter.kind.name()
        );
        reader.idle(key_at(members, "children"), message);
    }
}

fn children(reader: &mut Reader<'_>, members: &[Member], inner: &Around<'_>) -> Vec<Parameter> {
    match get(members, "children") {
        Some(node) if inner.depth > DEPTH => {
            reader.problem(
                node.range.start,
                words::tr!("children are nested more than {DEPTH} deep"),
                None,
            );
            Vec::new()
        }
        Some(node) => parameters(reader, node, inner),
        None => Vec::new(),
    }
}
