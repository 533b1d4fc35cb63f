//! Every Redis key of the product. The braces make the namespace the hash tag, so that scripts over several keys work on
//! Redis Cluster.
//!
//! What a key holds is said here in a word; the layout stands with the one part that reads and writes it.

use super::Namespace;
use crate::stage::Stage;
use std::fmt;

/// What a run was listed for, and what became of it.
#[derive(Debug, Clone)]
pub struct RunKeys {
    /// Hash: counters by disposition.
    pub counters: String,
    /// Sorted set: customers without a final disposition, by the time of listing.
    pub open: String,
    /// Hash: customer → stage of its dead letter.
    pub dead: String,
}

/// The keys of one form's ledger. Its scripts work on as many rows as a batch has, so they are given the prefix and
/// append `row:<customer>`, `batch:<id>` and `fence` (number: the last fence that was given out) themselves.
#[derive(Debug, Clone)]
pub struct LedgerKeys(String);

impl LedgerKeys {
    /// What all of them begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.0
    }

    /// Hash: what is known of a customer's row.
    #[must_use]
    pub fn row(&self, company: &str) -> String {
        format!("{}row:{company}", self.0)
    }

    /// Hash: a claimed batch.
    #[must_use]
    pub fn batch(&self, batch: &str) -> String {
        format!("{}batch:{batch}", self.0)
    }

    /// Sorted set: batch → end of its lease.
    #[must_use]
    pub fn batches(&self) -> String {
        format!("{}batches", self.0)
    }

    /// Sorted set: customer → when its row is read again.
    #[must_use]
    pub fn verify(&self) -> String {
        format!("{}verify", self.0)
    }

    /// Hash: duplicates found by the last rebuild of the index.
    #[must_use]
    pub fn duplicates(&self) -> String {
        format!("{}dups", self.0)
    }
}

/// Counter beside a lease: the fence of its last holder.
#[must_use]
pub fn fence_key(lease: &str) -> String {
    format!("{lease}:fence")
}

/// Shared by all stages.
impl Namespace {
    pub(super) fn key(&self, tail: impl fmt::Display) -> String {
        format!("{}:{tail}", self.tag())
    }

    /// What all of its keys begin with, by which a cluster places them on one node.
    #[must_use]
    pub(crate) fn tag(&self) -> String {
        format!("{{{self}}}")
    }

    /// Matches every key of the namespace, for `SCAN`.
    #[must_use]
    pub fn key_pattern(&self) -> String {
        self.key("*")
    }

    /// Counter: the last sequence number that was taken.
    #[must_use]
    pub fn sequence_key(&self) -> String {
        self.key("sequence")
    }

    /// JSON: the form's widgets as the loader read them last.
    #[must_use]
    pub fn form_key(&self) -> String {
        self.key("form")
    }

    /// JSON: the mapping in use, in words, as a transformer has told it last.
    #[must_use]
    pub(crate) fn mapping_key(&self) -> String {
        self.key("mapping")
    }

    /// Hash: which keys customers have had lately, as JSON with its revision.
    #[must_use]
    pub fn profile_key(&self) -> String {
        self.key("profile")
    }

    /// Hash, written by others: rows of a look-up by their key.
    #[must_use]
    pub fn lookup_key(&self, name: &str) -> String {
        self.key(format!("lookup:{name}"))
    }

    /// Text: which index of the form is valid.
    #[must_use]
    pub fn epoch_key(&self) -> String {
        self.key("epoch")
    }

    /// Hash: what is known of a customer to be published and loaded.
    #[must_use]
    pub(crate) fn watermark_key(&self, company: &str) -> String {
        self.key(format_args!("mark:{company}"))
    }

    /// Text with an expiry: what has been notified about a problem; `kind` is `quiet`, `open`, `ended` or `over`.
    #[must_use]
    pub(crate) fn alert_key(&self, kind: &str, problem: &str) -> String {
        self.key(format_args!("alert:{kind}:{problem}"))
    }
}

/// The account of listed customers.
impl Namespace {
    /// The keys of one run.
    #[must_use]
    pub fn run_keys(&self, run: &str) -> RunKeys {
        let counters = format!("{}{run}", self.run_prefix());
        RunKeys {
            open: format!("{counters}:open"),
            dead: format!("{counters}:dead"),
            counters,
        }
    }

    /// What the keys of every run begin with.
    #[must_use]
    pub(crate) fn run_prefix(&self) -> String {
        self.key("books:run:")
    }

    /// Sorted set: runs with customers without a final disposition.
    #[must_use]
    pub fn active_runs_key(&self) -> String {
        self.key("books:active")
    }

    /// Hash: counters over all runs.
    #[must_use]
    pub fn total_key(&self) -> String {
        self.key("books:total")
    }

    /// Text: since when fewer dead letters of a stage are in its queue than the account knows.
    #[must_use]
    pub(crate) fn gone_key(&self, stage: Stage) -> String {
        self.key(format_args!("books:gone:{stage}"))
    }

    /// Text: among the dead letters of a stage are some that carry many records.
    #[must_use]
    pub(crate) fn dead_bundles_key(&self, stage: Stage) -> String {
        self.key(format_args!("books:bundles:{stage}"))
    }
}

/// The extractor's.
impl Namespace {
    /// Lease: who lists for a kind of run.
    #[must_use]
    pub fn listing_lease_key(&self, kind: &str) -> String {
        self.key(format_args!("extract:lease:{kind}"))
    }

    /// Hash: the checkpoint of a kind of run, the window under way, since when it is watched.
    #[must_use]
    pub fn kind_key(&self, kind: &str) -> String {
        self.key(format_args!("extract:job:{kind}"))
    }

    /// Hash: how fast the listing is polled, what polls have found, and what of their share they have used.
    #[must_use]
    pub fn poll_key(&self) -> String {
        self.key("extract:poll")
    }

    /// List of JSON: runs that have ended.
    #[must_use]
    pub fn run_history_key(&self) -> String {
        self.key("extract:runs")
    }

    /// Sorted set: what was published lately; `phase` is `changed` or `removed`.
    #[must_use]
    pub fn recent_key(&self, phase: &str) -> String {
        self.key(format_args!("extract:recent:{phase}"))
    }

    /// Set: customers of a run whose details are still to be fetched.
    #[must_use]
    pub fn pending_key(&self, run: &str) -> String {
        self.key(format_args!("extract:pending:{run}"))
    }

    /// Hash: what the details of a run came to.
    #[must_use]
    pub fn fetch_counters_key(&self, run: &str) -> String {
        self.key(format_args!("extract:counters:{run}"))
    }
}

/// The loader's.
impl Namespace {
    /// The keys of a form's ledger.
    #[must_use]
    pub fn ledger_keys(&self, form: &str) -> LedgerKeys {
        LedgerKeys(self.key(format_args!("ledger:{form}:")))
    }

    /// Hash: state of the index of the form.
    #[must_use]
    pub fn index_key(&self) -> String {
        self.key("index")
    }

    /// Lease: who walks the form for the index.
    #[must_use]
    pub fn index_lease_key(&self) -> String {
        self.key("lease:index")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_share_the_slot_of_their_namespace() {
        let ns: Namespace = "okki-eu".parse().unwrap();
        assert_eq!(ns.watermark_key("7"), "{okki-eu}:mark:7");
        assert_eq!(ns.run_keys("r").open, "{okki-eu}:books:run:r:open");
        assert_eq!(ns.plan_keys("p").letters, "{okki-eu}:dead:plan:p:letters");
    }
}
