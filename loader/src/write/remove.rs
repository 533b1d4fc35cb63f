//! Removals: one call for each row, repeated until its outcome is known, because repeating changes nothing.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd};
use super::find::Done;
use super::give_up::Refused;
use super::stale_look::FreshLook;
use super::whose::Sent;
use crate::failpoint;
use crate::jdy::codes;
use crate::jdy::types::Reply;
use crate::ledger::{Change, Kind, Member};
use crate::vendor::Tried;

impl Writer {
    /// Removes one row; one that is gone already is removed.
    /// `looked`: when it was seen whose row it is.
    pub(super) async fn remove(&self, work: &Work<'_>, member: Member, looked: Instant) -> Vec<Ended> {
        failpoint::hit("remove-before").await;
        let first = Instant::now();
        let left = AtomicBool::new(false);
        let fresh = FreshLook::since(looked);
        let may_send = || !fresh.is_old() && self.leaves(work, &left);
        let (client, fresh, may_send, target) = (&self.vendor.client, &fresh, &may_send, &member);
        let request = work.request(Kind::Remove, self.is_suspect(&member), &left);
        let removed = |sent: &Sent<()>| matches!(sent, Sent::Answered(()));
        let tried = self
            .vendor
            .write(request, removed, move || async move {
                if fresh.is_old()
                    && let Some(other) = self.no_longer_theirs(work, target, fresh).await
                {
                    return Reply::Ok(Sent::NotTheirs(Box::new(other)));
                }
                client
                    .delete(&target.row_id, work.lane, may_send)
                    .await
                    .map(Sent::Answered)
            })
            .await;
        failpoint::hit("remove-answered").await;
        match tried {
            Tried::Refused(refusal, unknown) if refusal.code != codes::RECORD_GONE => {
                let refused = Refused {
                    refusal: &refusal,
                    first,
                    last: Instant::now(),
                    times: refusal.times,
                    unknown,
                };
                self.not_removed(work, &member, refused).await
            }
            Tried::Done(Sent::NotTheirs(other), unknown) => self.not_theirs(work, *other, unknown).await,
            Tried::Done(Sent::Answered(()), unknown) | Tried::Refused(_, unknown) => {
                let removed = (&member, Change::Removed, MemberEnd::Removed);
                self.commit(work, vec![removed], unknown).await
            }
            Tried::Lost => self.lease_lost(work, &[member]).await,
            Tried::Held => vec![(member.slot, MemberEnd::Held)],
            Tried::Aside => self.stand_aside(work, &[member]).await,
        }
    }

    /// A removal that was refused, or not answered: the row says what became of it.
    async fn not_removed(&self, work: &Work<'_>, member: &Member, refused: Refused<'_>) -> Vec<Ended> {
        match self.was_done(work, member).await {
            // The earlier try may yet delete the row, when the customer has come back to it.
            Some(Done::No) => self.give_up_alone(work, member, refused).await,
            // No list shows it: it is gone, or it was written a moment ago.
            Some(Done::TooEarly) => {
                let group = std::slice::from_ref(member);
                self.put_off(work, group, &Change::Doubted).await
            }
            Some(Done::Yes) => {
                let removed = (member, Change::Removed, MemberEnd::Removed);
                self.commit(work, vec![removed], true).await
            }
            None => vec![(member.slot, MemberEnd::Held)],
        }
    }
}
