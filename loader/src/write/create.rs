//! New rows: one `batch_create` per transaction id, resent byte for byte until its outcome is known.

use pipeline::telemetry::names;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::BoxFuture;

use super::fate::{Fate, Fated, all, known};
use super::{Mode, Work, Writer};
use crate::failpoint;
use crate::jdy::codes;
use crate::jdy::types::{BatchCreated, Refusal};
use crate::ledger::{Change, Member};
use crate::vendor::Tried;

/// How often a batch that answers with fewer rows is sent again, the documented cure (jiandaoyun-api.md §2.4).
const COMPLETIONS: u32 = 3;

/// What a group has been through.
#[derive(Debug, Clone, Copy, Default)]
struct History {
    /// It may have been sent before, by us or by a dead loader.
    sent: bool,
    /// Answers with fewer rows so far.
    partial: u32,
    /// Tried once more after a refusal without a reason.
    retried: bool,
}

impl Writer {
    /// Writes the creates of a batch.
    pub(crate) async fn create(&self, work: &Work<'_>, members: Vec<Member>) -> Vec<Fated> {
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
    fn settle<'a>(
        &'a self,
        work: &'a Work<'_>,
        group: Vec<Member>,
        history: History,
    ) -> BoxFuture<'a, Vec<Fated>> {
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
                Tried::Held => all(&group, &Fate::Held),
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
    ) -> Vec<Fated> {
        let again = history.sent || unknown;
        if answer.success_count < group.len() {
            return self.incomplete(work, group, history).await;
        }
        if !again && answer.success_ids.len() == group.len() {
            let ends = group.iter().zip(&answer.success_ids);
            let ends = ends
                .map(|(member, id)| (member, Change::Landed(id.clone()), Fate::Landed))
                .collect();
            return self.commit(work, ends, false).await;
        }
        // A resend does not name the rows that were there before it.
        let Some(found) = self.find_all(work, &group).await else {
            return all(&group, &Fate::Held);
        };
        let ends = group
            .iter()
            .map(|member| {
                let id = found
                    .get(&member.slot)
                    .map(|row| row.id.clone())
                    .unwrap_or_default();
                (member, Change::Landed(id), Fate::Landed)
            })
            .collect();
        self.commit(work, ends, again).await
    }

    /// Fewer rows than were sent: the same again, and when that does not help, each missing row on its own.
    async fn incomplete(&self, work: &Work<'_>, group: Vec<Member>, history: History) -> Vec<Fated> {
        let partial = history.partial + 1;
        metrics::counter!(names::LOADER_INCOMPLETE_BATCHES).increment(1);
        if partial <= COMPLETIONS {
            let wait = Duration::from_millis(200) * partial;
            if !work.patience.sleep(wait, &self.vendor.stopping).await {
                return all(&group, &Fate::Held);
            }
            return self
                .settle(
                    work,
                    group,
                    History {
                        sent: true,
                        partial,
                        ..history
                    },
                )
                .await;
        }
        let Some(recognition) = &work.recognition else {
            return self
                .bury(
                    work,
                    &group,
                    "batch-incomplete",
                    "not all rows were stored, and without a key widget nobody can tell which",
                )
                .await;
        };
        // One of the sends may be at work yet; what it stores must not be made a second time.
        if !work.patience.sleep(self.lateness(), &self.vendor.stopping).await {
            return all(&group, &Fate::Held);
        }
        let Some(found) = self.find(work, recognition, &group).await else {
            return all(&group, &Fate::Held);
        };
        let (there, missing): (Vec<Member>, Vec<Member>) = group
            .into_iter()
            .partition(|member| found.contains_key(&member.slot));
        let ends = there.iter().filter_map(|member| {
            let row = found.get(&member.slot)?;
            Some((member, Change::Landed(row.id.clone()), Fate::Landed))
        });
        let mut fates = self.commit(work, ends.collect(), true).await;
        if there.is_empty() && missing.len() == 1 {
            fates.extend(
                self.bury(
                    work,
                    &missing,
                    "row-not-stored",
                    "Jiandaoyun answers success but does not store this row",
                )
                .await,
            );
            return fates;
        }
        fates.extend(
            self.divide(
                work,
                missing.into_iter().map(|member| vec![member]).collect(),
                false,
            )
            .await,
        );
        fates
    }

    /// A definite refusal: once more if it had no reason, else in halves until the bad row stands alone.
    async fn rejected(
        &self,
        work: &Work<'_>,
        group: Vec<Member>,
        history: History,
        refusal: Refusal,
        unknown: bool,
    ) -> Vec<Fated> {
        let sent = history.sent || unknown;
        if refusal.code == codes::SUBMISSION_FAILED && !history.retried {
            return self
                .settle(
                    work,
                    group,
                    History {
                        sent,
                        retried: true,
                        ..history
                    },
                )
                .await;
        }
        if sent && work.recognition.is_some() {
            // An earlier send of the same rows may have got through.
            return self.reconcile_late(work, group).await;
        }
        match &group[..] {
            [alone] => self.give_up(work, alone, &refusal).await,
            _ => self.halve(work, group).await,
        }
    }

    /// Sends the halves of a group that holds at least one bad row.
    fn halve<'a>(&'a self, work: &'a Work<'_>, mut left: Vec<Member>) -> BoxFuture<'a, Vec<Fated>> {
        Box::pin(async move {
            metrics::counter!(names::LOADER_SPLITS).increment(1);
            let right = left.split_off(left.len().div_ceil(2));
            self.divide(work, vec![left, right], true).await
        })
    }

    /// Sends groups under new ids. `guilty`: there is a bad row among them, so that a last group whose neighbours all
    /// landed need not be sent as a whole.
    fn divide<'a>(
        &'a self,
        work: &'a Work<'_>,
        mut groups: Vec<Vec<Member>>,
        guilty: bool,
    ) -> BoxFuture<'a, Vec<Fated>> {
        Box::pin(async move {
            failpoint::hit("regroup-before").await;
            if let Err(error) = self
                .ledger
                .regroup(&work.held.batch, &work.held.fence, &mut groups)
                .await
            {
                let fate = self.ledger_failed(&error);
                return groups.iter().flat_map(|group| all(group, &fate)).collect();
            }
            failpoint::hit("regroup-after").await;
            let mut fates: Vec<Fated> = Vec::new();
            let last = groups.len().saturating_sub(1);
            for (at, group) in groups.into_iter().enumerate() {
                let innocent = fates.iter().all(|(_, fate)| matches!(fate, Fate::Landed));
                if guilty && at == last && innocent && group.len() > 1 {
                    fates.extend(self.halve(work, group).await);
                } else {
                    fates.extend(self.settle(work, group, History::default()).await);
                }
            }
            fates
        })
    }

    /// An earlier send may still be at work, so rows that are missing now are missing for good only when no call of
    /// ours can land any more: until then nothing is sent under another id.
    async fn reconcile_late(&self, work: &Work<'_>, group: Vec<Member>) -> Vec<Fated> {
        if let Some(recognition) = &work.recognition {
            let Some(found) = self.find(work, recognition, &group).await else {
                return all(&group, &Fate::Held);
            };
            let wait = self.lateness();
            if found.len() < group.len() && !work.patience.sleep(wait, &self.vendor.stopping).await {
                return all(&group, &Fate::Held);
            }
        }
        self.reconcile(work, group).await
    }

    /// Looks what is there and acts on that: found rows are committed, missing ones are made under a new id.
    async fn reconcile(&self, work: &Work<'_>, group: Vec<Member>) -> Vec<Fated> {
        let Some(recognition) = &work.recognition else {
            return self
                .bury(
                    work,
                    &group,
                    "outcome-unknown",
                    "the rows may be in the form or not, and without a key widget nobody can tell",
                )
                .await;
        };
        metrics::counter!(names::LOADER_RECONCILED_BATCHES).increment(1);
        let Some(found) = self.find(work, recognition, &group).await else {
            return all(&group, &Fate::Held);
        };
        let (there, missing): (Vec<Member>, Vec<Member>) = group
            .into_iter()
            .partition(|member| found.contains_key(&member.slot));
        let ends = there
            .iter()
            .filter_map(|member| Some(known(member, found.get(&member.slot)?)));
        let mut fates = self.commit(work, ends.collect(), true).await;
        if !missing.is_empty() {
            fates.extend(self.divide(work, vec![missing], false).await);
        }
        fates
    }

    /// Frees the rows and gives up on them with a reason.
    pub(crate) async fn bury(
        &self,
        work: &Work<'_>,
        group: &[Member],
        code: &'static str,
        why: &str,
    ) -> Vec<Fated> {
        let ends = group.iter().map(|member| {
            let failure = pipeline::handler::Failure::new(code, why);
            (member, Change::Freed, Fate::Dead(Box::new(failure)))
        });
        self.commit(work, ends.collect(), false).await
    }

    /// The batch was lost while it may have been under way.
    pub(crate) async fn lost(&self, work: &Work<'_>, group: &[Member]) -> Vec<Fated> {
        let companies: Vec<&str> = group.iter().map(|member| member.company.as_str()).collect();
        tracing::warn!(
            batch = work.held.batch,
            rows = group.len(),
            "lease was lost before the answer"
        );
        self.verify_soon(&companies).await;
        all(group, &Fate::Again)
    }
}
