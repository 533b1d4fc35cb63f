//! One customer through two mappings, and what all of them say together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mapping::clean::clean_in;
use replay::letter::reveal::mask_json;
use serde_json::{Value, json};

use super::settings::Setting;
use crate::map::{Mapping, cell_json};
use proto::v1::field_value::Value as Cell;

/// What a mapping makes of a customer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// A row with these cells: field, caption, value.
    Row(Vec<(String, String, Option<Cell>)>),
    /// Dropped by the condition.
    Filtered,
    /// A dead letter, by this code of this caption.
    Dead(&'static str, String),
}

impl State {
    pub(super) fn of(mapping: &Mapping, detail: Value, now: Timestamp) -> anyhow::Result<State> {
        let mut record = clean_in(detail, mapping.zone())?;
        if mapping.filter(&mut record, now).is_some() {
            return Ok(State::Filtered);
        }
        Ok(match mapping.map(&record, now) {
            Ok(cells) => State::Row(cells.into_iter().map(|c| (c.field, c.label, c.value)).collect()),
            Err(error) => State::Dead(error.code, error.label),
        })
    }

    /// In words; a row needs none.
    pub(super) fn name(&self) -> String {
        match self {
            State::Row(_) => words::text!("a row").to_owned(),
            State::Filtered => words::text!("filtered").to_owned(),
            State::Dead(code, label) => words::tr!("a dead letter ({code}, {label})"),
        }
    }

    fn json(&self) -> Value {
        match self {
            State::Row(_) => "row".into(),
            State::Filtered => "filtered".into(),
            State::Dead(code, label) => json!({"dead": code, "label": label}),
        }
    }
}

/// A cell on one side: nothing when that side does not write the field, `null` for a blank one.
pub(super) type Side = Option<Value>;

/// One cell that changes.
#[derive(Debug)]
pub(super) struct Change {
    pub field: String,
    pub label: String,
    pub old: Side,
    pub new: Side,
}

/// A customer that differs.
#[derive(Debug)]
pub(super) struct Customer {
    pub id: String,
    /// What becomes of it before and after, when that is not a row both times.
    pub states: Option<[(String, Value); 2]>,
    pub cells: Vec<Change>,
}

/// What is known of all customers.
#[derive(Debug)]
pub(super) struct Report {
    pub fingerprints: [String; 2],
    pub settings: Vec<Setting>,
    pub customers: Vec<Customer>,
    /// Customers with a change, by field, with its caption.
    pub fields: BTreeMap<String, (String, usize)>,
    pub same: usize,
    pub differ: usize,
    pub cells: usize,
    /// Customers that change between a row, the filter and a dead letter.
    pub moved: usize,
    /// Customers that could not be read: id and why, the first of them.
    pub unread: Vec<(String, String)>,
    pub unread_count: usize,
}

impl Report {
    pub(super) fn new(old: &Mapping, new: &Mapping) -> Self {
        Self {
            fingerprints: [old.fingerprint().to_owned(), new.fingerprint().to_owned()],
            settings: Vec::new(),
            customers: Vec::new(),
            fields: BTreeMap::new(),
            same: 0,
            differ: 0,
            cells: 0,
            moved: 0,
            unread: Vec::new(),
            unread_count: 0,
        }
    }

    /// Counts a customer, and keeps it when it is one of those that are shown.
    pub(super) fn add(&mut self, id: &str, old: &State, new: &State, skip: usize, limit: usize) {
        let cells = match (old, new) {
            (State::Row(old), State::Row(new)) => changes(old, new),
            _ => Vec::new(),
        };
        let is_moved = !matches!((old, new), (State::Row(_), State::Row(_))) && old != new;
        if cells.is_empty() && !is_moved {
            self.same += 1;
            return;
        }
        for change in &cells {
            let field = self.fields.entry(change.field.clone());
            field.or_insert_with(|| (change.label.clone(), 0)).1 += 1;
        }
        self.cells += cells.len();
        self.moved += usize::from(is_moved);
        let shown = skip..skip.saturating_add(limit);
        let nth = self.differ;
        self.differ += 1;
        if shown.contains(&nth) {
            self.customers.push(Customer {
                id: id.to_owned(),
                states: is_moved.then(|| [old, new].map(|state| (state.name(), state.json()))),
                cells,
            });
        }
    }

    /// A customer that nothing can be said of.
    pub(super) fn unusable(&mut self, id: &str, why: &str, limit: usize) {
        self.unread_count += 1;
        if self.unread.len() < limit.max(1) {
            self.unread.push((id.to_owned(), why.to_owned()));
        }
    }

    pub(super) fn first_unusable(&self) -> Option<&str> {
        self.unread.first().map(|(_, why)| why.as_str())
    }

    pub(super) fn compared(&self) -> usize {
        self.same + self.differ
    }

    pub(super) fn is_same(&self) -> bool {
        self.differ == 0 && self.settings.is_empty()
    }

    /// More customers differ than are shown.
    pub(super) fn is_cut(&self, args: &super::DiffArgs) -> bool {
        self.differ > args.skip.saturating_add(args.limit)
    }

    /// Hides addresses and numbers, by caption and by form.
    pub(super) fn mask(&mut self) {
        for change in self.customers.iter_mut().flat_map(|customer| &mut customer.cells) {
            for value in [&mut change.old, &mut change.new].into_iter().flatten() {
                let mut cell = json!({"label": change.label, "value": value.take()});
                mask_json(&mut cell);
                *value = cell["value"].take();
            }
        }
    }
}

type Cells = [(String, String, Option<Cell>)];

/// The cells that are not alike, in the order of the new document, those that it does not write last.
fn changes(old: &Cells, new: &Cells) -> Vec<Change> {
    let json = |cell: &Option<Cell>| Some(cell.as_ref().map_or(Value::Null, cell_json));

    let written = new.iter().filter_map(|(field, label, cell)| {
        let before = old.iter().find(|cell| cell.0 == *field).map(|cell| &cell.2);
        (before != Some(cell)).then(|| Change {
            field: field.clone(),
            label: label.clone(),
            old: before.and_then(json),
            new: json(cell),
        })
    });
    let gone = old
        .iter()
        .filter(|cell| new.iter().all(|other| other.0 != cell.0));
    let gone = gone.map(|(field, label, cell)| Change {
        field: field.clone(),
        label: label.clone(),
        old: json(cell),
        new: None,
    });
    written.chain(gone).collect()
}
