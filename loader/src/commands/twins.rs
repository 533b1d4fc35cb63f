//! Duplicates as the form shows them now: rows are mended by people and by writes, and a good one must not be listed as
//! one to delete.

use std::time::Duration;

use anyhow::Context as _;

use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::{Found, Recognition};
use crate::ledger::{self, Duplicate};
use crate::vendor::{Patience, Tried};
use crate::write::Writer;

/// How long the form is asked for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Those of which both rows still have the key of the customer; the others are forgotten. All of them when the form cannot
/// be asked, with a warning.
pub(super) async fn still_there(writer: &Writer, found: Vec<Duplicate>) -> anyhow::Result<Vec<Duplicate>> {
    let Some(recognition) = writer.index.recognition() else {
        return Ok(found);
    };
    if found.is_empty() || writer.index.join().await.is_err() {
        // Nothing to forget, or nobody who would: the loaders begin another index.
        return Ok(found);
    }
    let mut left = Vec::with_capacity(found.len());
    let mut found = found.into_iter().peekable();
    while found.peek().is_some() {
        let some: Vec<Duplicate> = found.by_ref().take(LARGEST_BATCH).collect();
        let Some(shown) = rows_of(writer, &recognition, &some).await else {
            tracing::warn!(
                "the form cannot be asked now: rows are listed as they were when it was read last"
            );
            left.extend(some);
            left.extend(found);
            return Ok(left);
        };
        for duplicate in some {
            let mut both = true;
            for row in [&duplicate.kept, &duplicate.extra] {
                both &= is_of(writer, &recognition, &shown, &duplicate.company, row).await;
            }
            if both {
                left.push(duplicate);
                continue;
            }
            let forgotten = ledger::index::merged(&writer.ledger, &duplicate.company, &duplicate.extra).await;
            forgotten.with_context(|| words::tr!("ask Redis"))?;
        }
    }
    Ok(left)
}

async fn rows_of(writer: &Writer, recognition: &Recognition, some: &[Duplicate]) -> Option<Found> {
    let mut companies: Vec<&str> = some.iter().map(|duplicate| duplicate.company.as_str()).collect();
    companies.dedup();
    let (client, companies) = (&writer.vendor.client, &companies);
    let tried = writer
        .vendor
        .insist_paused(&Patience::new(PATIENCE), move || {
            client.rows_of(recognition, companies)
        })
        .await;
    match tried {
        Tried::Done(shown, _) => Some(shown.rows),
        _ => None,
    }
}

/// What cannot be asked stays as it was known.
async fn is_of(writer: &Writer, recognition: &Recognition, shown: &Found, company: &str, row: &str) -> bool {
    if shown
        .get(company)
        .into_iter()
        .flatten()
        .any(|shown| shown.id == row)
    {
        return true;
    }
    // Its key may be spelled in another way.
    let client = &writer.vendor.client;
    let tried = writer
        .vendor
        .insist_paused(&Patience::new(PATIENCE), move || client.row_by_id(row))
        .await;
    match tried {
        Tried::Done(row, _) => row
            .and_then(|row| recognition.read(&row))
            .is_some_and(|(key, _)| key == company),
        _ => true,
    }
}
