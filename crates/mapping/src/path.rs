//! Paths such as `tag.3.tag_name`, and what they mean on customers' records.
//!
//! Beside plain steps into objects and arrays there are five readings that the language needs:
//! a literal key that contains the dots wins; a name on an array means the main contact or else element 0;
//! `tel_list_0` means area and `tel_list_1` number of the first phone when there is no such key;
//! `growth_level` means `level` of the object `growth` when there is no such key (`glue`);
//! `*` collects one value per element (our extension); inside an element, in a row or in an aggregate, it is that element.

mod lists;

use std::borrow::Cow;

use serde_json::Value;

use super::glue;
use super::record::{PathValue, Record};
pub(super) use lists::elements;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Key of an object; for an all-digit name also the index.
    Key(String),
    /// Element of an array (or a key made of digits).
    Index(usize, String),
    /// Every element of an array (`*`).
    Every,
}

/// A compiled path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    segments: Vec<Segment>,
}

/// An element of an array, while the array's own path stands for that element (children, aggregates).
#[derive(Debug, Clone, Copy)]
pub struct Scope<'r> {
    /// Path of the array, e.g. `details_list`.
    pub array: &'r Path,
    /// The element in turn.
    pub element: &'r Value,
    /// The scope around.
    pub outer: Option<&'r Scope<'r>>,
}

impl Path {
    /// Splits at dots. Empty segments are kept as (never existing) empty keys.
    pub fn new(text: &str) -> Self {
        Path {
            text: text.to_owned(),
            segments: text.split('.').map(segment).collect(),
        }
    }

    /// The path as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its steps.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// It collects several values (`*`).
    pub(crate) fn is_wild(&self) -> bool {
        self.segments.contains(&Segment::Every)
    }

    /// The same, seen from inside `scope`, whose element one `*` may stand for.
    pub(crate) fn is_wild_in(&self, scope: Option<&Scope<'_>>) -> bool {
        let mut next = scope.filter(|_| self.is_wild());
        while let Some(scope) = next {
            if let Some(rest) = self.below(scope.array) {
                return self
                    .segments
                    .iter()
                    .skip(rest)
                    .any(|segment| *segment == Segment::Every);
            }
            next = scope.outer;
        }
        self.is_wild()
    }

    /// Finds the value, seen from inside `scope`. Not for wild paths, see [`Path::collect`].
    pub fn find<'r>(&self, record: &'r Record, scope: Option<&Scope<'r>>) -> PathValue<'r> {
        let (start, rest) = self.start(record, scope);
        self.walk(start, rest)
    }

    /// Where the path begins, seen from inside `scope`, and at which of its steps.
    fn start<'r>(&self, record: &'r Record, scope: Option<&Scope<'r>>) -> (Option<&'r Value>, usize) {
        let mut next = scope;
        while let Some(scope) = next {
            if let Some(rest) = self.below(scope.array) {
                return (Some(scope.element), rest);
            }
            next = scope.outer;
        }
        self.enter(record)
    }

    /// Every key of a record by which this path may enter it, as [`Path::find`] does.
    pub(super) fn roots(&self) -> Vec<String> {
        let heads = (1..=self.segments.len()).map(|end| self.text_of(0..end).into_owned());
        let first = match self.segments.first() {
            Some(Segment::Key(key)) => key.as_str(),
            _ => "",
        };
        heads
            .chain(glue::heads(first).map(|(head, _)| head.to_owned()))
            .collect()
    }

    fn text_of(&self, range: std::ops::Range<usize>) -> Cow<'_, str> {
        if range.start == 0 && range.end == self.segments.len() {
            return Cow::Borrowed(&self.text);
        }
        Cow::Owned(
            self.text
                .split('.')
                .skip(range.start)
                .take(range.len())
                .collect::<Vec<_>>()
                .join("."),
        )
    }

    /// Number of segments to skip when the path lies on or below `list`; inside an element, the `*` of
    /// the list stands for that element.
    fn below(&self, list: &Path) -> Option<usize> {
        let is_step = |at: usize| self.segments.get(at) == Some(&Segment::Every);
        let mut at = 0;
        for wanted in list.segments.iter().filter(|segment| **segment != Segment::Every) {
            while at > 0 && is_step(at) {
                at += 1;
            }
            if self.segments.get(at)? != wanted {
                return None;
            }
            at += 1;
        }
        Some(at + usize::from(is_step(at)))
    }

    /// The first step, where a literal key with dots is preferred: the longest one.
    fn enter<'r>(&self, record: &'r Record) -> (Option<&'r Value>, usize) {
        if record.has_dotted_keys() {
            for end in (2..=self.segments.len()).rev() {
                if let Some(value) = record.get(&self.text_of(0..end)) {
                    return (Some(value), end);
                }
            }
        }
        let found = match self.segments.first() {
            Some(Segment::Key(key) | Segment::Index(_, key)) => record.get(key),
            _ => None,
        };
        if found.is_some() {
            return (found, 1);
        }
        let glued = match self.segments.first() {
            Some(Segment::Key(key)) => glue::find(record.as_map(), key),
            _ => None,
        };
        (glued, 1)
    }

    fn walk<'r>(&self, start: Option<&'r Value>, from: usize) -> PathValue<'r> {
        let mut at = start;
        for segment in self.segments.iter().skip(from) {
            at = at.and_then(|value| step(value, segment));
        }
        at.map_or(PathValue::Missing, PathValue::Found)
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn segment(text: &str) -> Segment {
    if text == "*" {
        return Segment::Every;
    }
    match text.parse() {
        Ok(index) if text.bytes().all(|b| b.is_ascii_digit()) => Segment::Index(index, text.to_owned()),
        _ => Segment::Key(text.to_owned()),
    }
}

fn step<'r>(value: &'r Value, segment: &Segment) -> Option<&'r Value> {
    match (value, segment) {
        (Value::Object(map), Segment::Key(key)) => map.get(key).or_else(|| glue::find(map, key)),
        (Value::Object(map), Segment::Index(_, key)) => map.get(key),
        (Value::Array(items), Segment::Index(index, _)) => items.get(*index),
        (Value::Array(items), Segment::Key(_)) => step(main_element(items)?, segment),
        _ => None,
    }
}

/// The main contact, else the first element.
fn main_element(items: &[Value]) -> Option<&Value> {
    let is_main = |item: &&Value| match item.get("main_customer_flag") {
        Some(Value::Number(flag)) => flag.as_i64() == Some(1),
        Some(Value::String(flag)) => flag == "1",
        Some(Value::Bool(flag)) => *flag,
        _ => false,
    };
    items.iter().find(is_main).or_else(|| items.first())
}
