//! `transaction_id` slots (docs/jiandaoyun-api.md §2.4): one slot per row position; a resend writes into the slots.
//! Kept beside them, and never forgotten: which ids came with two different row sets, which the client must not do.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;

use super::oid::Oid;
use crate::simulator::settings::{JdySettings, LifetimeFrom};

/// The slots of one id.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    pub rows: Vec<Option<Oid>>,
    first_ms: i64,
    last_ms: i64,
}

impl Slots {
    /// Rows held now.
    pub(crate) fn held(&self) -> usize {
        self.rows.iter().flatten().count()
    }
}

/// What is known about the ids a client sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TransactionReport {
    /// Different ids seen.
    pub ids: usize,
    /// Batches that came with an id seen before.
    pub resends: u64,
    /// Resends after the id's lifetime: they made new rows.
    pub late_resends: u64,
    /// Ids that came with two different row sets.
    pub conflicts: u64,
    /// The first of them.
    pub conflict_examples: Vec<String>,
}

/// All transactions of the account.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    slots: HashMap<String, Slots>,
    digests: HashMap<String, u64>,
    running: HashMap<String, Arc<Mutex<()>>>,
    report: TransactionReport,
}

/// Letters, digits, dash and underscore; no `${…}` or `$(…)`.
pub(super) fn is_well_formed(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl Transactions {
    /// The lock that a request holds while it works on an id.
    pub(crate) fn running(&mut self, id: &str) -> Arc<Mutex<()>> {
        // locks that no request holds are only our own reference
        if self.running.len() > 1000 {
            self.running.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        self.running.entry(id.to_owned()).or_default().clone()
    }

    /// Notes what was sent under an id; true when the id is new.
    pub(crate) fn note(&mut self, id: &str, rows: &[Value]) -> bool {
        let mut hasher = DefaultHasher::new();
        for row in rows {
            row.to_string().hash(&mut hasher);
        }
        let digest = hasher.finish();
        match self.digests.get(id) {
            None => {
                self.digests.insert(id.to_owned(), digest);
                true
            }
            Some(before) => {
                self.report.resends += 1;
                if *before != digest {
                    self.report.conflicts += 1;
                    if self.report.conflict_examples.len() < 20 {
                        self.report.conflict_examples.push(id.to_owned());
                    }
                }
                false
            }
        }
    }

    pub(crate) fn forget(&mut self, id: &str) {
        self.digests.remove(id);
    }

    /// The slots of an id; new ones when it is unknown or its hour is over.
    pub(crate) fn slots(&mut self, id: &str, now_ms: i64, settings: &JdySettings) -> &mut Slots {
        let lifetime_ms = (settings.transaction_lifetime_s * 1000.0) as i64;
        let slots = self.slots.entry(id.to_owned()).or_default();
        let since = match settings.transaction_lifetime_from {
            LifetimeFrom::First => slots.first_ms,
            LifetimeFrom::Last => slots.last_ms,
        };
        if slots.rows.is_empty() || now_ms - since >= lifetime_ms {
            if !slots.rows.is_empty() {
                self.report.late_resends += 1;
            }
            *slots = Slots {
                rows: Vec::new(),
                first_ms: now_ms,
                last_ms: now_ms,
            };
        }
        slots.last_ms = now_ms;
        slots
    }

    pub(crate) fn report(&self) -> TransactionReport {
        TransactionReport {
            ids: self.digests.len(),
            ..self.report.clone()
        }
    }

    /// Forgets what was counted, and keeps the slots: resends go on meaning what they mean.
    pub(crate) fn reset_report(&mut self) {
        self.report = TransactionReport::default();
    }

    /// Forgets slots and statistics.
    pub(crate) fn clear(&mut self) {
        *self = Transactions::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_id_must_be_well_formed() {
        assert!(is_well_formed("87cd7d71-c6df-4281-9927-469094395677"));
        assert!(is_well_formed("1"));
        for bad in ["", "${x}", "$(id)", "a b", &"x".repeat(65)] {
            assert!(!is_well_formed(bad), "{bad}");
        }
    }

    #[test]
    fn the_hour_runs_from_the_first_or_the_last_use() {
        for (from, still_there) in [(LifetimeFrom::First, false), (LifetimeFrom::Last, true)] {
            let settings = JdySettings {
                transaction_lifetime_from: from,
                ..JdySettings::default()
            };
            let mut all = Transactions::default();
            for now in [0, 3_000_000, 3_900_000] {
                let slots = all.slots("t", now, &settings);
                if slots.rows.is_empty() {
                    slots.rows.push("59e9a2fe283ffa7c11b1ddbf".parse().ok());
                }
            }
            assert_eq!(all.report().late_resends, u64::from(!still_there));
        }
    }

    #[test]
    fn different_rows_under_one_id_are_reported() {
        let mut all = Transactions::default();
        all.note("t", &[json!({"a": 1})]);
        all.note("t", &[json!({"a": 1})]);
        assert_eq!((all.report().resends, all.report().conflicts), (1, 0));
        all.note("t", &[json!({"a": 2})]);
        assert_eq!(
            (all.report().conflicts, all.report().conflict_examples.len()),
            (1, 1)
        );
    }
}
