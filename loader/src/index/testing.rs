//! Short cuts to a complete index, for tests of the scripts.

use std::time::Duration;

use uuid::Uuid;

use super::script;
use crate::jdy::lookup::FoundRow;
use crate::ledger::Ledger;
use crate::ledger::schema::index;

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
        script::forget(ledger, false).await.unwrap();
    }
    let build = script::begin(ledger, form, &Uuid::new_v4().to_string(), &[])
        .await
        .unwrap()
        .unwrap();
    set_noticed(ledger, since_ms).await;
    let window = Duration::ZERO;
    script::learn(ledger, &build.token, "", window, rows)
        .await
        .unwrap();
    let epoch = Uuid::new_v4().to_string();
    script::ready(ledger, &build.token, &epoch).await.unwrap();
    ledger.set_epoch(epoch);
}

async fn set_noticed(ledger: &Ledger, time_ms: i64) {
    let mut connection = ledger.store().connection().await.unwrap();
    redis::cmd("HSET")
        .arg(ledger.index_key())
        .arg(index::NOTICED)
        .arg(time_ms)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}
