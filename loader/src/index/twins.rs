//! Rows that share a key, as the form shows them now: people and writes mend them, and a row that is good by now must
//! neither be listed as one to delete nor alarm anybody.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Error, Index};
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::{Found, FoundRow, Recognition};
use crate::ledger::{self, Duplicate};
use crate::vendor::{Patience, Tried};

/// How long the form is asked for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a loader asks whether those that are known are there still.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(60);
/// So many at a time: one look-up, and a call for each row that is not there any more. The others have their turn next time.
const AT_A_TIME: usize = LARGEST_BATCH;

/// Rows of one customer when there are several, by customer and row id.
pub(crate) fn twins<'a>(company: &'a str, rows: &'a [FoundRow]) -> Vec<(&'a str, &'a str)> {
    match rows {
        [] | [_] => Vec::new(),
        rows => rows.iter().map(|row| (company, row.id.as_str())).collect(),
    }
}

impl Index {
    /// A look at the form has found these rows: those that share their key are noted, counted and told (I2).
    pub(crate) async fn saw(&self, found: &Found) {
        let mut several: Vec<(&str, &str)> = Vec::new();
        for (company, rows) in found {
            several.extend(twins(company, rows));
        }
        self.note_twins(&several).await;
    }

    /// Notes rows that share their key, by customer and row id.
    pub(crate) async fn note_twins(&self, rows: &[(&str, &str)]) {
        if rows.is_empty() {
            return;
        }
        let ids: Vec<&str> = rows.iter().map(|(_, id)| *id).collect();
        let noted = async {
            // A row whose key something rewrites is one of another customer.
            let owners = self.ledger.rewritten(&ids).await?;
            let rows = rows.iter().zip(owners);
            let rows: Vec<(&str, &str)> = rows
                .filter(|((company, _), owner)| owner.as_ref().is_none_or(|owner| owner.company == *company))
                .map(|(row, _)| *row)
                .collect();
            ledger::index::note_duplicates(&self.ledger, &rows).await
        };
        match noted.await {
            Ok(0) => {}
            Ok(_) => self.look_again().await,
            Err(error) => tracing::debug!(error = %error, "duplicate rows are not noted"),
        }
    }

    /// Forgets those that somebody has mended, some at a time; one loader does it for all.
    pub(super) async fn forget_mended(&self) -> Result<(), Error> {
        let known = self.ledger.duplicates().await?;
        if known.is_empty() || !self.runtime.gate.is_open() {
            return Ok(());
        }
        let Some(lease) = self.lease().await? else {
            return Ok(());
        };
        let turn = self.asked.fetch_add(1, Ordering::Relaxed);
        let parts = known.len().div_ceil(AT_A_TIME);
        let known: Vec<Duplicate> = known
            .into_iter()
            .skip(turn % parts * AT_A_TIME)
            .take(AT_A_TIME)
            .collect();
        let asked = known.len();
        let left = tokio::select! {
            left = self.still_there(known) => left,
            () = lease.lost() => Err(Error::Overtaken),
            () = self.runtime.shutdown.requested() => Err(Error::Overtaken),
        };
        if let Err(error) = lease.release().await {
            tracing::debug!(error = %error, "lease of the walk is not released, it will expire");
        }
        if left?.len() < asked {
            self.look_again().await;
        }
        Ok(())
    }

    /// Those of which both rows still have the key of the customer; the others are forgotten. All of them when the form
    /// cannot be asked, with a warning.
    pub(crate) async fn still_there(&self, found: Vec<Duplicate>) -> Result<Vec<Duplicate>, Error> {
        let Some(recognition) = self.recognition() else {
            return Ok(found);
        };
        let mut left = Vec::with_capacity(found.len());
        let mut found = found.into_iter().peekable();
        while found.peek().is_some() {
            let some: Vec<Duplicate> = found.by_ref().take(LARGEST_BATCH).collect();
            let Some(shown) = self.rows_of(&recognition, &some).await else {
                tracing::warn!(
                    "the form cannot be asked now: rows are listed as they were when it was read last"
                );
                left.extend(some);
                left.extend(found);
                return Ok(left);
            };
            let ids: Vec<&str> = some.iter().map(|duplicate| duplicate.extra.as_str()).collect();
            let owners = self.ledger.rewritten(&ids).await?;
            for (duplicate, owner) in some.into_iter().zip(owners) {
                // One whose key something rewrites is the only row of another customer.
                let mut both = owner.is_none_or(|owner| owner.company == duplicate.company);
                for row in [&duplicate.kept, &duplicate.extra] {
                    both = both && self.is_of(&recognition, &shown, &duplicate.company, row).await;
                }
                if both {
                    left.push(duplicate);
                } else {
                    ledger::index::merged(&self.ledger, &duplicate.company, &duplicate.extra).await?;
                }
            }
        }
        Ok(left)
    }

    async fn rows_of(&self, recognition: &Recognition, some: &[Duplicate]) -> Option<Found> {
        let mut companies: Vec<&str> = some.iter().map(|duplicate| duplicate.company.as_str()).collect();
        companies.dedup();
        let (client, companies) = (&self.vendor.client, &companies);
        let tried = self
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
    async fn is_of(&self, recognition: &Recognition, shown: &Found, company: &str, row: &str) -> bool {
        let rows = shown.get(company).into_iter().flatten();
        if rows.into_iter().any(|shown| shown.id == row) {
            return true;
        }
        // Its key may be spelled in another way.
        let client = &self.vendor.client;
        let tried = self
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
}
