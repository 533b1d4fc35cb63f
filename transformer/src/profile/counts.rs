//! How many records have what, by the paths that a mapping writes.

use super::{Profile, plain};

impl Profile {
    /// Records in which a path holds an object with something in it.
    pub(crate) fn parted(&self, path: &str) -> u64 {
        let below = format!("{}.", plain(path));
        let is_object = self.key(path).is_some_and(|key| key.types.contains_key("object"));
        let parts = self
            .keys
            .iter()
            .filter(|(name, _)| is_object && name.starts_with(&below));
        parts.map(|(_, key)| key.filled).max().unwrap_or(0)
    }

    /// Records in which a path holds something.
    pub(crate) fn filled(&self, path: &str) -> u64 {
        self.key(path).map_or(0, |key| key.filled)
    }

    /// The small numbers that a path holds.
    pub(crate) fn codes(&self, path: &str) -> Vec<(i64, u64)> {
        let codes = self.key(path).map(|key| &key.codes);
        codes
            .into_iter()
            .flatten()
            .map(|(code, count)| (*code, *count))
            .collect()
    }

    /// Records in which a path holds this number.
    pub(crate) fn code_count(&self, path: &str, code: i64) -> u64 {
        self.key(path)
            .and_then(|key| key.codes.get(&code))
            .copied()
            .unwrap_or(0)
    }

    /// Records in which a path holds a list with something in it. What an entry of a list holds is not known.
    pub(crate) fn listed(&self, path: &str) -> u64 {
        let is_entry = path.split(['.', '_']).next_back().is_some_and(is_number);
        match is_entry && !self.keys.contains_key(path) {
            true => 0,
            false => self.longer_than(path, 0),
        }
    }

    /// Records in which a list has more entries than these.
    pub(crate) fn longer_than(&self, list: &str, count: usize) -> u64 {
        let lengths = self.key(list).map(|key| &key.lengths);
        let longer = lengths
            .into_iter()
            .flatten()
            .filter(|(length, _)| **length > count);
        longer.map(|(_, records)| records).sum::<u64>().min(self.records)
    }
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}
