//! Single mode: the document's own create path, which has no idempotency, so every send is preceded by a look-up.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::find::found_instead;
use crate::failpoint;
use crate::jdy::types::Reply;
use crate::ledger::{Change, Member};
use crate::vendor::Tried;

impl Writer {
    /// Creates rows one by one.
    pub(super) async fn create_singly(
        &self,
        work: &Work<'_>,
        path: &str,
        members: Vec<Member>,
    ) -> Vec<Ended> {
        let mut ended = Vec::with_capacity(members.len());
        let mut missing = members;
        if let Some(recognition) = &work.recognition {
            let Some(found) = self.find(work, recognition, &missing).await else {
                return all(&missing, &MemberEnd::Held);
            };
            let (there, rest): (Vec<Member>, Vec<Member>) = missing
                .into_iter()
                .partition(|member| found.contains_key(&member.slot));
            let ends = there
                .iter()
                .filter_map(|member| Some(found_instead(member, found.get(&member.slot)?)));
            ended.extend(self.commit(work, ends.collect(), false).await);
            missing = rest;
        }
        for member in missing {
            ended.extend(self.create_one(work, path, member).await);
        }
        ended
    }

    /// Creates one row. An unknown outcome is looked up after the call can no longer land; only then is it sent again.
    async fn create_one(&self, work: &Work<'_>, path: &str, member: Member) -> Vec<Ended> {
        let group = std::slice::from_ref(&member);
        loop {
            let tried = self.send_once(work, path, &member).await;
            failpoint::hit("create-answered").await;
            return match tried {
                Tried::Done(Some(id), _) => {
                    let landed = (&member, Change::Landed(id), MemberEnd::Landed);
                    self.commit(work, vec![landed], false).await
                }
                Tried::Done(None, _) => {
                    let Some(recognition) = &work.recognition else {
                        let why =
                            "the row may be in the form or not, and without a key widget nobody can tell";
                        return self.give_up(work, group, "outcome-unknown", why).await;
                    };
                    if !work.patience.sleep(self.lateness(), &self.vendor.stopping).await {
                        return all(group, &MemberEnd::Held);
                    }
                    let Some(found) = self.find(work, recognition, group).await else {
                        return all(group, &MemberEnd::Held);
                    };
                    let Some(row) = found.get(&member.slot) else {
                        continue;
                    };
                    self.commit(work, vec![found_instead(&member, row)], false).await
                }
                Tried::Refused(refusal, unknown) => {
                    self.give_up_refused(work, &member, &refusal, unknown).await
                }
                Tried::Lost => self.lease_lost(work, group).await,
                Tried::Held => all(group, &MemberEnd::Held),
            };
        }
    }

    /// Sends until one send may have arrived; `None` when its outcome is unknown.
    async fn send_once(&self, work: &Work<'_>, path: &str, member: &Member) -> Tried<Option<String>> {
        let may_send = || work.live.may_send();
        let (client, options, may_send) = (&self.vendor.client, &self.settings.options, &may_send);
        // `insist` repeats a send of unknown outcome; here the next try ends it instead.
        let unknown = AtomicBool::new(false);
        let unknown = &unknown;
        self.vendor
            .insist(Some(work.live), &work.patience, move || async move {
                if unknown.load(Ordering::Relaxed) {
                    return Reply::Ok(None);
                }
                let reply = client
                    .create_one(path, &member.row, options, work.lane, may_send)
                    .await;
                if matches!(reply, Reply::Unknown(_)) {
                    unknown.store(true, Ordering::Relaxed);
                }
                reply.map(Some)
            })
            .await
    }
}
