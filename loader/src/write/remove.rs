//! Removals: one call for each row, repeated until its outcome is known, because repeating changes nothing.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd};
use super::give_up::Refused;
use crate::failpoint;
use crate::jdy::codes;
use crate::ledger::{Change, Kind, Member};
use crate::vendor::Tried;

impl Writer {
    /// Removes one row; one that is gone already is removed.
    pub(crate) async fn remove(&self, work: &Work<'_>, member: Member) -> Vec<Ended> {
        failpoint::hit("remove-before").await;
        let first = Instant::now();
        let left = AtomicBool::new(false);
        let may_send = || self.leaves(work, &left);
        let (client, may_send, target) = (&self.vendor.client, &may_send, &member);
        let request = work.request(Kind::Remove, self.is_suspect(&member), &left);
        let tried = self
            .vendor
            .write(
                request,
                |()| true,
                move || client.delete(&target.row_id, work.lane, may_send),
            )
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
            Tried::Done((), unknown) | Tried::Refused(_, unknown) => {
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
            Some(false) => self.give_up_alone(work, member, refused).await,
            Some(true) => {
                let removed = (member, Change::Removed, MemberEnd::Removed);
                self.commit(work, vec![removed], true).await
            }
            None => vec![(member.slot, MemberEnd::Held)],
        }
    }
}
