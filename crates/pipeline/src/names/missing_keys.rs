//! Redis keys of the customers that the CRM lists and does not show.

use super::Namespace;

impl Namespace {
    /// Sorted set: customers that the CRM lists and does not show, by when that was last found.
    #[must_use]
    pub fn missing_key(&self) -> String {
        self.key("extract:missing")
    }

    /// Sorted set: the same by when it was found first.
    #[must_use]
    pub fn missing_since_key(&self) -> String {
        self.key("extract:missing:since")
    }

    /// Hash: the same with the update times that were listed.
    #[must_use]
    pub fn missing_wanted_key(&self) -> String {
        self.key("extract:missing:wanted")
    }
}
