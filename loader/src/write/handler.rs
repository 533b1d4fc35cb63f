//! The stage's handler: claim, write, commit, until every record of the batch has an outcome.
//!
//! Running it twice for the same record is harmless: the second time the ledger says unchanged or stale, finds the
//! unfinished batch and finishes it, or waits for whoever is at it.

use std::collections::HashSet;
use std::time::Duration;

use pipeline::broker::Outgoing;
use pipeline::handler::{Done, Handler, Job, Outcome, SubjectRef, Tally};
use pipeline::marks::Marks;
use pipeline::quota::Lane;
use pipeline::retry::Backoff;
use pipeline::stage::Stage;
use pipeline::telemetry::names;
use pipeline::version::Version;
use proto::v1::{CompanyRef, FormRecord, Lane as WireLane, Operation as Wanted};
use uuid::Uuid;

use super::fate::{Fate, Fated};
use super::records::{Prepared, Receipt, Sorted, sort};
use super::{Removals, Writer};
use crate::failpoint;
use crate::ledger::{Claim, Claimed, Item, Kind, Member, Operation};
use crate::vendor::Patience;

/// Waits for a row that another batch is writing.
const BUSY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// The loader's handler.
pub struct LoadHandler {
    /// Does the writing.
    pub writer: Writer,
    /// What the extractor may skip, what the transformer may drop.
    pub marks: Marks,
}

/// What one claim means for the records it was about.
#[derive(Default)]
struct Round {
    members: Vec<Member>,
    /// Customer of each slot.
    slots: Vec<String>,
    left_behind: HashSet<String>,
    waiting: bool,
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
        // Marks of removals carry no fields, and an upsert carries all mapped ones.
        if let Some(record) = sorted
            .open
            .values()
            .flatten()
            .find(|record| !record.record.fields.is_empty())
        {
            self.writer.index.see(&record.record.fields);
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

    /// Claims what is open, writes what was taken, and decides what is decided by it.
    async fn round(&self, sorted: &mut Sorted, patience: Patience) -> Result<Round, Stop> {
        let writer = &self.writer;
        let name = Uuid::new_v4().to_string();
        let Some(mut held) = writer.registry.announce(&name) else {
            return Err(Stop);
        };
        let mut companies: Vec<String> = sorted.open.keys().cloned().collect();
        companies.sort_unstable();
        let items: Vec<Item<'_>> = companies
            .iter()
            .filter_map(|company| Some(newest(sorted, company)?.item()))
            .collect();
        failpoint::hit("claim-before").await;
        let claimed = match writer
            .ledger
            .claim(&name, &items, writer.settings.removals == Removals::Delete)
            .await
        {
            Ok(claimed) => claimed,
            Err(error) => {
                writer.ledger_failed(&error);
                return Err(Stop);
            }
        };
        failpoint::hit("claim-after").await;
        held.granted(claimed.fence.clone(), claimed.time_ms);
        let mut round = self.sort_claims(sorted, &claimed, companies).await?;
        if round.members.is_empty() {
            return Ok(round);
        }
        let lane = lane_of(sorted, &round);
        let work = writer.work(&held, patience, lane, true);
        let fates = writer.write(&work, std::mem::take(&mut round.members)).await;
        match self.apply(sorted, &round, fates) {
            true => Ok(round),
            false => Err(Stop),
        }
    }

    async fn sort_claims(
        &self,
        sorted: &mut Sorted,
        claimed: &Claimed,
        companies: Vec<String>,
    ) -> Result<Round, Stop> {
        let mut round = Round::default();
        let mut refetch = Vec::new();
        for (slot, (company, claim)) in (0u32..).zip(companies.iter().zip(&claimed.claims)) {
            let Some(record) = newest(sorted, company) else {
                continue;
            };
            match claim {
                Claim::Stale => decide(sorted, company, Tally::Superseded),
                Claim::Unchanged | Claim::Absent => decide(sorted, company, Tally::Unchanged),
                Claim::Refetch => refetch.push(company.clone()),
                Claim::Create => round
                    .members
                    .push(member(slot, record, Kind::Create, "", claimed)),
                Claim::Update(id) => round
                    .members
                    .push(member(slot, record, Kind::Update, id, claimed)),
                Claim::Remove(id) => round
                    .members
                    .push(member(slot, record, Kind::Remove, id, claimed)),
                Claim::Busy(batch, owner) => {
                    // Ours and not at work: it was put off, and nobody else may touch it before its lease ends.
                    match *owner == self.writer.ledger.owner() && !self.writer.registry.is_live(batch) {
                        true => drop(round.left_behind.insert(batch.clone())),
                        false => round.waiting = true,
                    }
                }
                Claim::Orphaned(batch) => drop(round.left_behind.insert(batch.clone())),
            }
        }
        round.slots = companies;
        self.refetch(sorted, refetch).await?;
        Ok(round)
    }

    /// The form may show something newer than these records: their customers are fetched again.
    async fn refetch(&self, sorted: &mut Sorted, companies: Vec<String>) -> Result<(), Stop> {
        if companies.is_empty() {
            return Ok(());
        }
        // The transformer must not call the fresh copy a duplicate of the one that is dropped here.
        if let Err(error) = self.marks.clear(&companies).await {
            self.writer.runtime.redis_lost(&error);
            return Err(Stop);
        }
        metrics::counter!(names::LOADER_REFETCHED).increment(companies.len() as u64);
        for company in companies {
            let Some(versions) = sorted.open.remove(&company) else {
                continue;
            };
            let publish = versions
                .last()
                .map(|newest| again(&newest.record))
                .into_iter()
                .collect();
            let mut done = Some(Done {
                publish,
                receipt: None,
                tally: Tally::Superseded,
            });
            for record in versions.into_iter().rev() {
                let outcome = done
                    .take()
                    .map_or_else(|| Outcome::done(Tally::Superseded), Outcome::Done);
                sorted.outcomes[record.at] = Some(outcome);
            }
        }
        Ok(())
    }

    /// `false` when something has to wait for the gate.
    fn apply(&self, sorted: &mut Sorted, round: &Round, fates: Vec<Fated>) -> bool {
        let mut going = true;
        for (slot, fate) in fates {
            let Some(company) = usize::try_from(slot).ok().and_then(|slot| round.slots.get(slot)) else {
                continue;
            };
            match fate {
                Fate::Landed | Fate::Removed => decide(sorted, company, Tally::Loaded),
                Fate::Dead(failure) => {
                    // The next older version gets its chance.
                    let versions = sorted.open.get_mut(company);
                    if let Some(record) = versions.and_then(Vec::pop) {
                        sorted.outcomes[record.at] = Some(Outcome::Dead(*failure));
                    }
                    if sorted.open.get(company).is_some_and(Vec::is_empty) {
                        sorted.open.remove(company);
                    }
                }
                Fate::Again => {}
                Fate::Held => going = false,
            }
        }
        going
    }
}

/// Everything undecided waits for the gate.
struct Stop;

fn newest<'a>(sorted: &'a Sorted, company: &str) -> Option<&'a Prepared> {
    sorted.open.get(company).and_then(|versions| versions.last())
}

/// The newest version of a customer ends like this; the older ones in the batch are superseded by it.
fn decide(sorted: &mut Sorted, company: &str, tally: Tally) {
    let Some(versions) = sorted.open.remove(company) else {
        return;
    };
    let mut newest: Option<(String, Tally)> = None;
    for record in versions.into_iter().rev() {
        let (tally, receipt) = match &newest {
            None if tally == Tally::Superseded => (tally, None),
            None => (tally, record.receipt()),
            Some((version, _)) if *version == record.version => (Tally::Duplicate, None),
            Some(_) => (Tally::Superseded, None),
        };
        newest.get_or_insert_with(|| (record.version.clone(), tally));
        sorted.outcomes[record.at] = Some(Outcome::Done(Done {
            publish: Vec::new(),
            receipt,
            tally,
        }));
    }
}

fn member(slot: u32, record: &Prepared, kind: Kind, row_id: &str, claimed: &Claimed) -> Member {
    Member {
        slot,
        kind,
        company: record.record.company_id.clone(),
        hash: if record.operation == Operation::Upsert {
            record.hash.clone()
        } else {
            String::new()
        },
        row_id: row_id.to_owned(),
        row: if kind == Kind::Create {
            record.set.clone()
        } else {
            record.update()
        },
        transaction: if kind == Kind::Create {
            claimed.transaction.clone()
        } else {
            String::new()
        },
        first_sent_ms: claimed.time_ms,
    }
}

/// The most urgent of the records that are written decides when it is their turn.
fn lane_of(sorted: &Sorted, round: &Round) -> Lane {
    let slots = round
        .members
        .iter()
        .filter_map(|member| round.slots.get(usize::try_from(member.slot).ok()?));
    let lanes = slots.filter_map(|company| Some(newest(sorted, company)?.record.lane()));
    lanes.map(lane).min().unwrap_or(Lane::Live)
}

fn lane(wire: WireLane) -> Lane {
    match wire {
        WireLane::Live => Lane::Live,
        WireLane::Backfill => Lane::Backfill,
        WireLane::Replay => Lane::Replay,
    }
}

/// A reference that makes the extractor fetch the customer whatever is known of it.
pub(super) fn again(record: &FormRecord) -> Outgoing {
    let version = Version::from(record.version.unwrap_or_default());
    let reference = CompanyRef {
        company_id: record.company_id.clone(),
        run_id: record.run_id.clone(),
        update_time: version.update_time,
        removed: record.operation() == Wanted::Remove,
        sequence: version.sequence,
        lane: record.lane,
        force: true,
    };
    Outgoing::to(Stage::Extract, &reference)
}

fn hold(jobs: usize) -> Vec<Outcome<Receipt>> {
    (0..jobs).map(|_| Outcome::Hold).collect()
}
