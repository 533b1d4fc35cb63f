//! The record that expressions read: a JSON object after flattening and cleaning.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// A source record. Keys keep their order; a later key of the same name has replaced the earlier.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    root: Map<String, Value>,
    /// Some key contains a dot, so paths must try literal keys first.
    dotted: bool,
}

/// What a path found. Nothing, `null`, an empty array and an empty object are all "empty" (see [`PathValue::text`]).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PathValue<'r> {
    /// No such key, or beyond the end of an array.
    Missing,
    /// A value of the record.
    Found(&'r Value),
}

impl Record {
    /// Takes the object as it is; `clean` makes a cleaned one.
    pub fn new(root: Map<String, Value>) -> Self {
        let dotted = root.keys().any(|key| key.contains('.'));
        Record { root, dotted }
    }

    /// The record as JSON object.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.root
    }

    /// Adds or replaces a key.
    pub fn insert(&mut self, key: String, value: Value) {
        self.dotted |= key.contains('.');
        self.root.insert(key, value);
    }

    /// A top-level key, literally.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.root.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.root.get_mut(key)
    }

    pub(super) fn has_dotted_keys(&self) -> bool {
        self.dotted
    }
}

impl From<Map<String, Value>> for Record {
    fn from(root: Map<String, Value>) -> Self {
        Record::new(root)
    }
}

impl<'r> PathValue<'r> {
    /// The value, unless it is missing or `null`.
    pub fn value(self) -> Option<&'r Value> {
        match self {
            PathValue::Found(value) if !value.is_null() => Some(value),
            _ => None,
        }
    }

    /// The text that stands for the value in a template.
    pub fn text(self) -> Cow<'r, str> {
        self.value().map_or(Cow::Borrowed(""), text_of)
    }
}

/// Numbers without trailing noise, booleans as words, containers as compact JSON, an empty one as nothing.
pub(super) fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Number(number) => Cow::Owned(match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(n), ..) => n.to_string(),
            (_, Some(n), _) => n.to_string(),
            (.., Some(f)) => format!("{f}"),
            _ => number.to_string(),
        }),
        Value::Array(items) if items.is_empty() => Cow::Borrowed(""),
        Value::Object(map) if map.is_empty() => Cow::Borrowed(""),
        container => Cow::Owned(container.to_string()),
    }
}
