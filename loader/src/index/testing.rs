//! Short cuts to a complete index, for tests of the scripts.

use std::time::Duration;

use uuid::Uuid;

use crate::jdy::lookup::FoundRow;
use crate::ledger::{Ledger, index};

/// An index over an empty form.
pub(crate) async fn make_ready(ledger: &Ledger, form: &str) {
    rebuild_with(ledger, form, &[]).await;
}

/// An index over these rows, all of which can be trusted.
pub(crate) async fn rebuild_with(ledger: &Ledger, form: &str, rows: &[(String, FoundRow)]) {
    rebuild_since(ledger, form, rows, i64::MAX).await;
}

/// An index over these rows; those written at `since_ms` or later may have been overwritten by late calls.
pub(crate) async fn rebuild_since(ledger: &Ledger, form: &str, rows: &[(String, FoundRow)], since_ms: i64) {
    if !ledger.epoch().is_empty() {
        index::forget(ledger).await.unwrap();
    }
    let build = index::begin(ledger, form, &Uuid::new_v4().to_string(), &[])
        .await
        .unwrap()
        .unwrap();
    index::set_noticed(ledger, since_ms).await;
    let window = Duration::ZERO;
    index::learn(ledger, &build.token, "", window, rows)
        .await
        .unwrap();
    let epoch = Uuid::new_v4().to_string();
    index::ready(ledger, &build.token, &epoch).await.unwrap();
    ledger.set_epoch(epoch);
}
