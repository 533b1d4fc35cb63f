//! `--merge-duplicates`: of several rows with the same company id the oldest stays, the others are deleted.
//!
//! The oldest is the row that the loader has kept up to date all along, that other forms link to, and that does not
//! depend on who merges or how often. Nothing is copied from the rows that go. It happens at the end of a walk, while
//! loaders write: they write to the row that stays and to no other. The one that continues after a crash finds the same
//! list, less what was deleted already.

use pipeline::telemetry::names;

use super::walk::PAGE_PATIENCE;
use super::{Error, Index};
use crate::failpoint;
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::codes;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::ledger::{self, Duplicate};
use crate::vendor::{Patience, Tried};

/// A customer with several rows, as they were listed.
struct Listed {
    company: String,
    kept: String,
    extras: Vec<String>,
}

/// Deletes the duplicates that are listed; how many rows went.
pub(super) async fn run(index: &Index, recognition: &Recognition) -> Result<usize, Error> {
    let mut listed: Vec<Listed> = Vec::new();
    // Sorted by company.
    for Duplicate { company, kept, extra } in index.ledger.duplicates().await? {
        match listed.last_mut().filter(|last| last.company == company) {
            Some(last) => last.extras.push(extra),
            None => listed.push(Listed {
                company,
                kept,
                extras: vec![extra],
            }),
        }
    }
    let mut removed = 0;
    for customers in listed.chunks(LARGEST_BATCH) {
        let names: Vec<&str> = customers
            .iter()
            .map(|customer| customer.company.as_str())
            .collect();
        let (client, names) = (&index.vendor.client, &names);
        let patience = Patience::new(PAGE_PATIENCE);
        let tried = index
            .vendor
            .insist_paused(&patience, move || client.rows_of(recognition, names))
            .await;
        let Tried::Done(mut found, _) = tried else {
            return Err(Error::Form);
        };
        for customer in customers {
            let rows = found.remove(&customer.company).unwrap_or_default();
            removed += merge(index, customer, &rows).await?;
            index.doing(format!(
                "merging rows of the same customer, {removed} deleted so far"
            ));
        }
    }
    Ok(removed)
}

/// Leaves one row of a customer.
async fn merge(index: &Index, listed: &Listed, rows: &[FoundRow]) -> Result<usize, Error> {
    let Listed {
        company,
        kept,
        extras,
    } = listed;
    let known = index.ledger.known_rows(&[company]).await?;
    let written = known.into_iter().next().flatten().and_then(|row| row.id);
    if rows.first().is_none_or(|oldest| oldest.id != *kept) || written.as_ref() != Some(kept) {
        // These rows were changed since they were read; the next rebuild sees what is there then.
        tracing::warn!(
            company_id = company,
            "rows of this customer have changed since they were listed, they are left alone"
        );
        return Ok(0);
    }
    // The loader that began this may have died between a deletion and its note.
    for gone in extras
        .iter()
        .filter(|extra| rows.iter().all(|row| row.id != **extra))
    {
        ledger::index::merged(&index.ledger, company, gone).await?;
    }
    let mut removed = 0;
    for extra in &rows[1..] {
        let (client, id) = (&index.vendor.client, &extra.id);
        let patience = Patience::new(PAGE_PATIENCE);
        failpoint::hit("merge-before").await;
        let tried = index
            .vendor
            .insist_paused(&patience, move || client.delete_unclaimed(id))
            .await;
        failpoint::hit("merge-deleted").await;
        match tried {
            Tried::Done((), _) => {}
            Tried::Refused(refusal, _) if refusal.code == codes::RECORD_GONE => {}
            Tried::Refused(refusal, _) => {
                let refusal = refusal.describe();
                tracing::warn!(
                    company_id = company,
                    row = extra.id,
                    refusal,
                    "duplicate row cannot be deleted, it is left alone"
                );
                continue;
            }
            Tried::Lost | Tried::Held => return Err(Error::Form),
        }
        removed += 1;
        metrics::counter!(names::LOADER_MERGED_ROWS).increment(1);
        tracing::info!(
            company_id = company,
            kept,
            row = extra.id,
            "duplicate row deleted"
        );
        ledger::index::merged(&index.ledger, company, &extra.id).await?;
    }
    Ok(removed)
}
