//! Rows without a key that are known to be ours: they get their keys back, and a few whose keys do not stay matter to nobody.

use std::sync::PoisonError;

use pipeline::lease::Lease;

use super::{Error, Keyless, LEASE, known};

/// So many rows without a key are no cases of their own.
const HANDFUL: usize = 5;

impl Keyless {
    /// Rows of which the ledger knows whose they are get their keys back.
    pub(super) async fn write_known(&self, key_widget: &str) -> Result<usize, Error> {
        let key = self.runtime.namespace.keyless_lease_key();
        let lease = Lease::acquire(&self.runtime.store, key, &self.runtime.instance, LEASE).await?;
        // Another replica, or `loader adopt`, is at it.
        let Some(lease) = lease else { return Ok(0) };
        let written = tokio::select! {
            written = self.write_known_alone(key_widget) => written,
            () = lease.lost() => Ok(0),
        };
        lease.release().await?;
        written
    }

    async fn write_known_alone(&self, key_widget: &str) -> Result<usize, Error> {
        let Some(recognition) = self.index.recognition() else {
            return Ok(0);
        };
        let found = known::find(&self.runtime, &self.ledger, &self.vendor, &recognition).await?;
        if found.known == 0 {
            return Ok(0);
        }
        let written = known::write(&self.runtime, &self.vendor, key_widget).await?;
        tracing::info!(
            rows = written,
            "rows without a key whose customers are known have got their keys"
        );
        Ok(written)
    }

    /// Rows without a key that the walk has read, and that are nobody's as far as is known.
    pub(super) fn unexcused(&self) -> u64 {
        let (epoch, rows) = &*self.excused.lock().unwrap_or_else(PoisonError::into_inner);
        let excused = if *epoch == self.ledger.epoch() { *rows } else { 0 };
        self.index.keyless_rows().saturating_sub(excused)
    }

    /// Whether all rows without a key are of customers who are known by them, although their keys do not stay: a few, because
    /// many say that the key widget is not as it should be.
    pub(super) async fn are_excused(&self, epoch: &str) -> Result<bool, Error> {
        let Some(recognition) = self.index.recognition() else {
            return Ok(false);
        };
        let found = known::find(&self.runtime, &self.ledger, &self.vendor, &recognition).await?;
        if found.unknown > 0 || found.known >= HANDFUL {
            return Ok(false);
        }
        let rows = known::some(&self.runtime, HANDFUL).await?;
        let rows: Vec<(&str, &str)> = rows
            .iter()
            .map(|(company, id)| (company.as_str(), id.as_str()))
            .collect();
        self.ledger.key_rewritten(&rows, rows.len()).await?;
        *self.excused.lock().unwrap_or_else(PoisonError::into_inner) =
            (epoch.to_owned(), self.index.keyless_rows());
        Ok(true)
    }
}
