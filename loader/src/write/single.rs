//! Single mode: the document's own create path, which has no idempotency, so every send is preceded by a look.

use super::fate::{End, Ended, known};
use super::{Work, Writer};
use crate::failpoint;
use crate::jdy::types::Reply;
use crate::ledger::{Change, Member};
use crate::vendor::Tried;

impl Writer {
    /// Creates rows one by one.
    pub(crate) async fn create_singly(
        &self,
        work: &Work<'_>,
        path: &str,
        members: Vec<Member>,
    ) -> Vec<Ended> {
        let mut fates = Vec::with_capacity(members.len());
        let mut missing = members;
        if let Some(recognition) = &work.recognition {
            let Some(found) = self.find(work, recognition, &missing).await else {
                return Self::put_off(&missing);
            };
            let (there, rest): (Vec<Member>, Vec<Member>) = missing
                .into_iter()
                .partition(|member| found.contains_key(&member.slot));
            let ends = there
                .iter()
                .filter_map(|member| Some(known(member, found.get(&member.slot)?)));
            fates.extend(self.commit(work, ends.collect(), !work.fresh).await);
            missing = rest;
        }
        for member in missing {
            fates.extend(self.create_one(work, path, member).await);
        }
        fates
    }

    /// Creates one row. An unknown outcome is looked up after the call can no longer land; only then is it sent again.
    async fn create_one(&self, work: &Work<'_>, path: &str, member: Member) -> Vec<Ended> {
        let permit = || work.held.permits();
        let options = &self.settings.options;
        let client = &self.vendor.client;
        loop {
            let (target, permit) = (&member, &permit);
            // Not one resend inside: the outcome of each send is settled before the next.
            let lost = std::sync::atomic::AtomicBool::new(false);
            let seen = &lost;
            let tried = self
                .vendor
                .insist(Some(work.held), &work.patience, move || async move {
                    if seen.load(std::sync::atomic::Ordering::Relaxed) {
                        return Reply::Ok(None);
                    }
                    let reply = client
                        .create_one(path, &target.row, options, work.lane, permit)
                        .await;
                    if matches!(reply, Reply::Unknown(_)) {
                        seen.store(true, std::sync::atomic::Ordering::Relaxed);
                    }
                    reply.map(Some)
                })
                .await;
            failpoint::hit("create-answered").await;
            return match tried {
                Tried::Done(Some(id), _) => {
                    self.commit(work, vec![(&member, Change::Landed(id), End::Landed)], false)
                        .await
                }
                Tried::Done(None, _) => {
                    let Some(recognition) = &work.recognition else {
                        let why =
                            "the row may be in the form or not, and without a key widget nobody can tell";
                        return self.bury(work, &[member], "outcome-unknown", why).await;
                    };
                    if !work.patience.sleep(self.lateness(), &self.vendor.stopping).await {
                        return Self::put_off(&[member]);
                    }
                    let group = std::slice::from_ref(&member);
                    let Some(found) = self.find(work, recognition, group).await else {
                        return Self::put_off(group);
                    };
                    let Some(row) = found.get(&member.slot) else {
                        continue;
                    };
                    self.commit(work, vec![known(&member, row)], false).await
                }
                Tried::Refused(refusal, _) => self.give_up(work, &member, &refusal).await,
                Tried::Lost => self.lost(work, &[member]).await,
                Tried::Held => Self::put_off(&[member]),
            };
        }
    }
}
