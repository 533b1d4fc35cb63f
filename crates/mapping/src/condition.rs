//! `condition` of a source document: an OR of ANDs that decides which records are kept.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::expression::Context;
use super::json::Node;
use super::path::Path;
use super::reader::{Reader, get};
use super::record::{Record, text_of};
use super::sql::dates;
use super::sql::value::Value;

/// All groups; an empty condition keeps everything.
#[derive(Debug, Clone, Default)]
pub struct Condition {
    groups: Vec<Vec<Test>>,
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterResult {
    /// It goes on.
    Keep,
    /// No group held.
    Drop,
}

#[derive(Debug, Clone)]
struct Test {
    path: Path,
    logic: Logic,
    strict: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Logic {
    Equal(String, bool),
    Order(String, &'static [Ordering]),
    Like(String, bool),
    Between(String, String),
    Null(bool),
}

const GREATER: &[Ordering] = &[Ordering::Greater];
const AT_LEAST: &[Ordering] = &[Ordering::Greater, Ordering::Equal];
const LESS: &[Ordering] = &[Ordering::Less];
const AT_MOST: &[Ordering] = &[Ordering::Less, Ordering::Equal];

impl Condition {
    /// Whether it never drops anything.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The record paths that it reads.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.groups.iter().flatten().map(|test| &test.path)
    }

    /// Decides; rows of an array that fail a non-strict test are removed from a kept record.
    pub fn apply(&self, record: &mut Record, context: &Context) -> FilterResult {
        if self.groups.is_empty() {
            return FilterResult::Keep;
        }
        for group in &self.groups {
            let mut kept = record.clone();
            if group.iter().all(|test| test.apply(&mut kept, context)) {
                *record = kept;
                return FilterResult::Keep;
            }
        }
        FilterResult::Drop
    }

    pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Condition {
        let Some(node) = node else {
            return Condition::default();
        };
        let mut groups = Vec::new();
        for group in reader.array(node, "condition") {
            let tests: Vec<Test> = reader
                .array(group, "a group of condition")
                .iter()
                .filter_map(|n| test(reader, n))
                .collect();
            if !tests.is_empty() {
                groups.push(tests);
            }
        }
        Condition { groups }
    }
}

fn test(reader: &mut Reader<'_>, node: &Node) -> Option<Test> {
    let members = reader.object(node, "a test of condition");
    reader.unknown_keys(
        members,
        &["field", "logic", "value", "strictMode"],
        "a test of condition",
    );
    let Some(field) = reader
        .text(get(members, "field"), "field")
        .filter(|f| !f.is_empty())
    else {
        reader.problem(node.range.start, "a test of condition has no \"field\"", None);
        return None;
    };
    let value = reader.text(get(members, "value"), "value").unwrap_or_default();
    let logic = match reader.text(get(members, "logic"), "logic").as_deref() {
        Some("eq") => Logic::Equal(value, true),
        Some("neq") => Logic::Equal(value, false),
        Some("gt") => Logic::Order(value, GREATER),
        Some("egt") => Logic::Order(value, AT_LEAST),
        Some("lt") => Logic::Order(value, LESS),
        Some("elt") => Logic::Order(value, AT_MOST),
        Some("like") => Logic::Like(value, true),
        Some("notlike") => Logic::Like(value, false),
        Some("between") => match value.split_once(',') {
            Some((low, high)) => Logic::Between(low.trim().to_owned(), high.trim().to_owned()),
            None => {
                reader.problem(
                    node.range.start,
                    "between needs two values, e.g. \"100,500\"",
                    None,
                );
                return None;
            }
        },
        Some("notnull") => Logic::Null(false),
        Some("isnull") => Logic::Null(true),
        other => {
            let message = format!("unknown logic \"{}\"", other.unwrap_or_default());
            reader.problem(
                node.range.start,
                message,
                Some("eq, neq, gt, egt, lt, elt, like, notlike, between, notnull and isnull are known"),
            );
            return None;
        }
    };
    let strict = reader
        .flag(get(members, "strictMode"), "strictMode")
        .unwrap_or(false);
    Some(Test {
        path: Path::new(&field.replace(['{', '}'], "")),
        logic,
        strict,
    })
}

impl Test {
    fn apply(&self, record: &mut Record, context: &Context) -> bool {
        let Some((array, items)) = self
            .path
            .array_on(record, None)
            .filter(|(array, _)| array != &self.path)
        else {
            return self.logic.holds(self.path.find(record, None).value(), context);
        };
        let holds: Vec<bool> = items
            .iter()
            .map(|element| {
                let scope = super::path::Scope {
                    array: &array,
                    element,
                    outer: None,
                };
                self.logic
                    .holds(self.path.find(record, Some(&scope)).value(), context)
            })
            .collect();
        if self.strict {
            return holds.iter().all(|held| *held);
        }
        let mut held = holds.iter();
        if let Some(Json::Array(rows)) = record.get_mut(array.as_str()) {
            rows.retain(|_| held.next().copied().unwrap_or(true));
        }
        holds.iter().any(|held| *held)
    }
}

impl Logic {
    fn holds(&self, value: Option<&Json>, context: &Context) -> bool {
        let text = value.map(text_of).unwrap_or_default();
        match self {
            Logic::Null(wanted) => text.is_empty() == *wanted,
            Logic::Equal(other, wanted) => {
                (order(&text, other, context) == Some(Ordering::Equal) || text == *other) == *wanted
            }
            Logic::Order(other, allowed) => {
                order(&text, other, context).is_some_and(|o| allowed.contains(&o))
            }
            Logic::Between(low, high) => {
                order(&text, low, context).is_some_and(Ordering::is_ge)
                    && order(&text, high, context).is_some_and(Ordering::is_le)
            }
            Logic::Like(pattern, wanted) => {
                let whole = if pattern.contains('%') {
                    pattern.clone()
                } else {
                    format!("%{pattern}%")
                };
                super::sql::like::Like::new(&whole, '\\')
                    .matches(&text)
                    .unwrap_or(false)
                    == *wanted
            }
        }
    }
}

/// Numbers as numbers, `timestamp:<unix>` against a date, everything else as text.
fn order(text: &str, other: &str, context: &Context) -> Option<Ordering> {
    let zone = context.zone.time_zone();
    if let Some(seconds) = other
        .strip_prefix("timestamp:")
        .and_then(|s| s.trim().parse::<i64>().ok())
    {
        let found = match text.parse::<i64>() {
            Ok(unix) if text.len() >= 9 && text.len() != 14 => unix,
            _ => zone
                .to_timestamp(dates::parse(text, zone)?.datetime)
                .ok()?
                .as_second(),
        };
        return Some(found.cmp(&seconds));
    }
    let read = |t: &str| Value::literal(t.trim()).and_then(|_| t.trim().parse::<f64>().ok());
    match (read(text), read(other)) {
        (Some(a), Some(b)) => a.partial_cmp(&b),
        _ if text.is_empty() => None,
        _ => Some(text.cmp(other)),
    }
}
