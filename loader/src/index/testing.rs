//! Short cuts to a complete index, for tests of the scripts.

use uuid::Uuid;

use super::script;
use crate::jdy::lookup::FoundRow;
use crate::ledger::Ledger;

/// An index over an empty form.
pub(crate) async fn make_ready(ledger: &Ledger, form: &str) {
    rebuild_with(ledger, form, &[]).await;
}

/// An index over these rows.
pub(crate) async fn rebuild_with(ledger: &Ledger, form: &str, rows: &[(String, FoundRow)]) {
    if !ledger.epoch().is_empty() {
        script::forget(ledger).await.unwrap();
    }
    let build = script::begin(ledger, form, &Uuid::new_v4().to_string(), &[])
        .await
        .unwrap()
        .unwrap();
    script::learn(ledger, &build.token, "", rows).await.unwrap();
    let epoch = Uuid::new_v4().to_string();
    script::ready(ledger, &build.token, &epoch).await.unwrap();
    ledger.set_epoch(epoch);
}
