//! The stage itself: snapshot in, form record out.
//!
//! Running twice for the same snapshot gives the same record under the same version, which the loader recognises.

use crate::{
    dedupe::{Seen, digest, seen},
    map::Mapping,
    profile::Watch,
};
use mapping::{
    clean::{self, CleanError},
    surrogate,
};
use pipeline::{
    content::content_hash,
    disposition::Disposition,
    failure::Failure,
    handler::{Handler, Job, Outcome},
    message::{Outgoing, Subject, SubjectRef},
    service::Runtime,
    stage::Stage,
    telemetry::names,
    watermarks::{Published, Watermarks},
};
use proto::v1::{CompanySnapshot, FormRecord, Operation};
use std::sync::Arc;

/// Maps snapshots by one document.
pub(crate) struct MapHandler {
    rt: Runtime,
    watermarks: Watermarks,
    mapping: Arc<Mapping>,
    watch: Arc<Watch>,
}

impl MapHandler {
    /// A stage with its compiled mapping.
    #[must_use]
    pub(crate) fn new(rt: Runtime, mapping: Arc<Mapping>, watch: Arc<Watch>) -> Self {
        Self {
            watermarks: Watermarks::new(rt.store.clone(), rt.namespace.clone()),
            rt,
            mapping,
            watch,
        }
    }

    fn transform(&self, job: Job<CompanySnapshot>, last: Option<&Published>) -> Outcome<(String, Published)> {
        let snapshot = job.message;
        let published = Published {
            version: snapshot.version(),
            digest: digest(&self.mapping.revision(), &snapshot),
        };
        match seen(published.version, &published.digest, last) {
            Seen::New => {}
            Seen::Duplicate => return Outcome::done(Disposition::Duplicate),
            Seen::Superseded => return Outcome::done(Disposition::Superseded),
        }
        match self.record(snapshot) {
            Ok(Mapped::Dropped(reason)) => Outcome::filtered(reason),
            Ok(Mapped::Record(record)) => {
                let company_id = record.company_id.clone();
                Outcome::forward(
                    vec![Outgoing::to(Stage::Load, &record)],
                    Some((company_id, published)),
                )
            }
            Err(failure) => Outcome::Dead(failure),
        }
    }

    fn record(&self, snapshot: CompanySnapshot) -> Result<Mapped, Failure> {
        let (operation, fields) = if snapshot.removed {
            (Operation::Remove, Vec::new())
        } else {
            let (wanted, zone) = (self.mapping.wanted(), self.mapping.zone());
            // One half of a character costs that character, not the customer.
            let (detail, halves) = surrogate::repaired(&snapshot.detail_json);
            if halves > 0 {
                metrics::counter!(names::REPLACED_CHARACTERS, "stage" => Stage::Transform.name())
                    .increment(halves as u64);
            }
            self.watch.see(&detail);
            let mut record = clean::read(&detail, wanted, zone).map_err(|problem| {
                let code = match problem {
                    CleanError::NotJson(_) => "detail-not-json",
                    CleanError::NotAnObject(_) => "detail-shape",
                };
                Failure::new(code, problem.to_string())
            })?;
            let now = jiff::Timestamp::now();
            if let Some(reason) = self.mapping.filter(&mut record, now) {
                return Ok(Mapped::Dropped(reason));
            }
            let fields = self.mapping.map(&record, now).map_err(|error| Failure {
                field: Some(format!("{} ({})", error.label, error.field)),
                expression: Some(error.expression.clone()),
                ..Failure::new(error.code, error.reason.clone())
            })?;
            (Operation::Upsert, fields)
        };
        let mut record = FormRecord {
            company_id: snapshot.company_id,
            version: snapshot.version,
            content_hash: Default::default(),
            operation: operation.into(),
            fields,
            mapping_fingerprint: self.mapping.fingerprint().to_owned(),
            run_id: snapshot.run_id,
            fetched_at: snapshot.fetched_at,
            lane: snapshot.lane,
            settled: snapshot.settled,
        };
        record.content_hash = content_hash(&record).into();
        Ok(Mapped::Record(record))
    }
}

/// What a snapshot turned into.
enum Mapped {
    Record(FormRecord),
    /// Dropped by this rule.
    Dropped(&'static str),
}

impl Handler for MapHandler {
    type In = CompanySnapshot;
    type Receipt = (String, Published);

    async fn handle(&self, batch: Vec<Job<CompanySnapshot>>) -> Vec<Outcome<Self::Receipt>> {
        let customers: Vec<_> = batch.iter().map(|job| job.message.company_id.as_str()).collect();
        let last = match self.watermarks.published(&customers).await {
            Ok(last) => last,
            Err(error) => {
                self.rt.redis_lost(&error);
                return batch.iter().map(|_| Outcome::Hold).collect();
            }
        };
        batch
            .into_iter()
            .zip(last)
            .map(|(job, last)| self.transform(job, last.as_ref()))
            .collect()
    }

    fn mapping(&self, _: Option<&CompanySnapshot>) -> Option<String> {
        Some(self.mapping.fingerprint().to_owned())
    }

    async fn confirmed(&self, receipts: Vec<Self::Receipt>) {
        if let Err(error) = self.watermarks.record_published(&receipts).await {
            tracing::debug!(%error, "repeats will not be recognised");
        }
    }

    async fn died(&self, subjects: Vec<SubjectRef>) {
        let customers: Vec<_> = subjects.into_iter().map(|subject| subject.company_id).collect();
        if let Err(error) = self.watermarks.clear(&customers).await {
            tracing::debug!(%error, "watermarks of dead records stay");
        }
    }
}
