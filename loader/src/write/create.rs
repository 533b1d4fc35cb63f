//! New rows: one `batch_create` per transaction id, resent byte for byte until its outcome is known.

use std::collections::BTreeMap;

use futures::future::BoxFuture;

use super::fate::{End, Ended, all};
use super::{Mode, Work, Writer};
use crate::failpoint;
use crate::jdy::codes;
use crate::jdy::types::BatchCreated;
use crate::ledger::{Change, Member};
use crate::vendor::Tried;

/// What a group has been through.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct History {
    /// It may have been sent before, by us or by a dead loader.
    pub(super) sent: bool,
    /// Answers with fewer rows so far.
    pub(super) partial: u32,
    /// Tried once more after a refusal without a reason.
    pub(super) retried: bool,
}

impl Writer {
    /// Writes the creates of a batch.
    pub(crate) async fn create(&self, work: &Work<'_>, members: Vec<Member>) -> Vec<Ended> {
        if let Mode::Single { path } = &self.settings.mode {
            return self.create_singly(work, path, members).await;
        }
        let mut groups: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for member in members {
            groups.entry(member.transaction.clone()).or_default().push(member);
        }
        let mut fates = Vec::new();
        for group in groups.into_values() {
            let history = History {
                sent: !work.fresh,
                ..History::default()
            };
            fates.extend(self.settle(work, group, history).await);
        }
        fates
    }

    /// Sends a group until each of its rows has a fate.
    pub(super) fn settle<'a>(
        &'a self,
        work: &'a Work<'_>,
        group: Vec<Member>,
        history: History,
    ) -> BoxFuture<'a, Vec<Ended>> {
        Box::pin(async move {
            let first_sent = group
                .iter()
                .map(|member| member.first_sent_ms)
                .min()
                .unwrap_or_default();
            let age = work.held.now_ms() - first_sent;
            if history.sent
                && i128::from(age) > i128::try_from(self.settings.resend_for.as_millis()).unwrap_or(i128::MAX)
            {
                // The vendor may have forgotten the id and would make new rows.
                return self.reconcile(work, group).await;
            }
            let Some(first) = group.first() else {
                return Vec::new();
            };
            let rows: Vec<&str> = group.iter().map(|member| &*member.row).collect();
            let permit = || work.held.permits();
            let options = &self.settings.options;
            let client = &self.vendor.client;
            let (transaction, rows, permit) = (&first.transaction, &rows, &permit);
            let tried = self
                .vendor
                .insist(Some(work.held), &work.patience, move || {
                    client.batch_create(transaction, rows, options, work.lane, permit)
                })
                .await;
            failpoint::hit("create-answered").await;
            match tried {
                Tried::Done(answer, unknown) => self.created(work, group, history, &answer, unknown).await,
                Tried::Refused(refusal, _) if refusal.code == codes::TRANSACTION_EXISTS => {
                    self.reconcile_late(work, group).await
                }
                Tried::Refused(refusal, unknown) => {
                    self.rejected(work, group, history, refusal, unknown).await
                }
                Tried::Lost => self.lost(work, &group).await,
                Tried::Held => all(&group, &End::Held),
            }
        })
    }

    async fn created(
        &self,
        work: &Work<'_>,
        group: Vec<Member>,
        history: History,
        answer: &BatchCreated,
        unknown: bool,
    ) -> Vec<Ended> {
        let again = history.sent || unknown;
        if answer.success_count < group.len() {
            return self.incomplete(work, group, history).await;
        }
        if !again && answer.success_ids.len() == group.len() {
            let ends = group.iter().zip(&answer.success_ids);
            let ends = ends
                .map(|(member, id)| (member, Change::Landed(id.clone()), End::Landed))
                .collect();
            return self.commit(work, ends, false).await;
        }
        // A resend does not name the rows that were there before it.
        let Some(found) = self.find_all(work, &group).await else {
            return all(&group, &End::Held);
        };
        let ends = group
            .iter()
            .map(|member| {
                let id = found
                    .get(&member.slot)
                    .map(|row| row.id.clone())
                    .unwrap_or_default();
                (member, Change::Landed(id), End::Landed)
            })
            .collect();
        self.commit(work, ends, again).await
    }
}
