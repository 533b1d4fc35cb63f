//! One round of a batch: claim its customers, write what was taken, and decide what is decided by it.

use std::collections::HashSet;

use pipeline::events::What;
use pipeline::quota::Lane;
use pipeline::{
    disposition::Disposition,
    handler::{Outcome, WaitsFor},
};
use proto::v1::Lane as WireLane;
use uuid::Uuid;

use super::commit::{Ended, MemberEnd};
use super::guard::causes;
use super::prepare::{Prepared, Sorted};
use super::row_event::RowEvent;
use super::{Removals, Writer};
use crate::failpoint;
use crate::ledger::{Claim, Claimed, Error, Item, JustLooked, Kind, Member, Operation};
use crate::vendor::Patience;

/// What one claim means for the records it was about.
#[derive(Default)]
pub(crate) struct Round {
    members: Vec<Member>,
    /// Customer of each slot.
    slots: Vec<String>,
    /// Batches that no loader works on, which have to be finished first.
    pub(crate) left_behind: HashSet<String>,
    /// Another batch is writing one of the rows.
    pub(crate) waiting: bool,
}

/// Everything undecided waits for the gate.
pub(crate) struct Stop;

/// The look that the last round of a batch came to, if it was one.
#[derive(Default)]
pub(crate) struct LastLook {
    pub(super) looked: Option<JustLooked>,
    /// Whose rows were asked for.
    pub(super) companies: HashSet<String>,
}

impl Writer {
    /// Claims what is open, writes what was taken, and decides what is decided by it.
    ///
    /// Rows that were refused wait until they are due; `Err` also when that takes longer than the batch is tried.
    pub(crate) async fn round(
        &self,
        sorted: &mut Sorted,
        patience: Patience,
        last: &mut LastLook,
    ) -> Result<Round, Stop> {
        let mut companies: Vec<String> = sorted.open.keys().cloned().collect();
        if !self.vendor.wait_for_due(&companies, &patience).await {
            return Err(Stop);
        }
        companies.retain(|company| self.vendor.breaker.wait_of(company).is_zero());
        companies.sort_unstable();
        let name = Uuid::new_v4().to_string();
        let Some(mut live) = self.registry.announce(&name) else {
            return Err(Stop);
        };
        let items: Vec<Item<'_>> = companies
            .iter()
            .filter_map(|company| Some(sorted.newest(company)?.item()))
            .collect();
        failpoint::hit("claim-before").await;
        let causes = causes(sorted, &companies);
        let guard = self.removals.limits().map(|limits| (limits, causes.as_slice()));
        let deletes = self.settings.removals == Removals::Delete;
        let looked = last.looked;
        let claimed = match self
            .ledger
            .claim_guarded(&name, &items, deletes, guard, looked)
            .await
        {
            Ok(claimed) => claimed,
            Err(Error::Unseen(unseen)) => {
                self.look_up(sorted, *unseen, &patience, last).await?;
                // Now the claim can answer.
                return Ok(Round::default());
            }
            Err(error) => {
                self.ledger_failed(&error);
                return Err(Stop);
            }
        };
        *last = LastLook::default();
        failpoint::hit("claim-after").await;
        live.granted(claimed.fence.clone(), claimed.time_ms);
        let mut round = self.sort_claims(sorted, &claimed, companies).await?;
        if round.members.is_empty() {
            return Ok(round);
        }
        let lane = lane_of(sorted, &round);
        let work = self.work(&live, patience, lane, true);
        let ends = self.write(&work, std::mem::take(&mut round.members)).await;
        match self.apply(sorted, &round, ends) {
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
        let claims = claimed.claims.iter().zip(&claimed.rows);
        for (slot, (company, (claim, row_id))) in (0u32..).zip(companies.iter().zip(claims)) {
            let Some(record) = sorted.newest(company) else {
                continue;
            };
            match claim {
                Claim::Stale => sorted.decide(company, Disposition::Superseded, RowEvent::default()),
                Claim::Landed => {
                    sorted.decide(company, Disposition::Loaded, RowEvent::new(What::Written, row_id));
                }
                Claim::Unchanged | Claim::Absent => {
                    sorted.decide(company, Disposition::Unchanged, RowEvent::of(row_id));
                }
                Claim::Refetch => refetch.push(company.clone()),
                Claim::Later => sorted.set_aside(company),
                Claim::Parked | Claim::Uncounted | Claim::Unread | Claim::Kept => {
                    self.keep_back(sorted, company, claim);
                }
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
                    // Ours and not being written: it was put off, and no other loader may touch it before its lease ends.
                    match *owner == self.ledger.owner() && !self.registry.is_live(batch) {
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

    /// `false` when something has to wait for the gate.
    fn apply(&self, sorted: &mut Sorted, round: &Round, ends: Vec<Ended>) -> bool {
        let mut going = true;
        for (slot, end) in ends {
            let Some(company) = usize::try_from(slot).ok().and_then(|slot| round.slots.get(slot)) else {
                continue;
            };
            match end {
                MemberEnd::Committed(row) => {
                    self.vendor.breaker.forget(company);
                    sorted.decide(company, Disposition::Loaded, row);
                }
                // Only what is committed has come to an end.
                MemberEnd::Landed | MemberEnd::Removed => {
                    self.vendor.breaker.forget(company);
                    sorted.decide(company, Disposition::Loaded, RowEvent::default());
                }
                MemberEnd::Dead(failure) => {
                    // The next older version gets its chance.
                    let versions = sorted.open.get_mut(company);
                    if let Some(record) = versions.and_then(Vec::pop) {
                        sorted.outcomes[record.at] = Some(Outcome::Dead(*failure));
                    }
                    if sorted.open.get(company).is_some_and(Vec::is_empty) {
                        sorted.open.remove(company);
                    }
                }
                MemberEnd::Aside => {
                    // Behind everything else in the queue, so that others are tried before it.
                    for record in sorted.open.remove(company).unwrap_or_default() {
                        sorted.outcomes[record.at] = Some(Outcome::Park(WaitsFor::OtherMessage));
                    }
                }
                MemberEnd::Again => {}
                MemberEnd::Held => going = false,
            }
        }
        going
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
    let lanes = slots.filter_map(|company| Some(sorted.newest(company)?.record.lane()));
    lanes.map(lane).min().unwrap_or(Lane::Live)
}

fn lane(wire: WireLane) -> Lane {
    match wire {
        WireLane::Live => Lane::Live,
        WireLane::Backfill => Lane::Backfill,
        WireLane::Replay => Lane::Replay,
    }
}
