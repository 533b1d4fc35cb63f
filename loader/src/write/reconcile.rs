//! Creates whose outcome nobody knows: the form is asked, and only then something is done.

use pipeline::failure::Failure;
use pipeline::telemetry::names;

use super::fate::{End, Ended, all, known};
use super::{Work, Writer};
use crate::ledger::{Change, Member};

impl Writer {
    /// An earlier send may still be at work, so rows that are missing now are missing for good only when no call of
    /// ours can land any more: until then nothing is sent under another id.
    pub(super) async fn reconcile_late(&self, work: &Work<'_>, group: Vec<Member>) -> Vec<Ended> {
        if let Some(recognition) = &work.recognition {
            let Some(found) = self.find(work, recognition, &group).await else {
                return all(&group, &End::Held);
            };
            let wait = self.lateness();
            if found.len() < group.len() && !work.patience.sleep(wait, &self.vendor.stopping).await {
                return all(&group, &End::Held);
            }
        }
        self.reconcile(work, group).await
    }

    /// Looks what is there and acts on that: found rows are committed, missing ones are made under a new id.
    pub(super) async fn reconcile(&self, work: &Work<'_>, group: Vec<Member>) -> Vec<Ended> {
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
            return all(&group, &End::Held);
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
    ) -> Vec<Ended> {
        let ends = group.iter().map(|member| {
            let failure = Failure::new(code, why);
            (member, Change::Freed, End::Dead(Box::new(failure)))
        });
        self.commit(work, ends.collect(), false).await
    }

    /// The batch was lost while it may have been under way.
    pub(crate) async fn lost(&self, work: &Work<'_>, group: &[Member]) -> Vec<Ended> {
        let companies: Vec<&str> = group.iter().map(|member| member.company.as_str()).collect();
        tracing::warn!(
            batch = work.held.batch,
            rows = group.len(),
            "lease was lost before the answer"
        );
        self.verify_soon(&companies).await;
        all(group, &End::Again)
    }
}
