//! Reading the whole form into the index, page by page, resumable by the next loader.
//!
//! When the loss is noticed, a call of a loader before us may still be on its way, and what it writes may be older than
//! what the form shows. So nothing is read before no such call can land any more, and rows that were written lately are
//! not trusted: what Redis knew of calls with unknown outcome is lost, so their customers are fetched again.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Error, Index};
use crate::failpoint;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::jdy::types::text;
use crate::ledger;
use crate::vendor::{Patience, Tried};

/// A page that cannot be had for this long fails the rebuild; the next one goes on from the cursor.
const PAGE_PATIENCE: Duration = Duration::from_secs(120);

struct Page {
    rows: Vec<(String, FoundRow)>,
    last: String,
    full: bool,
}

pub(super) async fn run(index: &Index, recognition: &Recognition) -> Result<(), Error> {
    let started = Instant::now();
    let token = Uuid::new_v4().to_string();
    let Some(build) = ledger::index::begin(&index.ledger, &index.form, &token, &recognition.widgets).await?
    else {
        return Ok(());
    };
    failpoint::hit("index-begin").await;
    tracing::info!(
        resumed = !build.cursor.is_empty(),
        "building the index of the form"
    );
    let may_land = index.landing.saturating_sub(build.noticed);
    if !may_land.is_zero() {
        index.pause_because(
            "the index of the form is rebuilt when the calls of earlier loaders have ended".to_owned(),
        );
        if !index.runtime.shutdown.sleep(may_land).await {
            return Err(Error::Overtaken);
        }
    }
    let mut cursor = build.cursor;
    loop {
        let page = read(index, recognition, &cursor).await?;
        failpoint::hit("index-page").await;
        let (rows, duplicates) =
            ledger::index::learn(&index.ledger, &build.token, &page.last, index.landing, &page.rows).await?;
        failpoint::hit("index-learned").await;
        index.pause_because(format!("building the index of the form, {rows} rows so far"));
        if page.full {
            cursor = page.last;
            continue;
        }
        failpoint::hit("index-ready-before").await;
        ledger::index::ready(&index.ledger, &build.token, &Uuid::new_v4().to_string()).await?;
        failpoint::hit("index-ready-after").await;
        tracing::info!(
            rows,
            duplicates,
            seconds = started.elapsed().as_secs(),
            "index of the form is complete"
        );
        return Ok(());
    }
}

async fn read(index: &Index, recognition: &Recognition, cursor: &str) -> Result<Page, Error> {
    let client = &index.vendor.client;
    // The stage is paused by ourselves, so this does not wait for the gate.
    let patience = Patience::new(PAGE_PATIENCE);
    let tried = index
        .vendor
        .insist_paused(&patience, move || client.list(Some(cursor), None))
        .await;
    let page = match tried {
        Tried::Done(page, _) => page,
        Tried::Refused(refusal, _) => {
            index.vendor.read_refused("the index of the form", &refusal);
            return Err(Error::Form);
        }
        Tried::Lost | Tried::Held => return Err(Error::Form),
    };
    let last = page
        .last()
        .map(|row| text(row, "_id").to_owned())
        .unwrap_or_else(|| cursor.to_owned());
    Ok(Page {
        full: page.len() >= LARGEST_BATCH && last.as_str() > cursor,
        rows: page.iter().filter_map(|row| recognition.read(row)).collect(),
        last,
    })
}
