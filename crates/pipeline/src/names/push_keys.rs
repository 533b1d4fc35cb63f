//! Redis keys of what the form's server has pushed about rows; the loader alone reads and writes them.

use super::LedgerKeys;

impl LedgerKeys {
    /// Sorted set: row that somebody has touched → when it is looked at next.
    #[must_use]
    pub fn pushed(&self) -> String {
        format!("{}pushed", self.prefix())
    }

    /// Hash: the same row → what was pushed about it.
    #[must_use]
    pub fn pushed_rows(&self) -> String {
        format!("{}pushed:rows", self.prefix())
    }

    /// Sorted set: as `pushed`, of rows whose customers the ledger does not know.
    #[must_use]
    pub fn pushed_unknown(&self) -> String {
        format!("{}pushed:unknown", self.prefix())
    }

    /// Counter with an expiry: how many of these were handed out within the minute.
    #[must_use]
    pub fn pushed_unknown_count(&self) -> String {
        format!("{}pushed:unknown:minute", self.prefix())
    }

    /// Sorted set: pushes that were taken → until when a repeated one is known as such.
    #[must_use]
    pub fn pushed_before(&self) -> String {
        format!("{}pushed:before", self.prefix())
    }
}
