//! `condition` of a source document: an OR of ANDs that decides which records are kept.
//!
//! What a test compares with may hold placeholders (`{{DAYS_AGO_30|datetime}}`). A value that cannot be computed decides
//! nothing: its test holds, because a record that was kept can still be dropped by somebody, and not the other way round.

use std::cmp::Ordering;

use serde_json::Value as Json;

use super::expression::{Context, Evaluation, Expression, Form, Scope, Source, Variable};
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

#[derive(Debug, Clone)]
enum Logic {
    Equal(Wanted, bool),
    Order(Wanted, &'static [Ordering]),
    Like(Wanted, bool),
    /// Two values with a comma between them.
    Between(Wanted),
    Null(bool),
}

/// What a test compares with.
#[derive(Debug, Clone)]
enum Wanted {
    Fixed(String),
    Computed {
        value: Box<Expression>,
        /// A point of time without a format, which is a number of seconds.
        is_time: bool,
    },
}

impl Wanted {
    fn new(value: Expression) -> Wanted {
        let is_time = match value.form() {
            Form::Reference(placeholder) => {
                placeholder.pipes.is_empty()
                    && matches!(
                        placeholder.source,
                        Source::Variable(Variable::CurrentTime | Variable::LastSyncTime | Variable::DaysAgo(_))
                    )
            }
            _ => false,
        };
        match value.form() {
            Form::Constant(text) => Wanted::Fixed(text.clone()),
            _ => Wanted::Computed {
                value: Box::new(value),
                is_time,
            },
        }
    }

    /// The text, unless it cannot be computed.
    fn text(&self, on: &Evaluation<'_>, scope: Option<&Scope<'_>>) -> Option<String> {
        match self {
            Wanted::Fixed(text) => Some(text.clone()),
            Wanted::Computed { value, is_time } => {
                let text = value.evaluate_in(on, scope).ok()?.into_text().into_owned();
                Some(if *is_time { format!("timestamp:{text}") } else { text })
            }
        }
    }
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
        let wanted = self.groups.iter().flatten().filter_map(|test| test.logic.wanted());
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
    let value = value(reader, get(members, "value"))?;
    let logic = match reader.text(get(members, "logic"), "logic").as_deref() {
        Some("eq") => Logic::Equal(value, true),
        Some("neq") => Logic::Equal(value, false),
        Some("gt") => Logic::Order(value, GREATER),
        Some("egt") => Logic::Order(value, AT_LEAST),
        Some("lt") => Logic::Order(value, LESS),
        Some("elt") => Logic::Order(value, AT_MOST),
        Some("like") => Logic::Like(value, true),
        Some("notlike") => Logic::Like(value, false),
        Some("between") => match &value {
            Wanted::Fixed(text) if !text.contains(',') => {
                reader.problem(
                    node.range.start,
                    "between needs two values, e.g. \"100,500\"",
                    None,
                );
                return None;
            }
            _ => Logic::Between(value),
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

/// The value of a test, compiled.
fn value(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Wanted> {
    let Some(node) = node.filter(|node| !matches!(node.value, super::json::Value::Null)) else {
        return Some(Wanted::Fixed(String::new()));
    };
    let value = reader.expression(node)?;
    if value.variables().contains(&Variable::LastSyncTime) {
        reader.warn(
            node.range.start,
            "LAST_SYNC_TIME is not known where conditions are applied; the test holds for every record",
        );
    }
    Some(Wanted::new(value))
}

impl Test {
    fn apply(&self, record: &mut Record, context: &Context) -> bool {
        let Some((array, items)) = self
            .path
            .array_on(record, None)
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

impl Logic {
    fn wanted(&self) -> Option<&Wanted> {
        match self {
            Logic::Equal(wanted, _)
            | Logic::Order(wanted, _)
            | Logic::Like(wanted, _)
            | Logic::Between(wanted) => Some(wanted),
            Logic::Null(_) => None,
        }
    }

    fn holds(&self, value: Option<&Json>, on: &Evaluation<'_>, scope: Option<&Scope<'_>>) -> bool {
        let text = value.map(text_of).unwrap_or_default();
        let other = match self.wanted().map(|wanted| wanted.text(on, scope)) {
            Some(None) => return true,
            Some(Some(other)) => other,
            None => String::new(),
        };
        let zone = on.zone().time_zone();
        match self {
            Logic::Null(wanted) => text.is_empty() == *wanted,
            Logic::Equal(_, wanted) => {
                (order(&text, &other, zone) == Some(Ordering::Equal) || text == *other) == *wanted
            }
            Logic::Order(_, allowed) => order(&text, &other, zone).is_some_and(|o| allowed.contains(&o)),
            Logic::Between(_) => {
                let (low, high) = other.split_once(',').unwrap_or((&other, &other));
                order(&text, low.trim(), zone).is_some_and(Ordering::is_ge)
                    && order(&text, high.trim(), zone).is_some_and(Ordering::is_le)
            }
            Logic::Like(_, wanted) => {
                let whole = match other.contains('%') {
                    true => other,
                    false => format!("%{other}%"),
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
fn order(text: &str, other: &str, zone: &jiff::tz::TimeZone) -> Option<Ordering> {
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
