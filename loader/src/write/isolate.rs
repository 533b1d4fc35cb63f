//! A batch that did not land as a whole: completed, or divided until what is wrong with it stands alone.

use std::time::Duration;

use futures::future::BoxFuture;
use pipeline::telemetry::names;

use super::create::History;
use super::fate::{End, Ended, all};
use super::{Work, Writer};
use crate::failpoint;
use crate::jdy::codes;
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Member};

/// How often a batch that answers with fewer rows is sent again, the documented cure (docs/jiandaoyun-api.md §2.4).
const COMPLETIONS: u32 = 3;

impl Writer {
    /// Fewer rows than were sent: the same again, and when that does not help, each missing row on its own.
    pub(super) async fn incomplete(
        &self,
        work: &Work<'_>,
        group: Vec<Member>,
        history: History,
    ) -> Vec<Ended> {
        let partial = history.partial + 1;
        metrics::counter!(names::LOADER_INCOMPLETE_BATCHES).increment(1);
        if partial <= COMPLETIONS {
            let wait = Duration::from_millis(200) * partial;
            if !work.patience.sleep(wait, &self.vendor.stopping).await {
                return all(&group, &End::Held);
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
            return all(&group, &End::Held);
        }
        let Some(found) = self.find(work, recognition, &group).await else {
            return all(&group, &End::Held);
        };
        let (there, missing): (Vec<Member>, Vec<Member>) = group
            .into_iter()
            .partition(|member| found.contains_key(&member.slot));
        let ends = there.iter().filter_map(|member| {
            let row = found.get(&member.slot)?;
            Some((member, Change::Landed(row.id.clone()), End::Landed))
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
    pub(super) async fn rejected(
        &self,
        work: &Work<'_>,
        group: Vec<Member>,
        history: History,
        refusal: Refusal,
        unknown: bool,
    ) -> Vec<Ended> {
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
    fn halve<'a>(&'a self, work: &'a Work<'_>, mut left: Vec<Member>) -> BoxFuture<'a, Vec<Ended>> {
        Box::pin(async move {
            metrics::counter!(names::LOADER_SPLITS).increment(1);
            let right = left.split_off(left.len().div_ceil(2));
            self.divide(work, vec![left, right], true).await
        })
    }

    /// Sends groups under new ids. `guilty`: there is a bad row among them, so that a last group whose neighbours all
    /// landed need not be sent as a whole.
    pub(super) fn divide<'a>(
        &'a self,
        work: &'a Work<'_>,
        mut groups: Vec<Vec<Member>>,
        guilty: bool,
    ) -> BoxFuture<'a, Vec<Ended>> {
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
            let mut fates: Vec<Ended> = Vec::new();
            let last = groups.len().saturating_sub(1);
            for (at, group) in groups.into_iter().enumerate() {
                let innocent = fates.iter().all(|(_, fate)| matches!(fate, End::Landed));
                if guilty && at == last && innocent && group.len() > 1 {
                    fates.extend(self.halve(work, group).await);
                } else {
                    fates.extend(self.settle(work, group, History::default()).await);
                }
            }
            fates
        })
    }
}
