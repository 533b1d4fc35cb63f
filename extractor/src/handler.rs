//! Refs in, snapshots out: the handler that every replica consumes `<ns>.extract` with.
//!
//! Running it twice for one ref is harmless: the second snapshot has a higher sequence, and the stages behind compare
//! versions and content. The sequence is taken before the fetch, so that of two fetches of one state the one that was
//! asked later wins.

mod ahead;
mod failed;
mod granule;
mod hint;
mod left;
mod listed;
mod missing;
mod outcome;
mod removed;
mod times;

use crate::{
    failure_scope::FailureScope,
    hooks::RemovedList,
    okki::{Client, Detail, Error, time},
    pause::Pauses,
    selection::{Selected, Selection},
    share::Share,
    snapshot::{Asked, Stamp, leaving, snapshot, unordered},
    source::Listed,
    state::{FetchResult, State},
};
pub(crate) use outcome::Receipt;
use outcome::{Known, done, publish};
use pipeline::{
    disposition::Disposition,
    failure::Failure,
    handler::{Handler, Job, Outcome},
    message::{Subject as _, SubjectRef},
    quota::Lane,
    sequence,
    service::Runtime,
    watermarks::Watermarks,
};
use proto::v1::{self, CompanyRef};
use rand::seq::SliceRandom as _;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};
use tokio::time::Instant;

pub(crate) struct FetchHandler {
    rt: Runtime,
    client: Arc<Client>,
    pauses: Arc<Pauses>,
    state: State,
    watermarks: Watermarks,
    failure_scope: Arc<FailureScope>,
    selection: Selection,
    share: Share,
    removed: RemovedList,
    /// Deleted customers are removed.
    removals: bool,
    skip: bool,
    /// The detail that was asked for last showed a later time than its row.
    differs: AtomicBool,
}

impl FetchHandler {
    /// `skip`: a listed version that is loaded costs no call.
    #[must_use]
    pub(crate) fn new(
        rt: Runtime,
        client: Arc<Client>,
        pauses: Arc<Pauses>,
        state: State,
        removals: bool,
        skip: bool,
    ) -> Self {
        let watermarks = Watermarks::new(rt.store.clone(), rt.namespace.clone());
        let failure_scope = Arc::new(FailureScope::new(Arc::clone(&client)));
        let selection = client.source().selection.clone();
        Self {
            rt,
            client,
            pauses,
            state,
            watermarks,
            failure_scope,
            selection,
            share: Share::default(),
            removed: RemovedList::default(),
            removals,
            skip,
            differs: AtomicBool::default(),
        }
    }

    async fn one(&self, job: Job<CompanyRef>, known: Known, sequence: u64) -> Outcome<Receipt> {
        let wanted = &job.message;
        let asked = Asked {
            sequence,
            at_ms: time::now_ms(),
            not_before: 0,
        };
        let going = asked.after(known.removed);
        if wanted.removed {
            return self.removed(&job, going.after_hidden(wanted, known)).await;
        }
        if self.skip && !wanted.force && self.is_loaded(wanted, known) {
            match self.hides_nothing(wanted, known).await {
                Ok(true) => {
                    let receipt = Receipt::of(wanted, FetchResult::Skipped);
                    return done(receipt, Disposition::Skipped, None);
                }
                Ok(false) => {}
                Err(error) => return self.held(&error),
            }
        }
        let (fetched, began) = self.detail(wanted).await;
        match fetched {
            Ok(detail) => {
                self.failure_scope.answered(&wanted.company_id, &detail, began);
                // Who was listed is within, whatever the detail says.
                let listed = match wanted.update_time > 0 {
                    true => Listed::Yes,
                    false => self.listed(wanted, &detail, known.in_form.loaded).await,
                };
                match self.hint_is_over(&job, &detail, known.in_form.loaded, listed) {
                    Some(over) => over,
                    None => {
                        let asked = asked.of_state(wanted, known.removed);
                        self.fetched(&job, detail, (listed, known), (asked, began)).await
                    }
                }
            }
            Err(Error::NotFound { message }) if wanted.hint => {
                self.hint_not_shown(&job, &message, known.in_form.loaded, going)
                    .await
            }
            Err(error) => self.failed(&job, error, began).await,
        }
    }

    /// Hands a customer on, unless the source document's condition drops it, or it is outside of what is listed.
    async fn fetched(
        &self,
        job: &Job<CompanyRef>,
        detail: Detail,
        (listed, known): (Listed, Known),
        (asked, began): (Asked, Instant),
    ) -> Outcome<Receipt> {
        let wanted = &job.message;
        if let Some(failure) = unordered(wanted, &detail, asked) {
            return self.older(job, failure, &detail, began).await;
        }
        if let Some(again) = self.contradicts_itself(job, &detail) {
            return again;
        }
        let asked = match self.taken_back(job, &detail, (known, asked)).await {
            Ok(asked) => asked,
            Err(outcome) => return outcome,
        };
        if asked.not_before > 0
            && let Some(shown) = detail.update_time
            && let Err(error) = self
                .watermarks
                .record_shown(&wanted.company_id, shown, asked.sequence)
                .await
        {
            return self.held(&error);
        }
        let fetched_whole = match self.may_hide(wanted, &detail, known).await {
            Ok(whole) => whole,
            Err(error) => return self.held(&error),
        };
        let leaving = leaving(wanted, Stamp::of(&detail), asked);
        let shown_as = self.shown_as(wanted, (&detail, leaving.version()), (asked, known));
        let receipt = |result| Receipt {
            shown_as,
            fetched_whole,
            ..Receipt::of(wanted, result)
        };
        let filtered = || receipt(FetchResult::Filtered);
        if listed == Listed::No {
            return self.left(job, leaving, "source-filter", filtered()).await;
        }
        match self.selection.apply(detail.json, jiff::Timestamp::now()) {
            Ok(Selected::Kept(json)) => {
                if asked.not_before > 0
                    && let Err(error) = self.state.is_back(&wanted.company_id).await
                {
                    return self.held(&error);
                }
                let detail = Detail { json, ..detail };
                publish(
                    job,
                    snapshot(wanted, detail, asked),
                    receipt(FetchResult::Fetched),
                )
            }
            Ok(Selected::Dropped) => self.left(job, leaving, "source-condition", filtered()).await,
            Err(problem) => Outcome::Dead(Failure::new("detail-shape", problem)),
        }
    }
}

impl Handler for FetchHandler {
    type In = CompanyRef;
    type Receipt = Receipt;

    async fn handle(&self, batch: Vec<Job<CompanyRef>>) -> Vec<Outcome<Receipt>> {
        let ids: Vec<&str> = batch.iter().map(|job| job.message.company_id.as_str()).collect();
        let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let in_form = self.watermarks.in_form(&ids);
        let first = sequence::next(&self.rt.store, &self.rt.namespace, count);
        let removed = self.watermarks.removed(&ids);
        let all = futures::future::try_join4(in_form, removed, first, self.state.granule());
        let (in_form, removed, first, granule) = match all.await {
            Ok(all) => all,
            Err(error) => {
                self.rt.redis_lost(&error);
                return batch.iter().map(|_| Outcome::Hold).collect();
            }
        };
        let known = in_form.into_iter().zip(removed).map(|(in_form, removed)| Known {
            in_form,
            removed,
            granule,
        });
        let jobs = batch.into_iter().zip(known).zip(first..).enumerate();
        let mut jobs: Vec<_> = jobs.collect();
        // A batch that is held comes again as it was. Whose answer leaves no call for others must not be first each time.
        jobs.shuffle(&mut rand::rng());
        let outcomes = jobs
            .into_iter()
            .map(async |(at, ((job, known), sequence))| (at, self.one(job, known, sequence).await));
        let mut outcomes = futures::future::join_all(outcomes).await;
        outcomes.sort_unstable_by_key(|(at, _)| *at);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    async fn confirmed(&self, receipts: Vec<Receipt>) {
        if let Err(error) = self.count_missing(&receipts).await {
            tracing::debug!(
                error = pipeline::cause::logged(&error),
                "missing customers not counted"
            );
        }
        self.remember_times(&receipts).await;
        let mut runs: BTreeMap<String, Vec<(String, FetchResult)>> = BTreeMap::new();
        for one in receipts {
            runs.entry(one.run_id)
                .or_default()
                .push((one.company_id, one.result));
        }
        for (run, results) in runs {
            if let Err(error) = self.state.count_results(&run, &results).await {
                tracing::debug!(run, error = pipeline::cause::logged(&error), "run not counted");
            }
        }
    }

    async fn died(&self, subjects: Vec<SubjectRef>) {
        let results: Vec<_> = subjects
            .into_iter()
            .map(|subject| (subject.company_id, FetchResult::Dead))
            .collect();
        if let Err(error) = self.state.count_results_everywhere(&results).await {
            tracing::debug!(
                error = pipeline::cause::logged(&error),
                "dead customers not counted"
            );
        }
    }
}

fn lane(wanted: &CompanyRef) -> Lane {
    match v1::Lane::try_from(wanted.lane) {
        Ok(v1::Lane::Backfill) => Lane::Backfill,
        Ok(v1::Lane::Replay) => Lane::Replay,
        _ => Lane::Live,
    }
}
