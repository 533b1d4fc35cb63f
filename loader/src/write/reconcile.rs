//! Creates of unknown outcome: the form is asked which rows are there, and only the missing ones are made.

use std::time::{Duration, Instant};

use pipeline::telemetry::names;

use super::Writer;
use super::batch::Work;
use super::commit::{MemberEnd, all};
use super::find::Sighted;
use super::give_up::Refused;
use super::groups::{Groups, History};
use crate::jdy::codes::Class;
use crate::jdy::types::Refusal;
use crate::ledger::{Kind, Member};

/// Parts of a group without an answer. Each division costs the time in which a lost call may land, so that many parts
/// are better than halves: a hundred rows stand alone after two of them.
const PARTS: usize = 10;
/// How often a group is looked up and sent under a new id before the answer counts as a refusal.
const ROUNDS: u32 = 3;

impl Writer {
    /// An earlier send may still be at work, so rows that are missing now are missing for good only when no call of
    /// ours can land any more: until then nothing is sent under another id.
    pub(super) async fn reconcile_late(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        history: History,
    ) {
        if let Some(recognition) = &work.recognition {
            let Some(looked) = self.look(work, recognition, &members).await else {
                return groups.done(all(&members, &MemberEnd::Held));
            };
            let wait = self.lateness();
            if !looked.accounts_for(&members) && !work.patience.sleep(wait, &self.vendor.stopping).await {
                return groups.done(all(&members, &MemberEnd::Held));
            }
        }
        self.reconcile(work, groups, members, history).await;
    }

    /// The transaction id is said to exist: looked up, and after some rounds taken for a refusal.
    pub(super) async fn exists_already(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        mut history: History,
        refusal: &Refusal,
    ) {
        history.rounds += 1;
        if history.rounds > ROUNDS {
            return self
                .look_and_divide(work, groups, members, history, refusal)
                .await;
        }
        let wait = Duration::from_secs(1) * (history.rounds - 1);
        if !work.patience.sleep(wait, &self.vendor.stopping).await {
            return groups.done(all(&members, &MemberEnd::Held));
        }
        self.reconcile_late(work, groups, members, history).await;
    }

    /// Rows that are there are committed, missing ones are made under a new id.
    pub(super) async fn reconcile(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        history: History,
    ) {
        if let Some(missing) = self.settle_found(work, groups, members).await
            && !missing.is_empty()
        {
            self.divide(work, groups, vec![missing], history, false).await;
        }
    }

    /// The vendor works, and this group fails again and again: what has landed is committed, and the rest is divided
    /// until what is wrong with it stands alone.
    pub(super) async fn look_and_divide(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        mut history: History,
        refusal: &Refusal,
    ) {
        let transaction = members.first().map(|member| member.transaction.clone());
        let transaction = transaction.unwrap_or_default();
        // It is not sent again, neither here nor by whoever takes the batch over in this process.
        if self.vendor.breaker.doubted_since(&transaction).is_none() {
            self.vendor.breaker.doubt(&transaction, refusal);
        }
        let first = history.refused_at();
        history.suspect = true;
        if !self.let_land(work, &members, &transaction).await {
            return groups.done(all(&members, &MemberEnd::Held));
        }
        let all = members.len();
        let Some(missing) = self.settle_found(work, groups, members).await else {
            return;
        };
        let doubted = self.vendor.breaker.believe(&transaction);
        if let Some(doubted) = doubted.filter(|_| missing.len() < all) {
            // Unanswered it has done its work.
            let sent = doubted.checked_sub(self.vendor.client.timeout());
            self.vendor.wrote(Kind::Create, sent.unwrap_or(doubted));
        }
        if let [alone] = &missing[..]
            && all == 1
        {
            let refused = Refused {
                refusal,
                first,
                last: doubted.unwrap_or(first),
                times: history.times,
                unknown: false,
            };
            return groups.done(self.give_up_alone(work, alone, refused).await);
        }
        if missing.is_empty() {
            return;
        }
        let size = match refusal.class {
            // An answer at least: the bad one is found soonest by halves.
            Class::Retry => missing.len().div_ceil(PARTS),
            _ => missing.len().div_ceil(2),
        };
        metrics::counter!(names::LOADER_SPLITS).increment(1);
        let parts = missing.chunks(size).map(<[Member]>::to_vec).collect();
        self.divide(work, groups, parts, history, true).await;
    }

    /// Waits until nothing that was sent under this id can land any more, unless everything is there before.
    async fn let_land(&self, work: &Work<'_>, members: &[Member], transaction: &str) -> bool {
        let Some(recognition) = &work.recognition else {
            return true;
        };
        let Some(looked) = self.look(work, recognition, members).await else {
            return false;
        };
        let since = self.vendor.breaker.doubted_since(transaction);
        let waited = since.map_or(Duration::ZERO, |(since, _)| Instant::now().duration_since(since));
        let wait = self.lateness().saturating_sub(waited);
        looked.accounts_for(members) || work.patience.sleep(wait, &self.vendor.stopping).await
    }

    /// Commits the rows that are there; what is missing, or `None` when there is nothing more to do.
    async fn settle_found(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
    ) -> Option<Vec<Member>> {
        let Some(recognition) = &work.recognition else {
            let why =
                words::text!("the rows may be in the form or not, and without a key widget nobody can tell");
            let ends = self.give_up(work, &members, "outcome-unknown", why).await;
            groups.done(ends);
            return None;
        };
        metrics::counter!(names::LOADER_RECONCILED_BATCHES).increment(1);
        let Sighted { members, rows, ended } = match self.find(work, recognition, members).await {
            Ok(sighted) => sighted,
            Err(members) => {
                groups.done(all(&members, &MemberEnd::Held));
                return None;
            }
        };
        groups.done(ended);
        Some(self.commit_found(work, groups, members, &rows).await)
    }
}
