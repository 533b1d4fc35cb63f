//! Customers that have left a filter while rows are kept, and what is remembered of customers that have gone.

use pipeline::disposition::left_filter;

use super::Writer;
use super::prepare::{Receipt, Remembered, Sorted, filtered, receipt};

impl Writer {
    /// Their rows stay as they are; the ledger says, without any call, whether there are some.
    pub(crate) async fn keep_rows(&self, sorted: &mut Sorted) {
        let kept = std::mem::take(&mut sorted.kept);
        if kept.is_empty() {
            return;
        }
        let companies: Vec<&str> = kept
            .iter()
            .map(|(_, record)| record.company_id.as_str())
            .collect();
        let known = match self.ledger.known_rows(&companies).await {
            Ok(known) => known,
            Err(error) => {
                // Undecided, they are held.
                drop(self.ledger_failed(&error));
                return;
            }
        };
        for ((at, record), row) in kept.into_iter().zip(known) {
            let has_row = row.is_some_and(|row| row.id.is_some() || row.batch.is_some());
            let rule = match has_row {
                true => left_filter::KEPT,
                false => left_filter::NO_ROW,
            };
            let rule = left_filter::of(rule, record.unlisted);
            let receipt = receipt(&record, Remembered::Gone);
            sorted.outcomes[at] = Some(filtered(rule, receipt));
        }
    }

    /// Writes down what was loaded and who has gone; both are hints, and losing them costs a call.
    pub(crate) async fn remember(&self, receipts: Vec<Receipt>) {
        let (loaded, gone): (Vec<_>, Vec<_>) = receipts
            .into_iter()
            .partition(|receipt| receipt.what == Remembered::Loaded);
        let loaded = loaded
            .into_iter()
            .map(|receipt| (receipt.company, receipt.version.update_time));
        let gone = gone.into_iter().map(|receipt| (receipt.company, receipt.version));
        let (loaded, gone): (Vec<_>, Vec<_>) = (loaded.collect(), gone.collect());
        let written = futures::future::try_join(
            self.watermarks.record_loaded(&loaded),
            self.watermarks.record_gone(&gone),
        );
        if let Err(error) = written.await {
            tracing::debug!(error = %error, "loaded watermarks are not written, the extractor will fetch these again");
        }
    }
}
