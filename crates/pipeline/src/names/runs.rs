//! How runs of customers begin of whom nobody knows when they changed: their age is no lag.

/// Runs of `extractor sync --id`.
pub const ASKED_FOR: &str = "live-ids-";

/// Runs of webhook events about customers of whom nothing is loaded.
pub const UNKNOWN_HOOKS: &str = "live-hooks-new-";

/// Runs of `transformer mapping again`.
pub const MAPPED_AGAIN: &str = "again-";

/// Runs of a comparison with OKKI whose removals a person has allowed, however many they are.
pub const REMOVALS_ALLOWED: &str = "reconcile-allowed-";

/// An older state of such a customer is no change of now.
const YOUNG_S: i64 = 3_600;

/// Whether `age_s`, from the update time to the row, says how late a change has come.
pub(crate) fn is_lag(run: &str, age_s: i64) -> bool {
    let is_listed = ![ASKED_FOR, UNKNOWN_HOOKS, MAPPED_AGAIN]
        .iter()
        .any(|kind| run.starts_with(kind));
    is_listed || age_s < YOUNG_S
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_have_a_lag() {
        const MONTHS: i64 = 90 * 86_400;
        assert!(is_lag("live-1f", MONTHS) && is_lag("live-hooks-20261129", MONTHS));
        assert!(!is_lag("live-ids-1f", MONTHS) && !is_lag("live-hooks-new-20261129", MONTHS));
        assert!(!is_lag("again-1f", MONTHS), "mapped again");
        assert!(is_lag("live-hooks-new-20261129", 3), "created a moment ago");
    }
}
