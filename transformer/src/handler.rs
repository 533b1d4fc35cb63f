//! The stage itself: snapshot in, form record out.
//!
//! Running twice for the same snapshot gives the same record under the same version, which the loader recognises.

use crate::{
    dedupe::{Seen, digest, seen},
    map::Mapping,
    passage::Passage,
    profile::Watch,
    record::{Mapped, content, record, whole},
    rollout::Rollout,
};
use pipeline::{
    disposition::Disposition,
    failure::Failure,
    handler::{Handler, Job, Outcome},
    message::{Outgoing, Subject, SubjectRef},
    names::MAPPED_AGAIN,
    service::Runtime,
    snapshots::Keeping,
    stage::Stage,
    store,
    telemetry::names,
    version::Version,
    watermarks::{
        Published, Watermarks,
        passing::{self, Known},
    },
};
use proto::v1::{CompanySnapshot, FormRecord};
use std::sync::Arc;

/// Maps snapshots by one document.
pub(crate) struct MapHandler {
    rt: Runtime,
    watermarks: Watermarks,
    mapping: Arc<Mapping>,
    watch: Arc<Watch>,
    rollout: Arc<Rollout>,
    passage: Passage,
    keeps: bool,
}

impl MapHandler {
    /// A stage with its compiled mapping.
    #[must_use]
    pub(crate) fn new(rt: Runtime, mapping: Arc<Mapping>, watch: Arc<Watch>, rollout: Arc<Rollout>) -> Self {
        Self {
            watermarks: Watermarks::new(rt.store.clone(), rt.namespace.clone()),
            passage: Passage::new(rt.clone()),
            rt,
            mapping,
            watch,
            rollout,
            keeps: false,
        }
    }

    /// Keeps the last snapshot of each customer, if that is wanted.
    #[must_use]
    pub(crate) fn keeping(mut self, keeps: bool) -> Self {
        self.keeps = keeps;
        self
    }

    /// The revision of the mapping, and what is known of these customers.
    async fn asked(&self, customers: &[&str]) -> Result<(u64, Vec<Known>), store::Error> {
        // Before anything is mapped, so that it is rather too low than too high.
        let revision = self.rollout.revision().await?;
        Ok((revision, self.watermarks.known(customers).await?))
    }

    /// What has to become of a snapshot, as far as that can be said before it is noted, and what is kept of it.
    fn transform(&self, job: Job<CompanySnapshot>, known: &Known, revision: u64) -> (Step, Option<Keeping>) {
        let snapshot = job.message;
        let published = Published {
            version: snapshot.version(),
            digest: digest(&self.mapping.revision(), &snapshot),
        };
        // What was put back for its own sake is no copy of what went on before.
        let is_put_back = job.meta.replay.is_some() || snapshot.run_id.starts_with(MAPPED_AGAIN);
        match seen(published.version, &published.digest, known.published.as_ref()) {
            Seen::Duplicate if is_put_back => {}
            Seen::New => {}
            Seen::Duplicate => return (Step::Ends(Outcome::done(Disposition::Duplicate)), None),
            Seen::Superseded => return (Step::Ends(Outcome::done(Disposition::Superseded)), None),
        }
        let mapped = self.record(&snapshot, revision);
        let row = match &mapped {
            Ok(Mapped::Record(record)) if self.keeps => Some(content(record)),
            _ => None,
        };
        match &mapped {
            Ok(Mapped::Dropped(..)) => self.passage.dropped(),
            Ok(Mapped::Record(_)) if !snapshot.removed => self.passage.passed(),
            _ => {}
        }
        let step = match mapped {
            Ok(Mapped::Dropped(reason, record)) => Step::Drops(reason, record, published),
            Ok(Mapped::Record(record)) if !snapshot.removed && known.wants_note() => {
                Step::Passes(record, published)
            }
            Ok(Mapped::Record(record)) => Step::Ends(forward(&record, published)),
            Err(failure) => Step::Ends(Outcome::Dead(failure)),
        };
        let keeping = self.keeps.then_some(Keeping {
            snapshot,
            content: row,
        });
        (step, keeping)
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

    fn record(&self, snapshot: &CompanySnapshot, revision: u64) -> Result<Mapped, Failure> {
        let (detail, halves) = whole(snapshot);
        if halves > 0 {
            metrics::counter!(names::REPLACED_CHARACTERS, "stage" => Stage::Transform.name())
                .increment(halves as u64);
        }
        if !snapshot.removed {
            self.watch.see(&detail);
        }
        record(&self.mapping, snapshot, &detail, revision)
    }
}

/// The customer and what is remembered of it.
type Receipt = (String, Published);

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
                let (steps, keeping): (Vec<_>, Vec<_>) = steps.unzip();
                let keeping: Vec<_> = keeping.into_iter().flatten().collect();
                // Before any message of the batch is acknowledged.
                match self.rt.snapshots.keep(&keeping).await {
                    Ok(()) => self.note(steps).await,
                    Err(error) => Err(error),
                }
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
