//! A parameter object of `request`: one field of the target, or one parameter of the source's request.

mod declared;
mod list;
mod nesting;

use super::convert::Converter;
use super::expression::{Expression, Form};
use super::format::ValueFormat;
use super::json::{Node, Value};
use super::path::Path;
use super::problem::Place;
use super::reader::Reader;

pub(super) use list::list;

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
    /// `date`.
    Date,
    /// `datetime`.
    DateTime,
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
    /// Where the document says so.
    pub place: Option<Place>,
    /// The same as an offset, for problems that are found while it is read.
    pub(super) at: usize,
    /// Applied to the value, before the parser.
    pub format: Option<ValueFormat>,
    /// For arrays with children: the array of the record.
    pub array: Option<Path>,
    /// Must not be empty.
    pub required: bool,
    /// Sent instead of an empty value.
    pub default: Option<Expression>,
    /// Free text.
    pub describe: Option<String>,
    /// The parser chain.
    pub converter: Converter,
    /// Parameters of an object's members or of an array's elements.
    pub children: Vec<Parameter>,
}

impl Parameter {
    /// Its expressions: the value, and what stands in for an empty one.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.value.iter().chain(&self.default)
    }
}

impl ParameterType {
    /// As written in documents.
    pub fn name(self) -> &'static str {
        match self {
            ParameterType::Text => "string",
            ParameterType::Int => "int",
            ParameterType::Float => "float",
            ParameterType::Bool => "boolean",
            ParameterType::Date => "date",
            ParameterType::DateTime => "datetime",
            ParameterType::Object => "object",
            ParameterType::Array => "array",
        }
    }

    fn parse(name: &str) -> Option<ParameterType> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "string" | "text" | "str" | "varchar" | "char" | "longtext" | "textarea" | "" => {
                ParameterType::Text
            }
            "int" | "integer" | "bigint" | "long" | "smallint" | "tinyint" => ParameterType::Int,
            "float" | "number" | "double" | "decimal" | "numeric" | "amount" | "money" => {
                ParameterType::Float
            }
            "boolean" | "bool" => ParameterType::Bool,
            "date" => ParameterType::Date,
            "datetime" | "timestamp" | "time" => ParameterType::DateTime,
            "object" | "json" => ParameterType::Object,
            "array" | "list" => ParameterType::Array,
            _ => return None,
        })
    }
}

/// The expression, or for an array the path that its `value` names (with or without braces).
pub(super) fn value(
    reader: &mut Reader<'_>,
    node: Option<&Node>,
    kind: ParameterType,
    children: bool,
) -> (Option<Expression>, Option<Path>) {
    let Some(node) = node else { return (None, None) };
    if let Value::Object(_) | Value::Array(_) = node.value {
        reader.problem(
            node.range.start,
            words::tr!("value must be a text, it is {}", node.value.kind()),
            None,
        );
        return (None, None);
    }
    let bare = matches!(&node.value, Value::String(text) if !text.is_empty() && !text.contains('{') && !text.starts_with("_function"));
    if kind == ParameterType::Array && bare {
        let Some(key) = reader.text(Some(node), "value") else {
            return (None, None);
        };
        let expression = reader.reference(node, &key);
        if expression.is_none() {
            reader.problem(
                node.range.start,
                words::tr!("\"{key}\" is not the key of an array"),
                None,
            );
        }
        let path = expression
            .as_ref()
            .and_then(|expression| expression.paths().first().copied().cloned());
        return (expression, path.or_else(|| Some(Path::new(&key))));
    }
    let expression = reader.expression(node);
    let path = match expression.as_ref().map(Expression::form) {
        Some(Form::Reference(placeholder)) if kind == ParameterType::Array => match &placeholder.source {
            super::expression::Source::Path(path) => Some(path.clone()),
            super::expression::Source::Variable(_) | super::expression::Source::Lookup(_) => None,
        },
        _ => None,
    };
    if kind == ParameterType::Array && children && path.is_none() && expression.is_some() {
        reader.problem(
            node.range.start,
            words::text!("an array with children needs the key of an array as value"),
            Some("e.g. \"details_list\""),
        );
    }
    (expression, path)
}
