//! What became of a record at a stage: one word for metrics, for the account of listed customers and for replay plans.

/// What became of a record. Of two copies settled at the same time the smaller one is accounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// Is in the form now.
    Loaded,
    /// Was in the form already, with the same content.
    Unchanged,
    /// Was known to be loaded, or is not known to the CRM, so no work was done.
    Skipped,
    /// Dropped by a rule.
    Filtered,
    /// A newer state of the customer came first.
    Superseded,
    /// A second copy of something already done.
    Duplicate,
    /// Thrown away by a person, with a reason in the audit log.
    Discarded,
    /// In the dead-letter queue of the stage; not the end, for it can be put back.
    Dead,
    /// Went on to the next stage.
    Forwarded,
    /// Waits for its next attempt in a retry queue.
    Retried,
    /// Stepped aside through a retry queue without counting an attempt.
    Parked,
    /// Stays unacknowledged until the gate opens.
    Held,
}

impl Disposition {
    /// Every disposition.
    pub const ALL: [Self; 12] = [
        Self::Loaded,
        Self::Unchanged,
        Self::Skipped,
        Self::Filtered,
        Self::Superseded,
        Self::Duplicate,
        Self::Discarded,
        Self::Dead,
        Self::Forwarded,
        Self::Retried,
        Self::Parked,
        Self::Held,
    ];

    /// The word in Redis, in metrics and in traces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Filtered => "filtered",
            Self::Superseded => "superseded",
            Self::Duplicate => "duplicate",
            Self::Discarded => "discarded",
            Self::Dead => "dead",
            Self::Forwarded => "forwarded",
            Self::Retried => "retried",
            Self::Parked => "parked",
            Self::Held => "held",
        }
    }

    /// Whether a handler may return it for a job that is done; the others follow from the other outcomes.
    #[must_use]
    pub const fn ends_handling(self) -> bool {
        matches!(
            self,
            Self::Loaded
                | Self::Unchanged
                | Self::Skipped
                | Self::Filtered
                | Self::Superseded
                | Self::Duplicate
                | Self::Forwarded
        )
    }

    /// Whether it closes a customer in the account. What is under way does not, and neither does a duplicate, which is
    /// a copy of something that is under way itself.
    #[must_use]
    pub(crate) const fn is_accounted(self) -> bool {
        matches!(
            self,
            Self::Loaded
                | Self::Unchanged
                | Self::Skipped
                | Self::Filtered
                | Self::Superseded
                | Self::Discarded
                | Self::Dead
        )
    }

    /// Whether a letter that was put back has come to its end with it.
    #[must_use]
    pub(crate) const fn ends_replay(self) -> bool {
        matches!(
            self,
            Self::Loaded
                | Self::Unchanged
                | Self::Skipped
                | Self::Filtered
                | Self::Superseded
                | Self::Duplicate
                | Self::Dead
        )
    }
}

/// Rules of the loader about customers that have left a filter: what became of their rows.
pub mod left_filter {
    /// The row stays as it is.
    pub const KEPT: &str = "left-filter-kept";
    /// The row was deleted.
    pub const REMOVED: &str = "left-filter-removed";
    /// The row was marked.
    pub const MARKED: &str = "left-filter-marked";
    /// There was no row.
    pub const NO_ROW: &str = "left-filter-no-row";
    /// The same of those whom a comparison has found in no listing.
    pub const UNLISTED_KEPT: &str = "left-filter-unlisted-kept";
    /// Deleted.
    pub const UNLISTED_REMOVED: &str = "left-filter-unlisted-removed";
    /// Marked.
    pub const UNLISTED_MARKED: &str = "left-filter-unlisted-marked";
    /// Not there.
    pub const UNLISTED_NO_ROW: &str = "left-filter-unlisted-no-row";

    /// The rule for a customer whom a comparison has found in no listing, or another one.
    #[must_use]
    pub fn of(rule: &'static str, unlisted: bool) -> &'static str {
        match rule {
            KEPT if unlisted => UNLISTED_KEPT,
            REMOVED if unlisted => UNLISTED_REMOVED,
            MARKED if unlisted => UNLISTED_MARKED,
            NO_ROW if unlisted => UNLISTED_NO_ROW,
            rule => rule,
        }
    }

    /// What became of the row, and whether a comparison took the customer away; `None`: another rule.
    #[must_use]
    pub fn row(rule: &str) -> Option<(&str, bool)> {
        let row = rule.strip_prefix("left-filter-")?;
        Some(match row.strip_prefix("unlisted-") {
            Some(row) => (row, true),
            None => (row, false),
        })
    }
}

/// What became of the row of a customer that has left a filter, by the rule that dropped the record.
pub(crate) fn row_of_who_left(rule: &str) -> Option<String> {
    let (row, unlisted) = left_filter::row(rule)?;
    let row = ["kept", "removed", "marked"].contains(&row).then_some(row)?;
    Some(match unlisted {
        true => format!("{row}:unlisted"),
        false => row.to_owned(),
    })
}

/// Why there was nothing to do for a customer, where that says where it is; reasons of the account of events.
pub mod skip {
    /// OKKI does not show it, and does not list it either, as far as is known.
    pub const UNKNOWN: &str = "okki-unknown";
    /// It has no row, and nothing says that it is within the filter of the listing.
    pub const OUTSIDE: &str = "outside-filter";
    /// What was shown is no newer than what is loaded.
    pub const NOT_NEWER: &str = "not-newer";
    /// Listed as deleted, and shown.
    pub const STILL_SHOWN: &str = "still-shown";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_copies_the_better_disposition_is_accounted() {
        assert!(Disposition::Loaded < Disposition::Superseded && Disposition::Superseded < Disposition::Dead);
    }

    #[test]
    fn only_ends_are_accounted_or_reported() {
        use Disposition::{Discarded, Duplicate, Forwarded, Held, Parked, Retried};
        let not = |is: fn(Disposition) -> bool| {
            let all = Disposition::ALL.into_iter();
            all.filter(move |disposition| !is(*disposition))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            not(Disposition::is_accounted),
            [Duplicate, Forwarded, Retried, Parked, Held]
        );
        assert_eq!(
            not(Disposition::ends_replay),
            [Discarded, Forwarded, Retried, Parked, Held]
        );
    }

    #[test]
    fn what_became_of_a_row_is_counted_apart_for_comparisons() {
        let of = |rule, unlisted| row_of_who_left(left_filter::of(rule, unlisted));
        assert_eq!(of(left_filter::KEPT, false).as_deref(), Some("kept"));
        assert_eq!(
            of(left_filter::REMOVED, true).as_deref(),
            Some("removed:unlisted")
        );
        assert_eq!(of(left_filter::NO_ROW, true), None);
        assert_eq!(of("removal-ignored", true), None);
    }

    #[test]
    fn names_are_words_of_their_own() {
        let names: std::collections::BTreeSet<_> = Disposition::ALL.map(Disposition::name).into();
        assert_eq!(names.len(), Disposition::ALL.len());
    }
}
