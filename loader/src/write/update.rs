//! Updates: one call for each row, repeated until its outcome is known, because repeating changes nothing. One that stays
//! without an answer is looked up.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use pipeline::failure::Failure;
use pipeline::telemetry::names;

use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::find::Done;
use super::give_up::{Refused, failure};
use super::stale_look::FreshLook;
use super::whose::Sent;
use super::{OnMissingRow, Writer};
use crate::failpoint;
use crate::jdy::codes;
use crate::jdy::types::{Refusal, Reply, RowId};
use crate::ledger::{Change, Kind, Member};
use crate::vendor::Tried;

impl Writer {
    /// `looked`: when it was seen whose row it is.
    pub(super) async fn update(&self, work: &Work<'_>, member: Member, looked: Instant) -> Vec<Ended> {
        if member.row_id.is_empty() {
            let why = words::text!(
                "the row exists, but its id was never learned; set JDY_KEY_WIDGET so that it can be found"
            );
            return self.give_up(work, &[member], "row-id-unknown", why).await;
        }
        failpoint::hit("update-before").await;
        let first = Instant::now();
        let left = AtomicBool::new(false);
        let fresh = FreshLook::since(looked);
        let may_send = || !fresh.is_old() && self.leaves(work, &left);
        let (client, options) = (&self.vendor.client, &self.settings.options);
        let (fresh, may_send, target) = (&fresh, &may_send, &member);
        let request = work.request(Kind::Update, self.is_suspect(&member), &left);
        let written = |sent: &Sent<_>| matches!(sent, Sent::Answered(_));
        let tried = self
            .vendor
            .write(request, written, move || async move {
                if fresh.is_old()
                    && let Some(other) = self.no_longer_theirs(work, target, fresh).await
                {
                    return Reply::Ok(Sent::NotTheirs(Box::new(other)));
                }
                client
                    .update(&target.row_id, &target.row, options, work.lane, may_send)
                    .await
                    .map(Sent::Answered)
            })
            .await;
        failpoint::hit("update-answered").await;
        match tried {
            Tried::Done(Sent::NotTheirs(other), unknown) => self.not_theirs(work, *other, unknown).await,
            Tried::Done(Sent::Answered(shown), unknown) => {
                // An answer that shows no row, or another one, says nothing about this one.
                let unknown = unknown || !shown.is_some_and(|shown| self.shows(work, &member, &shown));
                let change = Change::Landed(member.row_id.clone());
                self.commit(work, vec![(&member, change, MemberEnd::Landed)], unknown)
                    .await
            }
            Tried::Refused(refusal, unknown) if refusal.code == codes::RECORD_GONE => {
                self.missing(work, &member, &refusal, unknown).await
            }
            Tried::Refused(refusal, unknown) => {
                let refused = Refused {
                    refusal: &refusal,
                    first,
                    last: Instant::now(),
                    times: refusal.times,
                    unknown,
                };
                self.not_updated(work, &member, refused).await
            }
            Tried::Lost => self.lease_lost(work, &[member]).await,
            Tried::Held => vec![(member.slot, MemberEnd::Held)],
            Tried::Aside => self.stand_aside(work, &[member]).await,
        }
    }

    /// Whether the row of an answer holds what was sent: widgets that were changed in the form take nothing, or
    /// something else.
    fn shows(&self, work: &Work<'_>, member: &Member, shown: &RowId) -> bool {
        if shown.id != member.row_id {
            return false;
        }
        // A mark has no content to compare.
        let Some(recognition) = work.recognition.as_ref().filter(|_| !member.hash.is_empty()) else {
            return true;
        };
        // Some gateways answer with the id alone, which says that it was written.
        let is_shown = |widget: &String| shown.cells.contains_key(widget);
        if !recognition.widgets.iter().any(is_shown) {
            return true;
        }
        // What stands in its key cell shows when it is read again.
        let row = recognition.read_by_id(&shown.cells, true);
        let is_right = row.is_some_and(|row| row.content == member.hash);
        if !is_right {
            self.form.suspect();
        }
        is_right
    }

    /// An update that was refused, or not answered: the row says what became of it.
    async fn not_updated(&self, work: &Work<'_>, member: &Member, refused: Refused<'_>) -> Vec<Ended> {
        match self.was_done(work, member).await {
            Some(Done::No | Done::TooEarly) => self.give_up_alone(work, member, refused).await,
            Some(Done::Yes) => {
                self.vendor.wrote(Kind::Update, refused.first);
                let change = Change::Landed(member.row_id.clone());
                self.commit(work, vec![(member, change, MemberEnd::Landed)], true)
                    .await
            }
            None => vec![(member.slot, MemberEnd::Held)],
        }
    }

    /// A person has deleted the row, or there is another one with the same key by now.
    pub(super) async fn missing(
        &self,
        work: &Work<'_>,
        member: &Member,
        refusal: &Refusal,
        unknown: bool,
    ) -> Vec<Ended> {
        metrics::counter!(names::LOADER_MISSING_ROWS).increment(1);
        if let Some(recognition) = &work.recognition {
            let group = std::slice::from_ref(member);
            let rows = [(member.company.as_str(), "")];
            // In any spelling: who makes a new row must know that there is none.
            let shown = self.rows_shown(recognition, &rows, true, &work.patience).await;
            let Some(mut shown) = shown.filter(|shown| shown.unreadable.is_empty()) else {
                return all(group, &MemberEnd::Held);
            };
            let rows = shown.found.remove(&member.company).unwrap_or_default();
            let own = rows.iter().position(|row| row.hash() == member.hash).unwrap_or(0);
            if let Some(row) = rows.into_iter().nth(own) {
                if row.id == member.row_id {
                    return self.gone_but_shown(work, member, refusal, unknown).await;
                }
                let change = Change::Found(row.id, 0);
                return self
                    .commit(work, vec![(member, change, MemberEnd::Again)], unknown)
                    .await;
            }
        }
        self.row_missing(work, member, refusal, unknown).await
    }

    /// The vendor says that there is no such row, and lists it: one of them is behind. It says nothing about the vendor, and
    /// asking again at once would get the same answers. When lists have had the time to follow, the row is asked for by its id.
    async fn gone_but_shown(
        &self,
        work: &Work<'_>,
        member: &Member,
        refusal: &Refusal,
        unknown: bool,
    ) -> Vec<Ended> {
        let group = std::slice::from_ref(member);
        let since = match self.ledger.known_rows(&[&member.company]).await {
            Ok(known) => known.into_iter().flatten().find_map(|known| known.doubted_ms),
            Err(error) => {
                drop(self.ledger_failed(&error));
                return all(group, &MemberEnd::Held);
            }
        };
        if since.is_none() || self.is_young(work, since) {
            return self.put_off(work, group, &Change::Doubted).await;
        }
        match self.whole_row(&member.row_id, &work.patience).await {
            None => all(group, &MemberEnd::Held),
            Some(Ok(None)) => self.row_missing(work, member, refusal, unknown).await,
            // There it is, and it cannot be written.
            Some(_) => {
                let dead = MemberEnd::Dead(Box::new(failure(member, refusal)));
                self.commit(work, vec![(member, Change::Freed, dead)], unknown)
                    .await
            }
        }
    }

    /// The row is gone for good.
    async fn row_missing(
        &self,
        work: &Work<'_>,
        member: &Member,
        refusal: &Refusal,
        unknown: bool,
    ) -> Vec<Ended> {
        match self.settings.on_missing_row {
            OnMissingRow::Recreate => {
                tracing::info!(
                    company_id = member.company,
                    "row was deleted in the form, making a new one"
                );
                self.commit(work, vec![(member, Change::Gone, MemberEnd::Again)], unknown)
                    .await
            }
            OnMissingRow::DeadLetter => {
                let mut failure: Failure = failure(member, refusal);
                failure.code = "row-missing";
                self.commit(
                    work,
                    vec![(member, Change::Freed, MemberEnd::Dead(Box::new(failure)))],
                    unknown,
                )
                .await
            }
        }
    }
}
