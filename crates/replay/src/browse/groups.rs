//! Dead letters that died of the same thing, counted in memory that does not grow with the number of letters.

use crate::letter::{Letter, fingerprint::fingerprint, reveal::masked_record};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Groups counted one by one; letters of any further group are counted together.
const MOST: usize = 1_000;
/// Program versions named per group.
const VERSIONS: usize = 5;
/// Name of the group that takes the rest.
const REST: &str = "others";

/// One group.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its fingerprint, for `--group`.
    pub group: String,
    /// Reason code.
    pub code: String,
    /// Field at fault.
    pub field: Option<String>,
    /// Letters.
    pub count: u64,
    /// Unix milliseconds.
    pub first_failed_at: i64,
    /// Unix milliseconds.
    pub last_failed_at: i64,
    /// Letters that have been put back before.
    pub replayed_before: u64,
    /// Smallest company id.
    pub first_key: String,
    /// Largest company id.
    pub last_key: String,
    /// Program versions that gave up, some of them.
    pub versions: BTreeSet<String>,
    /// Id of the first letter.
    pub example_id: String,
    /// Its message, masked unless the operator asks to see it in full.
    pub example: String,
}

impl Group {
    fn add(&mut self, letter: &Letter, reveal: bool) {
        let record = &letter.record;
        let key = &record.company_id;
        if self.count == 0 {
            self.code.clone_from(&record.code);
            self.field.clone_from(&record.field);
            self.first_failed_at = record.first_failed_at;
            self.first_key.clone_from(key);
            self.last_key.clone_from(key);
            self.example_id.clone_from(&record.id);
            self.example = match reveal {
                true => record.message.clone(),
                false => masked_record(letter).message,
            };
        }
        self.count += 1;
        self.replayed_before += u64::from(record.replays > 0);
        self.first_failed_at = self.first_failed_at.min(record.first_failed_at);
        self.last_failed_at = self.last_failed_at.max(record.last_failed_at);
        // Ids are numbers of differing length.
        let size = |id: &String| (id.len(), id.clone());
        if size(key) < size(&self.first_key) {
            self.first_key.clone_from(key);
        }
        if size(key) > size(&self.last_key) {
            self.last_key.clone_from(key);
        }
        if self.versions.len() < VERSIONS && !record.program_version.is_empty() {
            self.versions.insert(record.program_version.clone());
        }
    }
}

/// Letters counted by group.
#[derive(Debug, Default)]
pub struct Groups {
    groups: BTreeMap<String, Group>,
    reveal: bool,
}

impl Groups {
    /// Groups whose examples are shown as they are, or masked.
    #[must_use]
    pub fn shown(reveal: bool) -> Self {
        Self {
            reveal,
            ..Self::default()
        }
    }

    /// Counts a letter.
    pub fn add(&mut self, letter: &Letter) {
        let mut name = fingerprint(&letter.record);
        if self.groups.len() >= MOST && !self.groups.contains_key(&name) {
            REST.clone_into(&mut name);
        }
        let reveal = self.reveal;
        let group = self.groups.entry(name).or_insert_with_key(|name| Group {
            group: name.clone(),
            ..Group::default()
        });
        group.add(letter, reveal);
    }

    /// The groups, the largest first.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Group> {
        let mut groups: Vec<_> = self.groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        groups
    }
}
