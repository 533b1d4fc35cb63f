//! The tables of look-ups: read from the files that the additions name, and again when those have changed; or from hashes
//! in Redis, which are handed in.
//!
//! `"lookup": {"<collection>": {"file": "shops.csv", "key": "name", "field": "code", "missing": "empty"}}`; a file is
//! CSV with a line of names, or JSON: an array of objects, one object per line, or an object of keys. `key` and `field`
//! say what the file calls the columns that documents name otherwise.

mod file;
mod hash;
mod names;
mod rows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock, RwLockWriteGuard};
use std::time::SystemTime;

pub(crate) use file::LARGEST_FILE;
use hash::{Given, digest};
use mapping::{Lookup, Missing, Place, Problem, Table, Tables};
use names::Names;
use serde::Deserialize;

/// Most rows of a table.
pub(crate) const MOST_ROWS: usize = 200_000;

/// Where the rows of a collection are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declared {
    /// Relative to the additions. Beside a hash it is for commands that do not ask Redis.
    #[serde(default)]
    file: Option<PathBuf>,
    /// Name of a hash in Redis: key of a row → its columns as JSON, or the one value.
    #[serde(default)]
    redis: Option<String>,
    /// What the file calls the columns that rows are found by.
    #[serde(default)]
    key: Names,
    /// What it calls the columns that are wanted.
    #[serde(default)]
    field: Names,
    #[serde(default)]
    missing: Rule,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rule {
    #[default]
    Empty,
    Keep,
    Dead,
}

/// A look-up of the document, with what a problem about it needs.
pub(super) struct WantedLookup {
    pub lookup: Lookup,
    pub label: Option<String>,
    pub place: Option<Place>,
}

/// The tables and the files that they come from.
#[derive(Debug)]
pub struct Sources {
    folder: PathBuf,
    declared: BTreeMap<String, Declared>,
    wanted: Vec<Lookup>,
    read: RwLock<Read>,
    /// Rows of hashes, by collection.
    given: RwLock<BTreeMap<String, Given>>,
}

#[derive(Debug, Default)]
struct Read {
    tables: Arc<Tables>,
    stamps: Vec<Stamp>,
    /// The files as they were at the last look; one that is still being written looks different at the next.
    seen: Vec<Stamp>,
    digest: u64,
}

/// What tells a changed file: time and size.
type Stamp = Option<(SystemTime, u64)>;

impl Sources {
    /// Reads all tables and makes them ready; every problem at once.
    pub(super) fn open(
        declared: BTreeMap<String, Declared>,
        folder: &Path,
        of_table: &dyn Fn(&str, String) -> Problem,
        wanted: Vec<WantedLookup>,
        document: &str,
    ) -> Result<Sources, Vec<Problem>> {
        let mut sources = Sources {
            folder: folder.to_owned(),
            declared,
            wanted: wanted.iter().map(|wanted| wanted.lookup.clone()).collect(),
            read: RwLock::default(),
            given: RwLock::default(),
        };
        let stamps = sources.stamps();
        let (mut tables, mut problems) = (Tables::default(), Vec::new());
        for (collection, declared) in &sources.declared {
            match sources.table(collection, declared) {
                Ok(table) => tables.insert(collection.clone(), table),
                Err(why) => {
                    let message = words::of(format_args!("lookup.{collection}"), why);
                    problems.push(of_table(collection, message));
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        for WantedLookup { lookup, label, place } in wanted {
            if let Err(why) = tables.serve(&lookup) {
                let mut problem = Problem::new(document, why).remedy(words::tr!(
                    "give it in the additions: \"lookup\": {{\"{}\": {{\"file\": \"table.csv\", \"key\": \"{}\", \"field\": \"{}\"}}}}",
                    lookup.collection,
                    lookup.columns().first().copied().unwrap_or_default(),
                    lookup.field
                ));
                problem.label = label;
                problem.place = place;
                problems.push(problem);
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        sources.read = RwLock::new(Read {
            digest: digest(&tables),
            tables: Arc::new(tables),
            seen: stamps.clone(),
            stamps,
        });
        Ok(sources)
    }

    /// The tables as they were read last.
    pub fn tables(&self) -> Arc<Tables> {
        match self.read.read() {
            Ok(read) => Arc::clone(&read.tables),
            Err(poisoned) => Arc::clone(&poisoned.into_inner().tables),
        }
    }

    /// Whether there is anything that could change.
    pub fn is_empty(&self) -> bool {
        self.declared.is_empty()
    }

    /// Changes with the content of any table; `None` without tables.
    pub fn digest(&self) -> Option<u64> {
        let read = match self.read.read() {
            Ok(read) => read,
            Err(poisoned) => poisoned.into_inner(),
        };
        (!self.declared.is_empty()).then_some(read.digest)
    }

    /// Collection and rows of each table.
    pub fn sizes(&self) -> Vec<(String, usize)> {
        let tables = self.tables();
        let size = |name: &str| (name.to_owned(), tables.get(name).map_or(0, Table::len));
        tables.names().map(size).collect()
    }

    /// Reads the files again when one has changed and was not touched since the last call, and says whether it has. A file that cannot be used leaves all tables
    /// as they are.
    ///
    /// # Errors
    /// Which file cannot be used and why; it is said again only when the file has changed again.
    pub fn refresh(&self) -> Result<bool, String> {
        let stamps = self.stamps();
        {
            let mut kept = self.kept();
            let is_known = kept.stamps == stamps;
            let is_settled = std::mem::replace(&mut kept.seen, stamps.clone()) == stamps;
            if is_known || !is_settled {
                return Ok(false);
            }
        }
        let read = self.read_all();
        let mut kept = self.kept();
        kept.stamps = stamps;
        let tables = read?;
        kept.digest = digest(&tables);
        kept.tables = Arc::new(tables);
        Ok(true)
    }

    fn kept(&self) -> RwLockWriteGuard<'_, Read> {
        match self.read.write() {
            Ok(kept) => kept,
            Err(poisoned) => poisoned.into_inner(),
        }
    }

    fn read_all(&self) -> Result<Tables, String> {
        let mut tables = Tables::default();
        for (collection, declared) in &self.declared {
            let table = self
                .table(collection, declared)
                .map_err(|why| words::of(format_args!("lookup.{collection}"), why))?;
            tables.insert(collection.clone(), table);
        }
        for lookup in &self.wanted {
            tables.serve(lookup)?;
        }
        Ok(tables)
    }

    fn table(&self, collection: &str, declared: &Declared) -> Result<Table, String> {
        let (columns, rows) = match (self.given(collection), &declared.file, &declared.redis) {
            (Some(given), ..) => rows::of_json(&given.text, declared)?,
            (None, Some(file), _) => self.of_file(file, declared)?,
            (None, None, Some(_)) => self.nobody_asked(collection),
            (None, None, None) => return Err(words::text!("file or redis is needed").to_owned()),
        };
        let mut table = Table::new(columns, rows);
        table.missing = match declared.missing {
            Rule::Empty => Missing::Empty,
            Rule::Keep => Missing::Keep,
            Rule::Dead => Missing::Dead,
        };
        let asked = self
            .wanted
            .iter()
            .filter(|lookup| lookup.collection == collection);
        let asked: Vec<&Lookup> = asked.collect();
        declared
            .field
            .is_clear("field", &table, asked.iter().map(|lookup| lookup.field.as_str()))?;
        let keys = asked
            .iter()
            .filter_map(|lookup| match lookup.columns().as_slice() {
                [one] => Some(*one),
                _ => None,
            });
        declared.key.is_clear("key", &table, keys)?;
        for lookup in asked {
            declared.field.alias(&mut table, &[&lookup.field]);
            declared.key.alias(&mut table, &lookup.columns());
        }
        Ok(table)
    }

    /// What of the tables' rows is not as it seems.
    pub(super) fn remarks(&self, of_table: &dyn Fn(&str, String) -> Problem) -> Vec<Problem> {
        let tables = self.tables();
        let of_redis = self.not_asked();
        let here = self
            .wanted
            .iter()
            .filter(|lookup| !of_redis.contains_key(lookup.collection.as_str()));
        let told = here.flat_map(|lookup| {
            let remarks = tables.get(&lookup.collection).map(|table| table.remarks(lookup));
            let remarks = remarks.into_iter().flatten();
            remarks.map(|message| (message, lookup.collection.as_str()))
        });
        let mut told: Vec<(String, &str)> = told.collect();
        told.extend(of_redis.iter().map(|(collection, hash)| {
            let message = words::tr!(
                "the rows of {collection} are those of the hash {hash} in Redis; commands that do not ask Redis find none, \
                 unless \"file\" gives them some"
            );
            (message, *collection)
        }));
        told.sort_unstable();
        told.dedup();
        told.into_iter()
            .map(|(message, collection)| of_table(collection, message))
            .collect()
    }
}
