//! Updates: one call for each row, repeated until its outcome is known, because repeating changes nothing. One that stays
//! without an answer is looked up.

use std::time::Instant;

use pipeline::failure::Failure;
use pipeline::telemetry::names;

use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::give_up::{Refused, failure};
use super::{OnMissingRow, Writer};
use crate::failpoint;
use crate::jdy::codes;
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Kind, Member};
use crate::vendor::Tried;

impl Writer {
    pub(crate) async fn update(&self, work: &Work<'_>, member: Member) -> Vec<Ended> {
        if member.row_id.is_empty() {
            let why =
                "the row exists, but its id was never learned; set JDY_KEY_WIDGET so that it can be found";
            return self.give_up(work, &[member], "row-id-unknown", why).await;
        }
        failpoint::hit("update-before").await;
        let first = Instant::now();
        let may_send = || work.live.may_send();
        let (client, options, may_send, target) =
            (&self.vendor.client, &self.settings.options, &may_send, &member);
        let request = work.request(Kind::Update, self.is_suspect(&member));
        let tried = self
            .vendor
            .write(
                request,
                |()| true,
                move || client.update(&target.row_id, &target.row, options, work.lane, may_send),
            )
            .await;
        failpoint::hit("update-answered").await;
        match tried {
            Tried::Done((), unknown) => {
                let change = Change::Landed(member.row_id.clone());
                self.commit(
                    work,
                    vec![(&member, change, MemberEnd::Landed)],
                    unknown || !work.fresh,
                )
                .await
            }
            Tried::Refused(refusal, _) if refusal.code == codes::RECORD_GONE => {
                self.missing(work, &member, &refusal).await
            }
            Tried::Refused(refusal, true) => self.unanswered(work, &member, &refusal, first).await,
            Tried::Refused(refusal, false) => self.give_up_refused(work, &member, &refusal).await,
            Tried::Lost => self.lease_lost(work, &[member]).await,
            Tried::Held => vec![(member.slot, MemberEnd::Held)],
        }
    }

    /// One of the sends may have got through: the row says so.
    async fn unanswered(
        &self,
        work: &Work<'_>,
        member: &Member,
        refusal: &Refusal,
        first: Instant,
    ) -> Vec<Ended> {
        if let Some(recognition) = &work.recognition {
            let group = std::slice::from_ref(member);
            let Some(found) = self.find(work, recognition, group).await else {
                return all(group, &MemberEnd::Held);
            };
            let row = found.get(&member.slot);
            if row.is_some_and(|row| row.id == member.row_id && row.hash == member.hash) {
                self.vendor.wrote(Kind::Update, first);
                let change = Change::Landed(member.row_id.clone());
                return self
                    .commit(work, vec![(member, change, MemberEnd::Landed)], true)
                    .await;
            }
        }
        let refused = Refused {
            refusal,
            first,
            unknown: true,
        };
        self.give_up_alone(work, member, refused).await
    }

    /// A person has deleted the row, or there is another one with the same key by now.
    async fn missing(&self, work: &Work<'_>, member: &Member, refusal: &Refusal) -> Vec<Ended> {
        metrics::counter!(names::LOADER_MISSING_ROWS).increment(1);
        if let Some(recognition) = &work.recognition {
            let group = std::slice::from_ref(member);
            let Some(mut found) = self.find(work, recognition, group).await else {
                return all(group, &MemberEnd::Held);
            };
            if let Some(row) = found.remove(&member.slot) {
                if row.id == member.row_id {
                    // The same question would get the same answer at once.
                    return self.give_up_refused(work, member, refusal).await;
                }
                let change = Change::Found(row.id, 0);
                return self
                    .commit(work, vec![(member, change, MemberEnd::Again)], false)
                    .await;
            }
        }
        match self.settings.on_missing_row {
            OnMissingRow::Recreate => {
                tracing::info!(
                    company_id = member.company,
                    "row was deleted in the form, making a new one"
                );
                self.commit(work, vec![(member, Change::Gone, MemberEnd::Again)], false)
                    .await
            }
            OnMissingRow::DeadLetter => {
                let mut failure: Failure = failure(member, refusal);
                failure.code = "row-missing";
                self.commit(
                    work,
                    vec![(member, Change::Freed, MemberEnd::Dead(Box::new(failure)))],
                    false,
                )
                .await
            }
        }
    }
}
