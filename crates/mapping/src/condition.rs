//! `condition` of a source document: an OR of ANDs that decides which records are kept.
//!
//! What a test compares with may hold placeholders (`{{DAYS_AGO_30|datetime}}`). A value that cannot be computed decides
//! nothing: its test holds, because a record that was kept can still be dropped by somebody, and not the other way round.

mod compare;

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::expression::{Context, Evaluation, Expression, Variable};
use super::json::Node;
use super::path::Path;
use super::reader::{Reader, get};
use super::record::Record;
use compare::{Logic, Wanted};

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
    /// As it is written.
    text: String,
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
        self.groups.iter().flatten().flat_map(|test| {
            let computed = test.logic.wanted().into_iter().flat_map(|wanted| match wanted {
                Wanted::Computed { value, .. } => value.paths(),
                Wanted::Fixed(_) => Vec::new(),
            });
            std::iter::once(&test.path).chain(computed)
        })
    }

    /// The look-ups that it makes.
    pub fn lookups(&self) -> Vec<&super::lookup::Lookup> {
        let wanted = self
            .groups
            .iter()
            .flatten()
            .filter_map(|test| test.logic.wanted());
        wanted
            .flat_map(|wanted| match wanted {
                Wanted::Computed { value, .. } => value.lookups(),
                Wanted::Fixed(_) => Vec::new(),
            })
            .collect()
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

    /// The first test of each group that does not hold, as it is written; nothing when the record is kept.
    pub fn failing(&self, record: &Record, context: &Context) -> Vec<String> {
        let mut found = Vec::new();
        for group in &self.groups {
            let mut kept = record.clone();
            match group.iter().find(|test| !test.apply(&mut kept, context)) {
                Some(test) => found.push(test.text.clone()),
                None => return Vec::new(),
            }
        }
        found
    }

    pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Condition {
        let Some(node) = node else {
            return Condition::default();
        };
        let mut groups = Vec::new();
        for group in reader.array(node, "condition") {
            let tests: Vec<Test> = reader
                .array(group, words::text!("a group of condition"))
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
    let members = reader.object(node, words::text!("a test of condition"));
    reader.unknown_keys(
        members,
        &["field", "logic", "value", "strictMode"],
        words::text!("a test of condition"),
    );
    let Some(field) = reader
        .text(get(members, "field"), "field")
        .filter(|f| !f.is_empty())
    else {
        reader.problem(
            node.range.start,
            words::text!("a test of condition has no \"field\""),
            None,
        );
        return None;
    };
    let given = get(members, "value");
    let value = value(reader, given)?;
    let name = reader.text(get(members, "logic"), "logic").unwrap_or_default();
    let name = spelt(&name);
    let text = match name.as_str() {
        "isnull" | "notnull" => format!("{field} {name}"),
        _ => format!("{field} {name} \"{}\"", value.shown()),
    };
    odd(reader, &name, &value, given.unwrap_or(node));
    let logic = logic(reader, &name, value, node)?;
    let strict = reader
        .flag(get(members, "strictMode"), "strictMode")
        .unwrap_or(false);
    Some(Test {
        path: Path::new(field.replace(['{', '}'], "").trim()),
        logic,
        strict,
        text,
    })
}

/// The name of a comparison; its sign will do.
fn spelt(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    match name.as_str() {
        "=" | "==" => "eq".to_owned(),
        "!=" | "<>" => "neq".to_owned(),
        ">" => "gt".to_owned(),
        ">=" => "egt".to_owned(),
        "<" => "lt".to_owned(),
        "<=" => "elt".to_owned(),
        _ => name,
    }
}

/// Tells what can hold for nobody.
fn odd(reader: &mut Reader<'_>, name: &str, value: &Wanted, given: &Node) {
    let is_list = matches!(given.value, super::json::Value::Array(_));
    let message = match name {
        "isnull" | "notnull" => None,
        _ if is_list && name != "between" => Some(words::tr!(
            "{name} compares with one value, and a list is one only with between; write a group for each value"
        )),
        _ => value.odd(name),
    };
    if let Some(message) = message {
        reader.warn(given.range.start, message);
    }
}

fn logic(reader: &mut Reader<'_>, name: &str, value: Wanted, node: &Node) -> Option<Logic> {
    Some(match name {
        "eq" => Logic::Equal(value, true),
        "neq" => Logic::Equal(value, false),
        "gt" => Logic::Order(value, GREATER),
        "egt" => Logic::Order(value, AT_LEAST),
        "lt" => Logic::Order(value, LESS),
        "elt" => Logic::Order(value, AT_MOST),
        "like" => Logic::Like(value, true),
        "notlike" => Logic::Like(value, false),
        "between" if !value.is_pair() => {
            let message = words::text!("between needs two values, e.g. \"100,500\"");
            reader.problem(node.range.start, message, None);
            return None;
        }
        "between" => Logic::Between(value),
        "notnull" => Logic::Null(false),
        "isnull" => Logic::Null(true),
        other => {
            let message = words::tr!("unknown logic \"{}\"", other);
            reader.problem(
                node.range.start,
                message,
                Some(words::text!(
                    "eq, neq, gt, egt, lt, elt, like, notlike, between, notnull and isnull are known"
                )),
            );
            return None;
        }
    })
}

/// The value of a test, compiled.
fn value(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Wanted> {
    let Some(node) = node.filter(|node| !matches!(node.value, super::json::Value::Null)) else {
        return Some(Wanted::Fixed(String::new()));
    };
    let value = match listed(reader, node) {
        Some(text) => Expression::fixed(&text),
        None => reader.expression(node)?,
    };
    if value.variables().contains(&Variable::LastSyncTime) {
        reader.warn(
            node.range.start,
            words::text!(
                "LAST_SYNC_TIME is not known where conditions are applied; the test holds for every record"
            ),
        );
    }
    let wanted = Wanted::new(value);
    if wanted.is_no_time() {
        reader.warn(
            node.range.start,
            words::text!(
                "what stands behind timestamp: is no point of time; the test holds for every record"
            ),
        );
    }
    Some(wanted)
}

/// The two values of `between`, written as a list.
fn listed(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let super::json::Value::Array(items) = &node.value else {
        return None;
    };
    let texts: Vec<String> = items
        .iter()
        .filter_map(|item| reader.text(Some(item), words::text!("a value of the test")))
        .collect();
    Some(texts.join(","))
}

impl Test {
    fn apply(&self, record: &mut Record, context: &Context) -> bool {
        let Some((array, items)) = self
            .path
            .list_on(record, None, None)
            .filter(|(array, _)| array != &self.path)
        else {
            let on = Evaluation::new(record, context);
            return self.logic.holds(self.path.find(record, None).value(), &on, None);
        };
        let on = Evaluation::new(record, context);
        let holds: Vec<bool> = items
            .iter()
            .map(|element| {
                let scope = super::path::Scope {
                    array: &array,
                    element,
                    outer: None,
                };
                self.logic
                    .holds(self.path.find(record, Some(&scope)).value(), &on, Some(&scope))
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
