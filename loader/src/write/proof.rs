//! Row ids that were taken from an answer by their place are proven by key before anything is sent to them, because a
//! wrong one is another customer's row.

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::verify::INVISIBLE;
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Kind, Member};

impl Writer {
    /// The members that may be sent, with row ids that are known to be theirs; the others have ended.
    pub(super) async fn prove(&self, work: &Work<'_>, members: Vec<Member>) -> (Vec<Member>, Vec<Ended>) {
        let (mut unproven, mut proven): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| member.unproven().is_some());
        let Some(recognition) = work.recognition.as_ref().filter(|_| !unproven.is_empty()) else {
            // Without a key widget nobody can tell, and the place is all there is.
            proven.extend(unproven.into_iter().map(with_its_id));
            return (proven, Vec::new());
        };
        let mut ended = Vec::new();
        for last in [false, true] {
            let Some(seen) = self.look(work, recognition, &unproven).await else {
                return (proven, held(ended, &unproven));
            };
            let mut unseen = Vec::new();
            for member in unproven {
                let rows = seen.get(&member.slot).map(Vec::as_slice).unwrap_or_default();
                match (rows, member.unproven()) {
                    ([], _) => unseen.push(member),
                    (rows, Some(id)) if rows.iter().any(|row| row.id == id) => {
                        proven.push(with_its_id(member))
                    }
                    ([oldest, ..], _) => {
                        let found = (&member, Change::Found(oldest.id.clone(), 0), MemberEnd::Again);
                        ended.extend(self.commit(work, vec![found], false).await);
                    }
                }
            }
            unproven = unseen;
            if unproven.is_empty() {
                break;
            }
            // Made a moment ago, perhaps, and not to be seen yet.
            if !last && !work.patience.sleep(INVISIBLE, &self.vendor.stopping).await {
                return (proven, held(ended, &unproven));
            }
        }
        for member in unproven {
            ended.extend(self.row_is_gone(work, &member).await);
        }
        (proven, ended)
    }

    async fn row_is_gone(&self, work: &Work<'_>, member: &Member) -> Vec<Ended> {
        match member.kind {
            Kind::Remove => {
                let removed = (member, Change::Removed, MemberEnd::Removed);
                self.commit(work, vec![removed], false).await
            }
            _ => {
                self.missing(work, member, &Refusal::not_in_the_form(), false)
                    .await
            }
        }
    }
}

fn held(mut ended: Vec<Ended>, members: &[Member]) -> Vec<Ended> {
    ended.extend(all(members, &MemberEnd::Held));
    ended
}

fn with_its_id(mut member: Member) -> Member {
    if let Some(id) = member.unproven() {
        member.row_id = id.to_owned();
    }
    member
}
