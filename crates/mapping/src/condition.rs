//! `condition` of a source document: an OR of ANDs that decides which records are kept.
//!
//! What a test compares with may hold placeholders (`{{DAYS_AGO_30|datetime}}`). A value that cannot be computed decides
//! nothing: its test holds, because a record that was kept can still be dropped by somebody, and not the other way round.

mod compare;
mod read;
mod removals;
mod values;

use serde_json::Value as Json;

use super::expression::{Context, Evaluation};
use super::json::Node;
use super::path::Path;
use super::problem::Place;
use super::reader::Reader;
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

/// A test, for people.
#[derive(Debug, Clone, Copy)]
pub struct Tested<'c> {
    /// Where it stands in its document.
    pub place: Place,
    /// As it is written.
    pub text: &'c str,
    /// What it looks at.
    pub path: &'c Path,
    /// One entry of a list that fails drops the record.
    pub is_strict: bool,
    /// It asks for something not to be there.
    pub is_negative: bool,
}

#[derive(Debug, Clone)]
struct Test {
    place: Place,
    path: Path,
    logic: Logic,
    strict: bool,
    /// As it is written.
    text: String,
}

impl Condition {
    /// Whether it never drops anything.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The record paths that it reads.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.placed_paths().map(|(_, path)| path)
    }

    /// The same with the places of the tests that read them.
    pub fn placed_paths(&self) -> impl Iterator<Item = (Place, &Path)> {
        self.groups.iter().flatten().flat_map(|test| {
            let computed = test.logic.wanted().iter().flat_map(|wanted| match wanted {
                Wanted::Computed { value, .. } => value.paths(),
                Wanted::Fixed(_) => Vec::new(),
            });
            let paths = std::iter::once(&test.path).chain(computed);
            paths.map(|path| (test.place, path))
        })
    }

    /// The look-ups that it makes.
    pub fn lookups(&self) -> Vec<&super::lookup::Lookup> {
        let wanted = self.groups.iter().flatten().flat_map(|test| test.logic.wanted());
        wanted
            .flat_map(|wanted| match wanted {
                Wanted::Computed { value, .. } => value.lookups(),
                Wanted::Fixed(_) => Vec::new(),
            })
            .collect()
    }

    /// Decides; rows of an array that fail a non-strict test are removed from a kept record, as the platform documents it.
    /// A list without rows is what a key is that is not there.
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

    /// The tests, group by group.
    pub fn tests(&self) -> Vec<Vec<Tested<'_>>> {
        let groups = self.groups.iter();
        groups
            .map(|group| group.iter().map(Test::tested).collect())
            .collect()
    }

    /// The lists of which entries were removed, with how many of how many.
    pub fn removed(&self, before: &Record, after: &Record) -> Vec<(String, usize, usize)> {
        let mut found = Vec::new();
        for test in self.groups.iter().flatten() {
            let Some((list, items)) = test.path.list_on(before, None, None) else {
                continue;
            };
            let left = match list.find(after, None).value() {
                Some(Json::Array(left)) => left.len(),
                _ => continue,
            };
            let removed = (
                list.as_str().to_owned(),
                items.len().saturating_sub(left),
                items.len(),
            );
            if removed.1 > 0 && !found.contains(&removed) {
                found.push(removed);
            }
        }
        found
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
                .filter_map(|n| read::test(reader, n))
                .collect();
            match tests.is_empty() {
                false => groups.push(tests),
                true => reader.warn(
                    group.range.start,
                    words::text!(
                        "a group of condition without a test is left out, where the platform may keep everybody by it"
                    ),
                ),
            }
        }
        Condition { groups }
    }
}

impl Test {
    fn tested(&self) -> Tested<'_> {
        Tested {
            place: self.place,
            text: &self.text,
            path: &self.path,
            is_strict: self.strict,
            is_negative: self.logic.is_negative(),
        }
    }

    fn apply(&self, record: &mut Record, context: &Context) -> bool {
        let Some((array, items)) = self
            .path
            .list_on(record, None, None)
            .filter(|(array, items)| array != &self.path && !items.is_empty())
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
