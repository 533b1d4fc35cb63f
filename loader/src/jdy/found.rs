//! A row of the form as the loader sees it.

use std::collections::HashMap;

/// A row of the form that carries a company id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundRow {
    pub(crate) id: String,
    /// Hash over the mapped widgets.
    pub(crate) content: String,
    /// Whether the key cell is written as it should be.
    pub(crate) is_key_right: bool,
    /// The key cell holds something else, and counts as right: whose row it is says its id alone.
    pub(crate) is_known_by_id: bool,
    /// When it was last written, vendor's clock, ms.
    pub(crate) written_ms: i64,
}

impl FoundRow {
    /// Hash over the mapped widgets; empty when the key cell is not written as it should be, so that the next record of
    /// the customer is written and repairs it.
    pub(crate) fn hash(&self) -> &str {
        match self.is_key_right {
            true => &self.content,
            false => "",
        }
    }
}

/// Rows by company id, the oldest first.
pub(crate) type Found = HashMap<String, Vec<FoundRow>>;
