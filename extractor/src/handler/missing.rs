//! Customers that are listed and, up to the last attempt, not shown: remembered before their refs are settled, so that they
//! are asked for again.

use super::{FetchHandler, Receipt, done};
use crate::state::FetchResult;
use pipeline::{disposition::Disposition, handler::Outcome, store::Error, telemetry::names};
use proto::v1::CompanyRef;

/// How far back they are counted for a notice.
const OF_LATE_MS: i64 = 3_600_000;

impl FetchHandler {
    /// The ladder is used up, and others are shown.
    pub(super) async fn conclude_missing(&self, wanted: &CompanyRef, message: &str) -> Outcome<Receipt> {
        let state = [(wanted.company_id.clone(), wanted.update_time)];
        let recorded = async {
            // One clock for all replicas, or one that is fast would keep these from being asked for.
            let now = self.state.now_ms().await?;
            self.state.record_missing(&state, now).await
        };
        if let Err(error) = recorded.await {
            self.rt.redis_lost(&error);
            return Outcome::Hold;
        }
        tracing::info!(
            company_id = wanted.company_id,
            message,
            "okki lists this customer and does not show it"
        );
        done(
            Receipt::of(wanted, FetchResult::Missing),
            Disposition::Skipped,
            None,
        )
    }

    /// Forgets those that are shown again; counts the others, and notifies people when they are many.
    pub(super) async fn count_missing(&self, receipts: &[Receipt]) -> Result<(), Error> {
        use FetchResult::{Fetched, Filtered, Missing, Removed};
        let is_shown = |receipt: &&Receipt| matches!(receipt.result, Fetched | Filtered | Removed);
        let shown = receipts.iter().filter(is_shown);
        let shown: Vec<_> = shown.map(|receipt| receipt.company_id.as_str()).collect();
        if !shown.is_empty() {
            self.state.found(&shown).await?;
        }
        let missing = receipts
            .iter()
            .filter(|receipt| receipt.result == Missing)
            .count();
        if missing > 0 {
            metrics::counter!(names::EXTRACTOR_MISSING).increment(missing as u64);
            let now = self.state.now_ms().await?;
            let of_late = self.state.missing_since(now - OF_LATE_MS).await?;
            self.rt.alerts.customers_missing(of_late);
        }
        Ok(())
    }
}
