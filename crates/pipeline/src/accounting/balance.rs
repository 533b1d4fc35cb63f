//! The account of one run or of all, and whether it adds up.

use crate::disposition::Disposition;
use serde::Serialize;
use std::collections::BTreeMap;

/// Where the customers of a run (or of all runs) are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// The run, or `total`.
    pub run: String,
    /// When its first customer was listed, unix milliseconds.
    pub since_ms: Option<i64>,
    /// Customers listed.
    pub listed: u64,
    /// In the form now.
    pub loaded: u64,
    /// Were in the form already.
    pub unchanged: u64,
    /// Needed no work.
    pub skipped: u64,
    /// Dropped by a rule.
    pub filtered: u64,
    /// Of these, those that had left a filter and whose rows were kept.
    pub filtered_kept: u64,
    /// The same whose rows were deleted.
    pub filtered_removed: u64,
    /// The same whose rows were marked.
    pub filtered_marked: u64,
    /// Of these three, those that a comparison had found in no listing.
    pub filtered_unlisted: u64,
    /// Overtaken by a newer state.
    pub superseded: u64,
    /// Thrown away by a person.
    pub discarded: u64,
    /// In dead-letter queues.
    pub dead: u64,
    /// Not finished.
    pub in_flight: u64,
    /// Second copies of finished messages (crashes, redeliveries); not part of the sum.
    pub duplicates: u64,
    /// Since when the oldest unfinished customer is open, unix milliseconds.
    pub oldest_ms: Option<i64>,
}

impl Balance {
    pub(super) fn new(
        run: &str,
        counters: &BTreeMap<String, u64>,
        in_flight: u64,
        dead: u64,
        oldest_ms: Option<i64>,
    ) -> Self {
        let count = |name: &str| counters.get(name).copied().unwrap_or(0);
        Self {
            run: run.to_owned(),
            since_ms: counters.get("since").and_then(|ms| i64::try_from(*ms).ok()),
            listed: count("listed"),
            loaded: count(Disposition::Loaded.name()),
            unchanged: count(Disposition::Unchanged.name()),
            skipped: count(Disposition::Skipped.name()),
            filtered: count(Disposition::Filtered.name()),
            filtered_kept: count("filtered:kept"),
            filtered_removed: count("filtered:removed"),
            filtered_marked: count("filtered:marked"),
            filtered_unlisted: ["kept", "removed", "marked"]
                .map(|row| count(&format!("filtered:{row}:unlisted")))
                .iter()
                .sum(),
            superseded: count(Disposition::Superseded.name()),
            discarded: count(Disposition::Discarded.name()),
            dead,
            in_flight,
            duplicates: count("copies"),
            oldest_ms,
        }
    }

    /// Counters in the order of the balance, with their names.
    #[must_use]
    pub const fn parts(&self) -> [(&'static str, u64); 8] {
        [
            (Disposition::Loaded.name(), self.loaded),
            (Disposition::Unchanged.name(), self.unchanged),
            (Disposition::Skipped.name(), self.skipped),
            (Disposition::Filtered.name(), self.filtered),
            (Disposition::Superseded.name(), self.superseded),
            (Disposition::Discarded.name(), self.discarded),
            (Disposition::Dead.name(), self.dead),
            (words::mark!("in flight"), self.in_flight),
        ]
    }

    /// Listed customers that are nowhere (above zero), or more dispositions than customers (below).
    #[must_use]
    pub fn difference(&self) -> i64 {
        let accounted: u64 = self.parts().iter().map(|(_, count)| count).sum();
        self.listed.cast_signed() - accounted.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_names_what_is_missing() {
        let counters = [("listed", 10), ("loaded", 4), ("filtered", 2), ("copies", 3)];
        let counters = counters.map(|(name, count)| (name.to_owned(), count)).into();
        assert_eq!(Balance::new("r", &counters, 3, 1, None).difference(), 0);
        assert_eq!(Balance::new("r", &counters, 2, 1, None).difference(), 1);
        assert_eq!(Balance::new("r", &counters, 3, 2, None).difference(), -1);
    }
}
