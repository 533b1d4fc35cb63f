//! Reading the whole form into the index, page by page, resumable by whoever comes next.
//!
//! When the loss is noticed, a call of the loader before us may still be on its way. Its rows get ids above those that
//! exist, so after the last page the end of the form is read again until no such call can land any more.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Error, Index, script};
use crate::failpoint;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::jdy::types::text;
use crate::vendor::{Patience, Tried};

/// Rows made this shortly before the loss are read again at the end: ids ascend with time, but not to the millisecond.
const TAIL: Duration = Duration::from_secs(120);
/// Pause between two readings of the end.
const TAIL_PAUSE: Duration = Duration::from_millis(500);
/// A page that cannot be had for this long fails the rebuild; the next one goes on from the cursor.
const PAGE_PATIENCE: Duration = Duration::from_secs(120);

struct Page {
    rows: Vec<(String, FoundRow)>,
    last: String,
    full: bool,
    /// Id of the last row that is older than the tail.
    settled: Option<String>,
}

pub(super) async fn run(index: &Index, recognition: &Recognition) -> Result<(), Error> {
    let started = Instant::now();
    let token = Uuid::new_v4().to_string();
    let Some(build) = script::begin(&index.ledger, &index.form, &token, &recognition.widgets).await? else {
        return Ok(());
    };
    failpoint::hit("index-begin").await;
    let may_land = index.settle.saturating_sub(build.noticed);
    let horizon = Timestamp::now() - build.noticed - TAIL;
    let mut safe = build.cursor.clone();
    let mut cursor = build.cursor;
    let mut finished = false;
    tracing::info!(resumed = !safe.is_empty(), "building the index of the form");
    loop {
        let page = read(index, recognition, &cursor, horizon).await?;
        failpoint::hit("index-page").await;
        if let Some(settled) = page.settled {
            safe = settled;
        }
        let (rows, duplicates) = script::learn(&index.ledger, &build.token, &safe, &page.rows).await?;
        failpoint::hit("index-learned").await;
        index.say(format!("building the index of the form, {rows} rows so far"));
        if page.full {
            cursor = page.last;
            continue;
        }
        if finished {
            failpoint::hit("index-ready-before").await;
            script::ready(&index.ledger, &build.token, &Uuid::new_v4().to_string()).await?;
            failpoint::hit("index-ready-after").await;
            tracing::info!(
                rows,
                duplicates,
                seconds = started.elapsed().as_secs(),
                "index of the form is complete"
            );
            return Ok(());
        }
        // The whole form has been read; what may still land is awaited, then the end is read once more.
        finished = started.elapsed() >= may_land;
        if !finished {
            index.say(format!(
                "index of the form: {rows} rows, waiting for calls of earlier loaders to end"
            ));
            let pause = TAIL_PAUSE.min(may_land.saturating_sub(started.elapsed()));
            if !index.runtime.shutdown.sleep(pause).await {
                return Err(Error::Overtaken);
            }
            finished = started.elapsed() >= may_land;
        }
        cursor.clone_from(&safe);
    }
}

async fn read(
    index: &Index,
    recognition: &Recognition,
    cursor: &str,
    horizon: Timestamp,
) -> Result<Page, Error> {
    let client = &index.vendor.client;
    // The stage is paused by ourselves, so this does not wait for the gate.
    let patience = Patience::new(PAGE_PATIENCE);
    let tried = index
        .vendor
        .insist_paused(&patience, move || client.list(Some(cursor), None))
        .await;
    let Tried::Done(page, _) = tried else {
        return Err(Error::Form);
    };
    let old = page.iter().rev().find(|row| {
        let created: Option<Timestamp> = text(row, "createTime").parse().ok();
        created.is_some_and(|created| created < horizon)
    });
    let last = page
        .last()
        .map(|row| text(row, "_id").to_owned())
        .unwrap_or_default();
    Ok(Page {
        full: page.len() >= LARGEST_BATCH && last.as_str() > cursor,
        settled: old.map(|row| text(row, "_id").to_owned()),
        rows: page.iter().filter_map(|row| recognition.read(row)).collect(),
        last,
    })
}
