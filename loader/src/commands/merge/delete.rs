//! Deletes the rows that were exported, as long as they are what was exported.

use std::time::Duration;

use anyhow::Context as _;
use indicatif::ProgressBar;
use pipeline::telemetry::names;

use super::export::Exported;
use crate::failpoint;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::codes;
use crate::jdy::lookup::{FoundRow, Recognition, Shown};
use crate::ledger;
use crate::vendor::{Patience, Tried};
use crate::write::Writer;

/// One call may take this long.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many rows were deleted.
pub(super) async fn run(
    writer: &Writer,
    recognition: &Recognition,
    customers: &[Exported],
    bar: &ProgressBar,
) -> anyhow::Result<usize> {
    let mut deleted = 0;
    for customers in customers.chunks(LARGEST_BATCH) {
        let names: Vec<&str> = customers
            .iter()
            .map(|customer| customer.company.as_str())
            .collect();
        let (client, names) = (&writer.vendor.client, &names);
        let patience = Patience::new(PATIENCE);
        let tried = writer
            .vendor
            .insist_paused(&patience, move || client.rows_of(recognition, names))
            .await;
        let Tried::Done(Shown { rows: mut found, .. }, _) = tried else {
            words::bail!(
                "the form cannot be read now; {deleted} rows were deleted, the rest waits for the next merge"
            );
        };
        let known = writer
            .ledger
            .known_rows(names)
            .await
            .with_context(|| words::tr!("ask Redis"))?;
        for (customer, known) in customers.iter().zip(known) {
            let mut rows = found.remove(&customer.company).unwrap_or_default();
            // The loaders may keep another row up to date by now, and the one that would stay is old.
            if known.and_then(|known| known.id).as_ref() != Some(&customer.kept) {
                rows.clear();
            }
            deleted += of_customer(writer, customer, &rows).await?;
            bar.set_message(words::tr!("{deleted} rows deleted"));
        }
    }
    Ok(deleted)
}

/// Leaves one row of a customer.
async fn of_customer(writer: &Writer, exported: &Exported, rows: &[FoundRow]) -> anyhow::Result<usize> {
    let company = exported.company.as_str();
    if rows.first().is_none_or(|oldest| oldest.id != exported.kept) {
        tracing::warn!(
            company_id = company,
            "rows of this customer have changed since they were exported, they are left alone"
        );
        return Ok(0);
    }
    let mut deleted = 0;
    for (id, hash) in &exported.extras {
        let shown = rows.iter().find(|row| row.id == *id);
        if shown.is_some_and(|row| row.hash() != *hash) {
            tracing::warn!(
                company_id = company,
                row = id,
                "duplicate row has changed since it was exported, it is left alone"
            );
            continue;
        }
        // One that is gone already may still be on the list.
        if shown.is_some() {
            deleted += usize::from(one(writer, company, &exported.kept, id).await?);
        }
        ledger::index::merged(&writer.ledger, company, id)
            .await
            .with_context(|| words::tr!("note a deleted row in Redis"))?;
    }
    Ok(deleted)
}

async fn one(writer: &Writer, company: &str, kept: &str, id: &str) -> anyhow::Result<bool> {
    let client = &writer.vendor.client;
    let patience = Patience::new(PATIENCE);
    failpoint::hit("merge-before").await;
    let tried = writer
        .vendor
        .insist_paused(&patience, move || client.delete_unclaimed(id))
        .await;
    failpoint::hit("merge-deleted").await;
    match tried {
        Tried::Done((), _) => {}
        Tried::Refused(refusal, _) if refusal.code == codes::RECORD_GONE => {}
        Tried::Refused(refusal, _) => {
            let refusal = refusal.describe();
            words::bail!("row {id} of customer {company} cannot be deleted: Jiandaoyun answers {refusal}");
        }
        Tried::Lost | Tried::Held | Tried::Aside => {
            words::bail!("the vendor does not answer; try again later, the rest is still listed")
        }
    }
    metrics::counter!(names::LOADER_MERGED_ROWS).increment(1);
    tracing::info!(company_id = company, kept, row = id, "duplicate row deleted");
    Ok(true)
}
