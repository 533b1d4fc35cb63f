//! One line of the books, and the question whether it adds up.

use crate::stage::Stage;
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of a listed customer. The order decides between two copies settled at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Is in the form now.
    Loaded,
    /// Was in the form with the same content.
    Unchanged,
    /// Was known to be loaded, or is not known to the CRM, so nothing was fetched.
    Skipped,
    /// Dropped by a rule.
    Filtered,
    /// A newer state of the customer came first.
    Superseded,
    /// Thrown away by a person, with a reason in the audit log.
    Discarded,
    /// In the dead-letter queue of the stage; not the end, for it can be put back.
    Dead(DeadStage),
}

/// [`Stage`] in a form that can be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadStage {
    /// [`Stage::Extract`]
    Extract,
    /// [`Stage::Transform`]
    Transform,
    /// [`Stage::Load`]
    Load,
}

impl Fate {
    /// In the dead-letter queue of this stage.
    #[must_use]
    pub const fn dead(stage: Stage) -> Self {
        Self::Dead(match stage {
            Stage::Extract => DeadStage::Extract,
            Stage::Transform => DeadStage::Transform,
            Stage::Load => DeadStage::Load,
        })
    }

    /// What a finished job means for the books, by its [`Tally`](crate::handler::Tally)'s name. Something forwarded is still under way, and a duplicate is a copy of
    /// something that is under way itself.
    #[must_use]
    pub fn of(tally: &str) -> Option<Self> {
        [
            Self::Loaded,
            Self::Unchanged,
            Self::Filtered,
            Self::Superseded,
            Self::Skipped,
        ]
        .into_iter()
        .find(|fate| fate.wire() == tally)
    }

    /// The word in the script's arguments and in the counters.
    pub(super) const fn wire(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Filtered => "filtered",
            Self::Superseded => "superseded",
            Self::Discarded => "discarded",
            Self::Dead(DeadStage::Extract) => "dead:extract",
            Self::Dead(DeadStage::Transform) => "dead:transform",
            Self::Dead(DeadStage::Load) => "dead:load",
        }
    }
}

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
            loaded: count("loaded"),
            unchanged: count("unchanged"),
            skipped: count("skipped"),
            filtered: count("filtered"),
            superseded: count("superseded"),
            discarded: count("discarded"),
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
            ("loaded", self.loaded),
            ("unchanged", self.unchanged),
            ("skipped", self.skipped),
            ("filtered", self.filtered),
            ("superseded", self.superseded),
            ("discarded", self.discarded),
            ("dead", self.dead),
            ("in flight", self.in_flight),
        ]
    }

    /// Listed customers that are nowhere (above zero), or more fates than customers (below).
    #[must_use]
    pub fn difference(&self) -> i64 {
        let accounted: u64 = self.parts().iter().map(|(_, count)| count).sum();
        self.listed.cast_signed() - accounted.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Tally;

    #[test]
    fn a_balance_names_what_is_missing() {
        let counters = [("listed", 10), ("loaded", 4), ("filtered", 2), ("copies", 3)];
        let counters = counters.map(|(name, count)| (name.to_owned(), count)).into();
        assert_eq!(Balance::new("r", &counters, 3, 1, None).difference(), 0);
        assert_eq!(Balance::new("r", &counters, 2, 1, None).difference(), 1);
        assert_eq!(Balance::new("r", &counters, 3, 2, None).difference(), -1);
    }

    #[test]
    fn of_two_copies_the_better_fate_comes_first() {
        assert!(Fate::Loaded < Fate::Superseded && Fate::Superseded < Fate::dead(Stage::Load));
        let of = |tally: Tally| Fate::of(tally.name());
        assert_eq!((of(Tally::Duplicate), of(Tally::Forwarded)), (None, None));
        for (tally, fate) in [
            (Tally::Loaded, Fate::Loaded),
            (Tally::Unchanged, Fate::Unchanged),
            (Tally::Filtered("x"), Fate::Filtered),
            (Tally::Superseded, Fate::Superseded),
            (Tally::Skipped, Fate::Skipped),
        ] {
            assert_eq!(of(tally), Some(fate));
        }
    }
}
