//! Redis keys of the loader's commands and of its look at rows without a key; those of ledger and index stand in `keys`.

use super::{LedgerKeys, Namespace};

/// What `loader adopt` works with; all of it can be read again.
#[derive(Debug, Clone)]
pub struct AdoptKeys {
    /// Set: rows without a key.
    pub keyless: String,
    /// Hash: row without a key → customer, as the ledger knows them.
    pub known: String,
    /// Hash: hash of what is compared → customer that waits with it, or `*` for several.
    pub customers: String,
    /// Hash: hash of what is compared → row without a key that shows it, or `*` for several.
    pub rows: String,
    /// Hash: customer → the row that is meant for it, or `*` for several.
    pub taken: String,
}

impl LedgerKeys {
    /// Hash: customer → its removal, which waits for a person.
    #[must_use]
    pub fn parked_removals(&self) -> String {
        format!("{}removals:parked", self.prefix())
    }

    /// List: what was decided about removals, JSON.
    #[must_use]
    pub fn removal_log(&self) -> String {
        format!("{}removals:log", self.prefix())
    }
}

impl Namespace {
    /// Hash: whether the form had rows without a key, and for which index that was asked.
    #[must_use]
    pub fn keyless_key(&self) -> String {
        self.key("keyless")
    }

    /// Lease: who writes keys into rows that have none.
    #[must_use]
    pub fn keyless_lease_key(&self) -> String {
        self.key("lease:keyless")
    }

    /// The keys of `loader adopt`.
    #[must_use]
    pub fn adopt_keys(&self) -> AdoptKeys {
        let key = |what: &str| self.key(format_args!("adopt:{what}"));
        AdoptKeys {
            keyless: key("keyless"),
            known: key("known"),
            customers: key("customers"),
            rows: key("rows"),
            taken: key("taken"),
        }
    }

    /// Text: how far `loader reconcile` has come, JSON.
    #[must_use]
    pub fn reconcile_key(&self) -> String {
        self.key("reconcile")
    }
}
