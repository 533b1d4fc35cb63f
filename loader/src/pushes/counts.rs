//! What was pushed and what was found, for `/status` and the metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use pipeline::telemetry::names;
use serde_json::{Value, json};

type Table = Mutex<BTreeMap<&'static str, BTreeMap<&'static str, u64>>>;

/// Counts of this process.
#[derive(Default)]
pub(super) struct Counts {
    /// By deed and result.
    pushes: Table,
    /// By what was found and what was done about it.
    touched: Table,
    /// Rows that wait, as Redis said last.
    waiting: AtomicU64,
}

impl Counts {
    /// A push has arrived.
    pub(super) fn arrived(&self, deed: &'static str, result: &'static str) {
        metrics::counter!(names::LOADER_PUSHES, "deed" => deed, "result" => result).increment(1);
        add(&self.pushes, deed, result);
    }

    /// A look has found this.
    pub(super) fn found(&self, change: &'static str, action: &'static str) {
        metrics::counter!(names::LOADER_TOUCHED_ROWS, "change" => change, "action" => action).increment(1);
        add(&self.touched, change, action);
    }

    pub(super) fn waiting(&self, rows: u64) {
        self.waiting.store(rows, Ordering::Relaxed);
    }

    pub(super) fn shown(&self) -> Value {
        let copy = |table: &Table| json!(*table.lock().unwrap_or_else(PoisonError::into_inner));
        json!({
            "arrived": copy(&self.pushes),
            "found": copy(&self.touched),
            "waiting": self.waiting.load(Ordering::Relaxed),
        })
    }
}

fn add(table: &Table, row: &'static str, column: &'static str) {
    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
    *table.entry(row).or_default().entry(column).or_default() += 1;
}
