//! The stage itself: snapshot in, form record out.
//!
//! Running twice for the same snapshot gives the same record under the same version, which the loader recognises.

use crate::{
    dedupe::{Seen, digest, seen},
    map::Mapping,
    profile::Watch,
    rollout::Rollout,
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
    store,
    telemetry::names,
    version::Version,
    watermarks::{
        Published, Watermarks,
        passing::{self, Known},
    },
};
use proto::v1::{CompanySnapshot, FormRecord, Operation};
use std::sync::Arc;

/// Maps snapshots by one document.
pub(crate) struct MapHandler {
    rt: Runtime,
    watermarks: Watermarks,
    mapping: Arc<Mapping>,
    watch: Arc<Watch>,
    rollout: Arc<Rollout>,
}

impl MapHandler {
    /// A stage with its compiled mapping.
    #[must_use]
    pub(crate) fn new(rt: Runtime, mapping: Arc<Mapping>, watch: Arc<Watch>, rollout: Arc<Rollout>) -> Self {
        Self {
            watermarks: Watermarks::new(rt.store.clone(), rt.namespace.clone()),
            rt,
            mapping,
            watch,
            rollout,
        }
    }

    /// The revision of the mapping, and what is known of these customers.
    async fn asked(&self, customers: &[&str]) -> Result<(u64, Vec<Known>), store::Error> {
        // Before anything is mapped, so that it is rather too low than too high.
        let revision = self.rollout.revision().await?;
        Ok((revision, self.watermarks.known(customers).await?))
    }

    /// What has to become of a snapshot, as far as that can be said before it is noted.
    fn transform(&self, job: Job<CompanySnapshot>, known: &Known, revision: u64) -> Step {
        let snapshot = job.message;
        let published = Published {
            version: snapshot.version(),
            digest: digest(&self.mapping.revision(), &snapshot),
        };
        match seen(published.version, &published.digest, known.published.as_ref()) {
            Seen::New => {}
            Seen::Duplicate => return Step::Ends(Outcome::done(Disposition::Duplicate)),
            Seen::Superseded => return Step::Ends(Outcome::done(Disposition::Superseded)),
        }
        let is_removal = snapshot.removed;
        match self.record(snapshot, revision) {
            Ok(Mapped::Dropped(reason, record)) => Step::Drops(reason, record, published),
            Ok(Mapped::Record(record)) if !is_removal && known.wants_note() => {
                Step::Passes(record, published)
            }
            Ok(Mapped::Record(record)) => Step::Ends(forward(&record, published)),
            Err(failure) => Step::Ends(Outcome::Dead(failure)),
        }
    }

    /// Notes what passes and what is dropped before any of it is published, so that of two states of a customer, wherever
    /// they are handled, the second knows of the first.
    async fn note(&self, steps: Vec<Step>) -> Result<Vec<Outcome<Receipt>>, store::Error> {
        let notes: Vec<_> = steps.iter().filter_map(Step::note).collect();
        let mut answers = self.watermarks.note(&notes).await?.into_iter();
        Ok(steps
            .into_iter()
            .map(|step| match step {
                Step::Ends(outcome) => outcome,
                Step::Passes(record, published) if answers.next() == Some(true) => {
                    forward(&record, published)
                }
                Step::Passes(..) => Outcome::done(Disposition::Superseded),
                Step::Drops(_, record, published) if answers.next() == Some(true) => {
                    forward(&record, published)
                }
                Step::Drops(reason, ..) => Outcome::filtered(reason),
            })
            .collect())
    }

    fn record(&self, snapshot: CompanySnapshot, revision: u64) -> Result<Mapped, Failure> {
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
                return Ok(Mapped::Dropped(reason, self.leaving(&snapshot, revision)));
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
            filtered: snapshot.filtered,
            mapping_revision: revision,
        };
        record.content_hash = content_hash(&record).into();
        Ok(Mapped::Record(Box::new(record)))
    }

    /// What the loader is told of a customer that the condition drops, if it may have a row.
    fn leaving(&self, snapshot: &CompanySnapshot, revision: u64) -> Box<FormRecord> {
        let mut record = FormRecord {
            company_id: snapshot.company_id.clone(),
            version: snapshot.version,
            operation: Operation::Remove.into(),
            mapping_fingerprint: self.mapping.fingerprint().to_owned(),
            run_id: snapshot.run_id.clone(),
            fetched_at: snapshot.fetched_at,
            lane: snapshot.lane,
            settled: snapshot.settled,
            filtered: true,
            mapping_revision: revision,
            ..FormRecord::default()
        };
        record.content_hash = content_hash(&record).into();
        Box::new(record)
    }
}

/// The customer and what is remembered of it.
type Receipt = (String, Published);

/// What a snapshot turned into.
enum Mapped {
    Record(Box<FormRecord>),
    /// Dropped by this rule, and what a loader that may have written a row is told.
    Dropped(&'static str, Box<FormRecord>),
}

/// What becomes of a snapshot.
enum Step {
    Ends(Outcome<Receipt>),
    /// Goes on, unless a newer state was dropped.
    Passes(Box<FormRecord>, Published),
    /// Dropped by this rule; goes on as a leaving when there may be a row.
    Drops(&'static str, Box<FormRecord>, Published),
}

impl Step {
    /// What has to be noted before.
    fn note(&self) -> Option<(&str, passing::Step, Version)> {
        match self {
            Self::Ends(_) => None,
            Self::Passes(record, published) => {
                Some((&record.company_id, passing::Step::Pass, published.version))
            }
            Self::Drops(_, record, published) => {
                Some((&record.company_id, passing::Step::Drop, published.version))
            }
        }
    }
}

fn forward(record: &FormRecord, published: Published) -> Outcome<Receipt> {
    let receipt = (record.company_id.clone(), published);
    Outcome::forward(vec![Outgoing::to(Stage::Load, record)], Some(receipt))
}

impl Handler for MapHandler {
    type In = CompanySnapshot;
    type Receipt = Receipt;

    async fn handle(&self, batch: Vec<Job<CompanySnapshot>>) -> Vec<Outcome<Self::Receipt>> {
        let jobs = batch.len();
        let customers: Vec<_> = batch.iter().map(|job| job.message.company_id.as_str()).collect();
        let noted = match self.asked(&customers).await {
            Ok((revision, known)) => {
                let steps = batch
                    .into_iter()
                    .zip(known)
                    .map(|(job, known)| self.transform(job, &known, revision));
                self.note(steps.collect()).await
            }
            Err(error) => Err(error),
        };
        noted.unwrap_or_else(|error| {
            self.rt.redis_lost(&error);
            (0..jobs).map(|_| Outcome::Hold).collect()
        })
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
