//! A mapping beside what is known of OKKI's answers: the standard fields, and records that were seen. Keys that nobody has,
//! and values that a document loses without a word.

mod codes;
mod keys;
mod lists;
mod rows;
mod traps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use mapping::clean::{Collision, clean};
use mapping::{Path, Presence, Problem, Record, keys as keys_of};

use crate::map::Mapping;
use crate::profile::Profile;

pub(crate) use keys::{absent, unknown_keys};
pub(crate) use traps::traps;

/// An answer with every standard field.
static STANDARD: LazyLock<Record> = LazyLock::new(|| {
    let answer = serde_json::from_str(include_str!("okki.json"));
    let answer = answer.ok().and_then(|answer| clean(answer).ok());
    answer.unwrap_or_default()
});

/// What is known of records.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Records that were seen, if any were given.
    seen: Option<(Profile, Record)>,
    /// Key → ids of the fields that become it, of those that become the same one.
    collided: BTreeMap<String, Vec<String>>,
    /// Keys of the account's own dictionary of fields.
    listed: BTreeSet<String>,
}

impl Known {
    /// The standard fields alone.
    pub(crate) fn standard() -> Known {
        let origin = ["origin_list", "origin"].map(str::to_owned).to_vec();
        Known {
            seen: None,
            listed: BTreeSet::new(),
            collided: BTreeMap::from([("基本信息客户来源".to_owned(), origin)]),
        }
    }

    /// The same with fields of one name.
    pub(crate) fn collided(mut self, collisions: Vec<Collision>) -> Known {
        let found = collisions
            .into_iter()
            .map(|collision| (collision.key, collision.ids));
        self.collided.extend(found);
        self
    }

    /// The same with keys that the account has, whether a record has them or not.
    pub(crate) fn listed(mut self, keys: Vec<String>) -> Known {
        self.listed.extend(keys);
        self
    }

    /// The standard fields and records that were seen.
    pub(crate) fn with(profile: Profile) -> Known {
        let sample = profile.sample();
        Known {
            seen: Some((profile, sample)),
            ..Known::standard()
        }
    }

    /// The records that were seen.
    fn profile(&self) -> Option<&Profile> {
        self.seen
            .as_ref()
            .map(|(profile, _)| profile)
            .filter(|profile| profile.records() > 0)
    }

    fn in_standard(path: &Path) -> Presence {
        path.presence(&STANDARD)
    }

    fn in_seen(&self, path: &Path) -> Option<Presence> {
        let (_, sample) = self.seen.as_ref().filter(|(profile, _)| profile.records() > 0)?;
        Some(path.presence(sample))
    }

    /// Whether OKKI documents a list there, or a customer seen had one.
    fn is_list(&self, path: &str) -> bool {
        let is_documented = matches!(
            Path::new(path).find(&STANDARD, None).value(),
            Some(serde_json::Value::Array(_))
        );
        is_documented
            || self
                .profile()
                .is_some_and(|profile| profile.longer_than(path, 0) > 0)
    }

    /// The names of all keys that are known.
    fn names(&self) -> BTreeSet<String> {
        let mut names = keys_of(&STANDARD);
        if let Some((_, sample)) = &self.seen {
            names.extend(keys_of(sample));
        }
        names.extend(self.listed.iter().cloned());
        names
    }
}

/// Everything that what is known says about a mapping.
pub(crate) fn remarks(mapping: &Mapping, known: &Known, document: &str) -> Vec<Problem> {
    let mut found = unknown_keys(mapping, known, document);
    found.extend(traps(mapping, known, document));
    let removed = mapping
        .condition()
        .removals(|list| known.is_list(list))
        .into_iter();
    found.extend(removed.map(|(place, message)| Problem::new(mapping.extras_name(), message).at(place)));
    for parameter in mapping.parameters() {
        let read = keys::reads(parameter);
        for (key, ids) in &known.collided {
            if read.iter().any(|path| path.as_str() == key) {
                let message = words::tr!(
                    "OKKI has {} fields called {key} ({}); a value wins over an empty one, a plain value over a list, \
                     else the later one",
                    ids.len(),
                    words::list(ids)
                );
                found.push(keys::of(parameter, document, message));
            }
        }
    }
    found
}
