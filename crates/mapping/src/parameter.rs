//! A parameter object of `request`: one field of the target, or one parameter of the source's request.

use super::convert::Converter;
use super::expression::{Expression, Form};
use super::json::{Member, Node, Value};
use super::path::Path;
use super::reader::{Reader, get, key_at};

/// Declared type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// `string`, also when nothing is declared.
    Text,
    /// `int`.
    Int,
    /// `float` and `number`.
    Float,
    /// `boolean`.
    Bool,
    /// `object`.
    Object,
    /// `array`.
    Array,
}

/// One parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Name at the target, e.g. a widget.
    pub field: String,
    /// Caption; the field when there is none.
    pub label: String,
    /// Declared type.
    pub kind: ParameterType,
    /// The value; `None` is not sent.
    pub value: Option<Expression>,
    /// For arrays with children: the array of the record.
    pub array: Option<Path>,
    /// Must not be empty.
    pub required: bool,
    /// Sent instead of an empty value.
    pub default: Option<String>,
    /// Free text.
    pub describe: Option<String>,
    /// The parser chain.
    pub converter: Converter,
    /// Parameters of an object's members or of an array's elements.
    pub children: Vec<Parameter>,
}

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
];
const DEPTH: usize = 4;

impl ParameterType {
    /// As written in documents.
    pub fn name(self) -> &'static str {
        match self {
            ParameterType::Text => "string",
            ParameterType::Int => "int",
            ParameterType::Float => "float",
            ParameterType::Bool => "boolean",
            ParameterType::Object => "object",
            ParameterType::Array => "array",
        }
    }

    fn parse(name: &str) -> Option<ParameterType> {
        Some(match name {
            "string" | "text" | "" => ParameterType::Text,
            "int" | "integer" => ParameterType::Int,
            "float" | "number" | "double" => ParameterType::Float,
            "boolean" | "bool" => ParameterType::Bool,
            "object" => ParameterType::Object,
            "array" => ParameterType::Array,
            _ => return None,
        })
    }
}

/// Reads a list of parameters; two of the same field are a problem.
pub(super) fn list(reader: &mut Reader<'_>, node: &Node, what: &str) -> Vec<Parameter> {
    parameters(reader, node, what, 0)
}

fn parameters(reader: &mut Reader<'_>, node: &Node, what: &str, depth: usize) -> Vec<Parameter> {
    let mut list: Vec<Parameter> = Vec::new();
    for item in reader.array(node, what) {
        let Some(parameter) = one(reader, item, what, depth) else {
            continue;
        };
        if list.iter().any(|earlier| earlier.field == parameter.field) {
            let message = format!("the field {} stands twice in {what}", parameter.field);
            reader.in_field(&parameter.label, |r| {
                r.problem(item.range.start, message, Some("keep one of them"))
            });
        }
        list.push(parameter);
    }
    list
}

fn one(reader: &mut Reader<'_>, node: &Node, what: &str, depth: usize) -> Option<Parameter> {
    let members = reader.object(node, &format!("an entry of {what}"));
    if members.is_empty() {
        return None;
    }
    let field = reader.text(get(members, "field"), "field").unwrap_or_default();
    let label = reader
        .text(get(members, "label"), "label")
        .filter(|l| !l.is_empty())
        .unwrap_or_else(|| field.clone());
    if field.is_empty() {
        reader.problem(
            node.range.start,
            format!("an entry of {what} has no \"field\""),
            Some("name the target's field"),
        );
        return None;
    }
    let caption = label.clone();
    reader.in_field(&caption, |reader| {
        reader.unknown_keys(members, KEYS, "the field");
        unsupported(reader, members);
        let kind = declared_type(reader, node, members);
        let children = children(reader, members, depth);
        let (value, array) = value(reader, get(members, "value"), kind, !children.is_empty());
        let converter = Converter::read(reader, get(members, "parser"));
        Some(Parameter {
            field,
            label,
            kind,
            value,
            array,
            required: reader
                .flag(get(members, "is_required"), "is_required")
                .unwrap_or(false),
            default: reader.text(get(members, "default"), "default"),
            describe: reader.text(get(members, "describe"), "describe"),
            converter,
            children,
        })
    })
}

/// Reports what the platform knows and a parameter of ours does not.
fn unsupported(reader: &mut Reader<'_>, members: &[Member]) {
    for (key, remedy) in [
        (
            "mapping",
            "write the translation as _function CASE … WHEN … THEN … END",
        ),
        ("parent", "nest the field under \"children\" of its parent"),
    ] {
        if get(members, key).is_some_and(|n| {
            !matches!(&n.value, Value::Null) && !matches!(&n.value, Value::String(s) if s.is_empty())
        }) {
            reader.problem(
                key_at(members, key),
                format!("\"{key}\" is not supported"),
                Some(remedy),
            );
        }
    }
}

fn declared_type(reader: &mut Reader<'_>, node: &Node, members: &[Member]) -> ParameterType {
    let declared = reader.text(get(members, "type"), "type").unwrap_or_default();
    ParameterType::parse(&declared).unwrap_or_else(|| {
        let message =
            format!("unknown type \"{declared}\"; string, int, float, boolean, object or array is expected");
        reader.problem(
            get(members, "type").map_or(node.range.start, |n| n.range.start),
            message,
            None,
        );
        ParameterType::Text
    })
}

fn children(reader: &mut Reader<'_>, members: &[Member], depth: usize) -> Vec<Parameter> {
    match get(members, "children") {
        Some(node) if depth >= DEPTH => {
            reader.problem(
                node.range.start,
                format!("children are nested more than {DEPTH} deep"),
                None,
            );
            Vec::new()
        }
        Some(node) => parameters(reader, node, "children", depth + 1),
        None => Vec::new(),
    }
}

/// The expression, or for an array the path that its `value` names (with or without braces).
fn value(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    kind: ParameterType,
    children: bool,
) -> (Option<Expression>, Option<Path>) {
    let Some(node) = node else { return (None, None) };
    if let Value::Object(_) | Value::Array(_) = node.value {
        reader.problem(
            node.range.start,
            format!("value must be a text, it is {}", node.value.kind()),
            None,
        );
        return (None, None);
    }
    let bare = matches!(&node.value, Value::String(text) if !text.is_empty() && !text.contains('{') && !text.starts_with("_function"));
    if kind == ParameterType::Array && bare {
        let Some(key) = reader.text(Some(node), "value") else {
            return (None, None);
        };
        let expression = Expression::build(&format!("{{{{{key}}}}}")).ok();
        if expression.is_none() {
            reader.problem(
                node.range.start,
                format!("\"{key}\" is not the key of an array"),
                None,
            );
        }
        return (expression, Some(Path::new(&key)));
    }
    let expression = reader.expression(node);
    let path = match expression.as_ref().map(Expression::form) {
        Some(Form::Reference(placeholder)) if kind == ParameterType::Array => match &placeholder.source {
            super::expression::Source::Path(path) => Some(path.clone()),
            super::expression::Source::Variable(_) => None,
        },
        _ => None,
    };
    if kind == ParameterType::Array && children && path.is_none() && expression.is_some() {
        reader.problem(
            node.range.start,
            "an array with children needs the key of an array as value",
            Some("e.g. \"details_list\""),
        );
    }
    (expression, path)
}
