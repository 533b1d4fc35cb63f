//! What a process remembers of the calls of a day, for a Redis that forgets.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::bucket::Bucket;

/// A bucket's count of one day, as Redis told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// Since when Redis counts without having lost its memory, microseconds.
    pub(super) era: i64,
    /// Days since 1970 in the bucket's zone.
    pub(super) day: i64,
    /// Calls of that day.
    pub(super) used: i64,
}

impl Count {
    const NONE: Self = Self {
        era: 0,
        day: -1,
        used: 0,
    };
}

/// The last count of each bucket that this process was told.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<HashMap<String, Count>>);

impl Counts {
    pub(super) fn of(&self, buckets: &[&Bucket]) -> Vec<Count> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |bucket: &&Bucket| counts.get(&bucket.name).copied().unwrap_or(Count::NONE);
        buckets.iter().map(known).collect()
    }

    pub(super) fn told(&self, buckets: &[&Bucket], told: Vec<Count>) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (bucket, count) in buckets.iter().zip(told) {
            let known = counts.entry(bucket.name.clone()).or_insert(Count::NONE);
            // Answers may overtake each other; a new era or day replaces what was known in any case.
            let same = known.era == count.era && known.day == count.day;
            if !same || count.used > known.used {
                *known = count;
            }
        }
    }
}
