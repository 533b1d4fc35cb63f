//! New rows: one `batch_create` per transaction id, resent byte for byte until its outcome is known.
//!
//! The groups of a batch are a work list. A group whose outcome is definite leaves it with the ends of its members; one
//! that has to be sent again or in parts goes back onto it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::groups::{Group, Groups, History};
use super::{Mode, Writer};
use crate::failpoint;
use crate::jdy::codes;
use crate::jdy::types::{BatchCreated, Reply};
use crate::ledger::Member;
use crate::vendor::Tried;

impl Writer {
    /// Writes the creates of a batch.
    pub(super) async fn create(&self, work: &Work<'_>, members: Vec<Member>) -> Vec<Ended> {
        if let Mode::Single { path } = &self.settings.mode {
            return self.create_singly(work, path, members).await;
        }
        let mut transactions: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for member in members {
            transactions
                .entry(member.transaction.clone())
                .or_default()
                .push(member);
        }
        let history = History {
            sent: !work.fresh,
            ..History::default()
        };
        let groups = transactions.into_values();
        let mut groups = Groups::new(groups.map(|members| Group::new(members, history)).collect());
        while let Some(group) = groups.next() {
            self.create_group(work, &mut groups, group).await;
        }
        groups.into_ends()
    }

    /// Sends a group until the answer is definite, and acts on the answer.
    async fn create_group(&self, work: &Work<'_>, groups: &mut Groups, group: Group) {
        if groups.is_refused_already(&group) {
            return self.halve(work, groups, group.members).await;
        }
        let Group { members, history, .. } = group;
        if history.sent && self.is_forgotten(work, &members) {
            // The last send may be a moment ago, whatever the age of the first.
            return self.reconcile_late(work, groups, members).await;
        }
        let tried = self.send(work, &members, history.sent).await;
        failpoint::hit("create-answered").await;
        match tried {
            Tried::Done(Some(answer), unknown) => {
                self.created(work, groups, members, history, &answer, unknown)
                    .await;
            }
            // While it was tried, the transaction id has become too old.
            Tried::Done(None, _) => self.reconcile_late(work, groups, members).await,
            Tried::Refused(refusal, _) if refusal.code == codes::TRANSACTION_EXISTS => {
                self.reconcile_late(work, groups, members).await;
            }
            Tried::Refused(refusal, unknown) => {
                let history = History {
                    sent: history.sent || unknown,
                    ..history
                };
                self.rejected(work, groups, members, history, &refusal).await;
            }
            Tried::Lost => groups.done(self.lease_lost(work, &members).await),
            Tried::Held => groups.done(all(&members, &MemberEnd::Held)),
        }
    }

    /// Whether the vendor may have forgotten the transaction id, and would make new rows.
    fn is_forgotten(&self, work: &Work<'_>, members: &[Member]) -> bool {
        let sent = members.iter().map(|member| member.first_sent_ms).min();
        let age = work.live.now_ms() - sent.unwrap_or_default();
        i128::from(age) > i128::try_from(self.settings.resend_for.as_millis()).unwrap_or(i128::MAX)
    }

    /// `sent`: it may have been sent before. `None` when it was, and the vendor may have forgotten it by now.
    async fn send(&self, work: &Work<'_>, members: &[Member], sent: bool) -> Tried<Option<BatchCreated>> {
        let rows: Vec<&str> = members.iter().map(|member| &*member.row).collect();
        let transaction = members.first().map_or("", |member| member.transaction.as_str());
        let sent = AtomicBool::new(sent);
        let is_too_old = || sent.load(Ordering::Relaxed) && self.is_forgotten(work, members);
        // Asked again when the quota allows the call, which may be much later.
        let may_send = || work.live.may_send() && !is_too_old();
        let options = &self.settings.options;
        let client = &self.vendor.client;
        let (rows, may_send, is_too_old, sent) = (&rows, &may_send, &is_too_old, &sent);
        self.vendor
            .insist(Some(work.live), &work.patience, move || async move {
                if is_too_old() {
                    return Reply::Ok(None);
                }
                let call = client.batch_create(transaction, rows, options, work.lane, may_send);
                let reply = call.await;
                if !matches!(reply, Reply::Unsent(_)) {
                    sent.store(true, Ordering::Relaxed);
                }
                reply.map(Some)
            })
            .await
    }
}
