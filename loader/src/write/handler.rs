//! The stage's handler: claim, write, commit, until every record of the batch has an outcome.
//!
//! Running it twice for the same record is harmless: the second time the ledger says unchanged or stale, finds the
//! unfinished batch and finishes it, or waits for whoever is at it.

use std::time::Duration;

use pipeline::retry::Backoff;
use pipeline::watermarks::Watermarks;
use pipeline::{
    handler::{Handler, Job, Outcome, WaitsFor},
    message::SubjectRef,
};
use proto::v1::FormRecord;

use super::Writer;
use super::records::{Receipt, Sorted, sort};
use super::round::Stop;
use crate::failpoint;
use crate::vendor::Patience;

/// Waits for a row that another batch is writing.
const BUSY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// The loader's handler.
pub struct LoadHandler {
    /// Does the writing.
    pub writer: Writer,
    /// What the extractor may skip, what the transformer may drop.
    pub marks: Watermarks,
}

impl Handler for LoadHandler {
    type In = FormRecord;
    type Receipt = Receipt;

    async fn handle(&self, batch: Vec<Job<FormRecord>>) -> Vec<Outcome<Receipt>> {
        if self.writer.vendor.stopping.is_over() {
            // Too late to begin; the messages go back when the process ends.
            return std::future::pending().await;
        }
        failpoint::hit("handle-begin").await;
        for job in &batch {
            failpoint::meet(&job.message.company_id);
        }
        let jobs = batch.len();
        let Some(form) = self.writer.form.current() else {
            self.writer.form.want();
            return hold(jobs);
        };
        let sorted = match sort(batch, &form, &self.writer.settings.removals) {
            Ok(sorted) => sorted,
            Err(misfit) => {
                self.writer.form.misfit(misfit.0, misfit.1);
                return hold(jobs);
            }
        };
        // Watermarks of removals carry no fields, and an upsert carries all mapped ones.
        if let Some(record) = sorted
            .open
            .values()
            .flatten()
            .find(|record| !record.record.fields.is_empty())
        {
            self.writer.index.see(&record.record.fields);
        }
        if self.writer.index.waits_for_a_record() {
            // Removals only. They may not keep back the record that tells the widgets, not even as suspects, which
            // are taken one at a time.
            self.writer.index.look_again();
            let outcomes = sorted.outcomes.into_iter();
            return outcomes
                .map(|outcome| outcome.unwrap_or(Outcome::Park(WaitsFor::OtherMessage)))
                .collect();
        }
        let outcomes = self.load(sorted).await;
        failpoint::hit("handle-end").await;
        outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or(Outcome::Hold))
            .collect()
    }

    fn mapping(&self, record: Option<&FormRecord>) -> Option<String> {
        let mapping = record.map(|record| record.mapping_fingerprint.clone());
        mapping.filter(|mapping| !mapping.is_empty())
    }

    async fn confirmed(&self, receipts: Vec<Receipt>) {
        failpoint::hit("marks-before").await;
        if let Err(error) = self.marks.record_loaded(&receipts).await {
            tracing::debug!(error = %error, "loaded marks are not written, the extractor will fetch these again");
        }
        failpoint::hit("marks-after").await;
    }

    async fn died(&self, subjects: Vec<SubjectRef>) {
        let companies: Vec<&String> = subjects.iter().map(|subject| &subject.company_id).collect();
        if let Err(error) = self.marks.clear(&companies).await {
            tracing::warn!(error = %error, "marks of dead records are not cleared");
        }
    }
}

impl LoadHandler {
    async fn load(&self, mut sorted: Sorted) -> Vec<Option<Outcome<Receipt>>> {
        let writer = &self.writer;
        let patience = Patience::new(writer.settings.patience);
        let mut backoff = Backoff::new(BUSY.0, BUSY.1);
        while !sorted.open.is_empty() {
            if !writer.index.is_known() {
                writer.index.lost();
                break;
            }
            if !writer.vendor.open(&patience).await {
                break;
            }
            let round = match self.round(&mut sorted, patience).await {
                Ok(round) => round,
                Err(Stop) => break,
            };
            for batch in &round.left_behind {
                if !writer.finish(batch, patience).await {
                    return sorted.outcomes;
                }
            }
            if round.waiting
                && !patience
                    .sleep(backoff.next_delay(), &writer.vendor.stopping)
                    .await
            {
                break;
            }
        }
        sorted.outcomes
    }
}

fn hold(jobs: usize) -> Vec<Outcome<Receipt>> {
    (0..jobs).map(|_| Outcome::Hold).collect()
}
