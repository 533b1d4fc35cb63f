//! Paths through lists: every element of them, with `*` or in an aggregate, and the rows of a subform.

use serde_json::Value;

use super::super::record::{Record, text_of};
use super::{Path, Scope, Segment, step};

impl Path {
    /// All values of a wild path, in order, without the empty ones.
    pub fn collect<'r>(&self, record: &'r Record, scope: Option<&Scope<'r>>) -> Vec<&'r Value> {
        let mut found = Vec::new();
        let (start, from) = self.start(record, scope);
        self.spread(start, from, &mut found);
        found.retain(|value| !text_of(value).is_empty());
        found
    }

    /// The rows of a list, those of all inner lists where the path has a `*`; nothing when there is no value, and an error
    /// when the value is no list.
    pub fn rows<'r>(
        &self,
        record: &'r Record,
        scope: Option<&Scope<'r>>,
    ) -> Option<Result<Vec<&'r Value>, &'r Value>> {
        let list = self.without_stars();
        let values = match list.segments.len() == self.segments.len() {
            true => list.find(record, scope).value().into_iter().collect(),
            // The last `*` only says that the path is a list.
            false => match self.text.strip_suffix(".*") {
                Some(head) => Path::new(head).collect(record, scope),
                None => self.collect(record, scope),
            },
        };
        let mut rows = Vec::new();
        for value in &values {
            match elements(value) {
                Some(items) => rows.extend(items),
                None => return Some(Err(value)),
            }
        }
        (!values.is_empty()).then_some(Ok(rows))
    }

    /// The same path through every element, written without `*`.
    pub fn without_stars(&self) -> Path {
        if !self.is_wild() {
            return self.clone();
        }
        let steps: Vec<&str> = self.text.split('.').filter(|step| *step != "*").collect();
        Path::new(&steps.join("."))
    }

    /// The list that this path passes through without an index, if any, as a path of its own without `*`, with its
    /// elements; with `within`, the next one inside the list that the scope stands for.
    pub(crate) fn list_on<'r>(
        &self,
        record: &'r Record,
        scope: Option<&Scope<'r>>,
        within: Option<&Path>,
    ) -> Option<(Path, Vec<&'r Value>)> {
        let first = match within {
            None => 0,
            Some(list) => self.below(list)?,
        };
        for end in first + 1..=self.segments.len() {
            let is_step = |at: usize| matches!(self.segments.get(at), Some(Segment::Every));
            if is_step(end - 1) {
                continue;
            }
            let head = Path::new(&self.text_of(0..end)).without_stars();
            // `{"0": …, "1": …}` is only a list where a `*` says so.
            let items = match head.find(record, scope).value() {
                Some(Value::Array(items)) => Some(items.iter().collect()),
                Some(other) if is_step(end) => elements(other),
                _ => None,
            };
            let indexed = matches!(self.segments.get(end), Some(Segment::Index(..)));
            if let Some(items) = items.filter(|_| !indexed) {
                return Some((head, items));
            }
        }
        None
    }

    fn spread<'r>(&self, start: Option<&'r Value>, from: usize, found: &mut Vec<&'r Value>) {
        let mut at = start;
        for (n, segment) in self.segments.iter().enumerate().skip(from) {
            if *segment == Segment::Every {
                for item in at.and_then(elements).unwrap_or_default() {
                    self.spread(Some(item), n + 1, found);
                }
                return;
            }
            at = at.and_then(|value| step(value, segment));
        }
        found.extend(at.filter(|value| !value.is_null()));
    }
}

/// The elements of a list; `{"0": …, "1": …}` is one that PHP has written.
pub(in super::super) fn elements(value: &Value) -> Option<Vec<&Value>> {
    match value {
        Value::Array(items) => Some(items.iter().collect()),
        Value::Object(map) => {
            let is_number = |key: &String| !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
            map.keys().all(is_number).then(|| map.values().collect())
        }
        _ => None,
    }
}
