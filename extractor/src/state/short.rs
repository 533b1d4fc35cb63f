//! How many customers a window was not shown, and what that is taken for.

use super::Run;
use serde::Deserialize;

impl Run {
    /// How many customers OKKI counts in the window, where it has shown fewer: one of both is wrong.
    #[must_use]
    pub(crate) fn falls_short_of(&self) -> Option<u64> {
        self.expected.filter(|_| self.short > 0)
    }

    /// Whether those are so many that somebody has to know at once. By a few a total may be too large.
    #[must_use]
    pub(crate) fn is_far_short(&self) -> bool {
        self.short >= 20 || self.short >= self.expected.unwrap_or(0).div_ceil(10).max(1)
    }

    /// Whether by so much a total may be too large: a part of it, and not where nobody was shown.
    pub(crate) const fn may_be_overstated(&self) -> bool {
        self.seen > 0 && self.short.saturating_mul(10) < self.seen.saturating_add(self.short)
    }

    /// Forgets what was shown, of which this process knows only a part.
    pub(crate) fn count_anew(&mut self) {
        self.shown.clear();
        self.seen = 0;
    }

    /// What is told of a window that was not shown whole, as JSON.
    pub(super) fn shortfall(&self) -> Option<String> {
        let expected = self.falls_short_of()?;
        let short =
            serde_json::json!({ "short": self.short, "expected": expected, "at_ms": self.finished_ms });
        Some(short.to_string())
    }
}

/// Reads what [`Run::shortfall`] has told.
pub(super) fn lacks_a_tenth(json: &str) -> bool {
    #[derive(Deserialize)]
    struct Shortfall {
        short: u64,
        expected: u64,
    }
    serde_json::from_str(json)
        .is_ok_and(|told: Shortfall| told.short > 0 && told.short.saturating_mul(10) >= told.expected)
}
