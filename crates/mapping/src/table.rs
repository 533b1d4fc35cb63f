//! Tables for look-ups: rows of named columns, found by the texts of some of them.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::lookup::Lookup;
use super::presence::nearest;
use super::record::text_of;

/// What a look-up gives whose key no row has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// Nothing.
    #[default]
    Empty,
    /// The key itself.
    Keep,
    /// An error of the record.
    Dead,
}

/// One table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    /// Names that documents use for columns.
    aliases: HashMap<String, String>,
    /// By the columns that it serves: text of those columns → row. The first of several rows counts.
    indexes: HashMap<Vec<usize>, HashMap<Vec<String>, Place>>,
    /// What a missing key gives.
    pub missing: Missing,
}

/// All tables, by the collection that documents name.
#[derive(Debug, Clone, Default)]
pub struct Tables(BTreeMap<String, Table>);

impl Tables {
    /// The table of a collection.
    pub fn get(&self, collection: &str) -> Option<&Table> {
        self.0.get(collection)
    }

    /// Adds or replaces a table.
    pub fn insert(&mut self, collection: String, table: Table) {
        self.0.insert(collection, table);
    }

    /// The collections that there are tables for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Makes the tables ready for a look-up, or says why it cannot be made.
    pub fn serve(&mut self, lookup: &Lookup) -> Result<(), String> {
        let Some(table) = self.0.get_mut(&lookup.collection) else {
            let near = nearest(&lookup.collection, self.0.keys().map(String::as_str));
            let meant = near.first().map(|name| words::tr!(" ({name} is there)"));
            return Err(words::tr!(
                "no table is given for the collection {}{}",
                lookup.collection,
                meant.unwrap_or_default()
            ));
        };
        table.serve(lookup)
    }
}

impl Table {
    /// A table; rows are as long as there are columns, shorter ones are filled up with nothing.
    pub fn new(columns: Vec<String>, rows: Vec<Vec<Value>>) -> Table {
        Table {
            columns,
            rows,
            ..Table::default()
        }
    }

    /// Lets documents call a column by another name.
    pub fn alias(&mut self, name: String, column: String) {
        self.aliases.insert(name, column);
    }

    /// The columns as the table calls them.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Whether it has a column of this name by itself, nested ones glued.
    pub fn has(&self, name: &str) -> bool {
        let glued = name.replace('.', "_");
        self.columns
            .iter()
            .any(|column| *column == name || *column == glued)
    }

    /// Columns and cells, as texts.
    pub fn content(&self) -> impl Iterator<Item = String> {
        let cells = self.rows.iter().flatten().map(|cell| text_of(cell).into_owned());
        self.columns.iter().cloned().chain(cells)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn column(&self, name: &str) -> Option<usize> {
        let name = self.aliases.get(name).map_or(name, String::as_str);
        let at = |name: &str| self.columns.iter().position(|column| column == name);
        // A nested value of a row is glued, however the document writes it.
        at(name).or_else(|| at(&name.replace('.', "_")))
    }

    /// What of the rows is not as it seems for a look-up that the table serves.
    pub fn remarks(&self, lookup: &Lookup) -> Vec<String> {
        let mut told = Vec::new();
        let name = &lookup.collection;
        if self.rows.is_empty() {
            told.push(words::tr!(
                "the table of {name} has no rows, so nothing is found in it"
            ));
        }
        let by: Option<Vec<usize>> = lookup
            .columns()
            .iter()
            .map(|column| self.column(column))
            .collect();
        let served = by.and_then(|by| self.indexes.get(&by));
        // Nobody looks for an empty key.
        let keyed = served
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.iter().any(|text| !text.is_empty()));
        let (keys, rows) = keyed.fold((0, 0), |(keys, rows), (_, place)| (keys + 1, rows + place.rows));
        if rows > keys {
            let by = lookup.columns().join(" and ");
            told.push(words::tr!(
                "{} of the {} rows of {name} have the {by} of an earlier one; the first of them counts",
                rows - keys,
                self.rows.len()
            ));
        }
        let short = self
            .rows
            .iter()
            .filter(|row| row.len() < self.columns.len())
            .count();
        if short > 0 {
            told.push(words::tr!(
                "{short} of the {} rows of {name} have fewer cells than there are columns; is a quote not closed?",
                self.rows.len()
            ));
        }
        let twice =
            |(n, column): &(usize, &String)| self.columns.iter().take(*n).any(|earlier| earlier == *column);
        if let Some((_, column)) = self.columns.iter().enumerate().find(twice) {
            told.push(words::tr!(
                "the column {column} of {name} stands twice; the first one counts"
            ));
        }
        told
    }

    fn serve(&mut self, lookup: &Lookup) -> Result<(), String> {
        let missing = |table: &Table, name: &str| {
            let has = match table.columns.is_empty() {
                true => words::text!("it is empty").to_owned(),
                false => words::tr!("it has {}", words::list(&table.columns)),
            };
            words::tr!(
                "the table of the collection {} has no column {name}; {has}",
                lookup.collection
            )
        };
        if self.column(&lookup.field).is_none() {
            return Err(missing(self, &lookup.field));
        }
        let mut by = Vec::new();
        for name in lookup.columns() {
            by.push(self.column(name).ok_or_else(|| missing(self, name))?);
        }
        if !self.indexes.contains_key(&by) {
            let mut index = HashMap::with_capacity(self.rows.len());
            for (n, row) in self.rows.iter().enumerate() {
                let key: Vec<String> = by.iter().map(|column| key_of(row, *column)).collect();
                index.entry(key).or_insert(Place { first: n, rows: 0 }).rows += 1;
            }
            self.indexes.insert(by, index);
        }
        Ok(())
    }

    /// The field of the first row whose columns have one of the wanted texts each.
    pub(super) fn find(&self, wanted: &[(&str, Vec<String>)], field: &str) -> Option<&Value> {
        let column = self.column(field)?;
        let by: Vec<usize> = wanted
            .iter()
            .map(|(name, _)| self.column(name))
            .collect::<Option<_>>()?;
        let index = self.indexes.get(&by)?;
        let row = combinations(wanted)
            .filter_map(|key| index.get(&key))
            .map(|place| place.first)
            .min()
            .and_then(|n| self.rows.get(n))?;
        Some(row.get(column).unwrap_or(&Value::Null))
    }
}

/// The rows of one key.
#[derive(Debug, Clone, Copy)]
struct Place {
    first: usize,
    rows: usize,
}

fn key_of(row: &[Value], column: usize) -> String {
    let text = row.get(column).map(text_of).unwrap_or_default();
    text.trim().to_owned()
}

/// Every choice of one text per column.
fn combinations<'w>(wanted: &'w [(&str, Vec<String>)]) -> impl Iterator<Item = Vec<String>> + use<'w> {
    let count = wanted.iter().map(|(_, texts)| texts.len()).product::<usize>();
    (0..count.min(10_000)).map(move |mut n| {
        let pick = |(_, texts): &(&str, Vec<String>)| {
            let text = texts[n % texts.len()].clone();
            n /= texts.len();
            text
        };
        wanted.iter().map(pick).collect()
    })
}
