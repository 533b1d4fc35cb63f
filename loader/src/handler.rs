//! The load stage's handler: claim, write, commit, until every record of the batch has an outcome.
//!
//! Running it twice for the same record is harmless: the second time the ledger answers unchanged or stale, names the
//! unfinished batch so that it is finished, or lets the record wait for the loader that is writing the row.

use std::time::Duration;

use pipeline::retry::Backoff;
use pipeline::{
    handler::{Handler, Job, Outcome, WaitsFor},
    message::SubjectRef,
};
use proto::v1::FormRecord;

use crate::failpoint;
use crate::form_watch::Blame;
use crate::vendor::Patience;
use crate::write::{LastLook, Prepared, Receipt, Sorted, Stop, Unfit, Writer, sort};

/// Waits for a row that another batch is writing.
const BUSY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

pub(crate) struct WriteHandler {
    pub(crate) writer: Writer,
}

impl Handler for WriteHandler {
    type In = FormRecord;
    type Receipt = Receipt;

    async fn handle(&self, batch: Vec<Job<FormRecord>>) -> Vec<Outcome<Receipt>> {
        if self.writer.vendor.stopping.is_over() {
            // Too late to begin; the messages go back as copies.
            return hold(batch.len());
        }
        failpoint::hit("handle-begin").await;
        for job in &batch {
            failpoint::meet(&job.message.company_id);
        }
        let jobs = batch.len();
        let records = batch.iter().map(|job| &job.message);
        let Some(form) = self.writer.form.that_fits(records).await else {
            self.writer.form.want();
            return hold(jobs);
        };
        let mut sorted = sort(batch, &form, &self.writer.settings.removals);
        self.set_apart(&mut sorted);
        self.writer.keep_rows(&mut sorted).await;
        // Removals carry no fields, and an upsert carries all mapped ones.
        if let Some(record) = sorted
            .open
            .values()
            .flatten()
            .find(|record| !record.record.fields.is_empty())
        {
            self.writer.index.see(&record.record.fields);
        }
        if self.writer.index.waits_for_a_record() {
            // Removals only. They may not keep back the record that shows the widgets, not even as suspects, which
            // are taken one at a time.
            self.writer.index.check_again();
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
        self.writer.remember(receipts).await;
        failpoint::hit("marks-after").await;
    }

    async fn died(&self, subjects: Vec<SubjectRef>) {
        let companies: Vec<&String> = subjects.iter().map(|subject| &subject.company_id).collect();
        if let Err(error) = self.writer.watermarks.clear(&companies).await {
            tracing::warn!(
                error = pipeline::cause::logged(&error),
                "watermarks of dead records are not cleared"
            );
        }
    }
}

impl WriteHandler {
    /// Decides about records that the form does not take: one alone dies, and while it may be about all of them they
    /// step aside, so that the next ones can show it.
    fn set_apart(&self, sorted: &mut Sorted) {
        let fitting = sorted.open.values().flatten();
        self.writer.form.fits(fitting.map(Prepared::record));
        for Unfit { at, misfit, record } in std::mem::take(&mut sorted.unfit) {
            let outcome = match self.writer.form.blame(&misfit, &record) {
                Blame::Alone => Outcome::Dead(misfit.failure()),
                Blame::Unclear => Outcome::Park(WaitsFor::OtherMessage),
                Blame::Everybody => {
                    self.writer.form.misfit(&misfit, record);
                    Outcome::Park(WaitsFor::OtherMessage)
                }
            };
            sorted.outcomes[at] = Some(outcome);
        }
    }

    /// Rounds of claim, write and commit until everything is decided or has to wait for the gate.
    async fn load(&self, mut sorted: Sorted) -> Vec<Option<Outcome<Receipt>>> {
        let writer = &self.writer;
        let patience = Patience::new(writer.settings.patience);
        let mut backoff = Backoff::new(BUSY.0, BUSY.1);
        let mut last = LastLook::default();
        while !sorted.open.is_empty() {
            if !writer.index.is_known() {
                writer.index.lost();
                break;
            }
            if !writer.keyless.is_clear() {
                writer.keyless.want();
                break;
            }
            if !writer.vendor.open(&patience).await {
                break;
            }
            let round = match writer.round(&mut sorted, patience, &mut last).await {
                Ok(round) => round,
                Err(Stop) => break,
            };
            for batch in &round.left_behind {
                if !writer.take_over(batch, patience).await {
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
