//! Tables whose rows are a hash in Redis: who has a connection hands them in.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use mapping::{Table, Tables};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::rows::Rows;
use super::{Declared, Sources};

/// The rows of a hash as they were read last.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// An object of keys, as a file holds it.
    pub(super) text: Arc<str>,
    /// What changes with the text: no time, though it looks like that of a file.
    pub(super) stamp: (SystemTime, u64),
}

impl Sources {
    /// Collection and hash of each table that is in Redis.
    pub fn hashes(&self) -> Vec<(String, String)> {
        let named = |(collection, declared): (&String, &Declared)| {
            Some((collection.clone(), declared.redis.clone()?))
        };
        self.declared.iter().filter_map(named).collect()
    }

    /// Takes the fields of a hash; [`Self::refresh`] makes the table of them.
    pub fn give(&self, collection: &str, fields: BTreeMap<String, String>) {
        let row = |(key, text): (String, String)| {
            let columns = serde_json::from_str::<Map<String, Value>>(&text);
            (key, columns.map_or(Value::String(text), Value::Object))
        };
        let text = Value::Object(fields.into_iter().map(row).collect()).to_string();
        let mut hash = Sha256::new();
        hash.update(&text);
        // Sixteen digits of the digest fit into the nanoseconds of a time.
        let moment = SystemTime::UNIX_EPOCH + Duration::from_nanos(number(hash) >> 2);
        let stamp = (moment, text.len() as u64);
        let given = Given {
            text: text.into(),
            stamp,
        };
        self.given
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(collection.to_owned(), given);
    }

    pub(super) fn given(&self, collection: &str) -> Option<Given> {
        self.given
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(collection)
            .cloned()
    }

    /// What stands in for a hash that nobody has asked for: its columns without a row.
    pub(super) fn nobody_asked(&self, collection: &str) -> Rows {
        let asked = self
            .wanted
            .iter()
            .filter(|lookup| lookup.collection == collection);
        let mut columns: Vec<String> = Vec::new();
        for lookup in asked {
            for name in lookup.columns().into_iter().chain([lookup.field.as_str()]) {
                if !columns.iter().any(|known| known == name) {
                    columns.push(name.to_owned());
                }
            }
        }
        (columns, Vec::new())
    }

    /// In words, the tables whose rows are in Redis, which was not asked.
    pub fn unasked(&self) -> Vec<String> {
        let told = |(collection, hash): (&str, &str)| {
            words::tr!("the rows of {collection} are those of the hash {hash} in Redis, which was not asked")
        };
        self.not_asked().into_iter().map(told).collect()
    }

    /// Hashes by collection that no rows are known of.
    pub(super) fn not_asked(&self) -> BTreeMap<&str, &str> {
        let of = |(collection, declared): (&'_ String, &'_ Declared)| {
            declared.redis.is_some() && declared.file.is_none() && self.given(collection).is_none()
        };
        let left = self.declared.iter().filter(|it| of(*it));
        left.filter_map(|(collection, declared)| Some((collection.as_str(), declared.redis.as_deref()?)))
            .collect()
    }
}

/// Of everything in the tables; the same in every replica.
pub(super) fn digest(tables: &Tables) -> u64 {
    let mut hash = Sha256::new();
    for name in tables.names() {
        hash.update(name);
        for piece in tables.get(name).into_iter().flat_map(Table::content) {
            hash.update(piece.as_bytes());
            hash.update([0]);
        }
    }
    number(hash)
}

/// The first sixteen hex digits.
fn number(hash: Sha256) -> u64 {
    let bytes = hash.finalize();
    bytes
        .iter()
        .take(8)
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}
