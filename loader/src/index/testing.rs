//! Short cuts to an index, for tests of the scripts.

use std::time::Duration;

use super::maintain::new_epoch;
use crate::jdy::lookup::FoundRow;
use crate::ledger::index::{self, Reading};
use crate::ledger::{Error, Ledger};

/// An index in which every row has to be looked up; calls of before may land for as long as `settle`.
pub(crate) async fn open(ledger: &Ledger, form: &str, settle: Duration) {
    if !ledger.epoch().is_empty() {
        index::forget(ledger).await.unwrap();
    }
    let epoch = new_epoch();
    index::begin(ledger, form, &epoch, settle, Some(&[]))
        .await
        .unwrap();
    ledger.set_epoch(epoch);
}

/// An index over an empty form.
pub(crate) async fn make_ready(ledger: &Ledger, form: &str) {
    open(ledger, form, Duration::ZERO).await;
    index::complete(ledger).await.unwrap();
}

/// An index over these rows.
pub(crate) async fn rebuild_with(ledger: &Ledger, form: &str, rows: &[(String, FoundRow)]) {
    open(ledger, form, Duration::ZERO).await;
    let rows: Vec<_> = rows
        .iter()
        .map(|(company, row)| (company.clone(), Some(row.clone())))
        .collect();
    let page = Reading::Page {
        before: "",
        after: "z",
        keyless: 0,
    };
    let asked = index::clock(ledger).await.unwrap();
    index::learn(ledger, asked, Duration::ZERO, page, &rows)
        .await
        .unwrap();
    index::complete(ledger).await.unwrap();
}

/// What a look-up finds for this company, `None` when it has no row.
pub(crate) async fn look_up(ledger: &Ledger, company: &str, row: Option<FoundRow>) -> Result<(), Error> {
    let asked = index::clock(ledger).await?;
    let rows = [(company.to_owned(), row)];
    let reading = Reading::LookUp {
        longest: Duration::ZERO,
    };
    match index::learn(ledger, asked, Duration::ZERO, reading, &rows).await {
        Ok(_) => Ok(()),
        Err(index::WalkError::Ledger(error)) => Err(error),
        Err(index::WalkError::Overtaken) => unreachable!("a look-up is no walk"),
    }
}
