//! Updates and removals: one call each, repeated until its outcome is known, because repeating changes nothing.

use pipeline::failure::Failure;
use pipeline::telemetry::names;

use super::fate::{End, Ended, refused};
use super::{OnMissingRow, Work, Writer};
use crate::failpoint;
use crate::jdy::codes;
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Member};
use crate::vendor::Tried;

impl Writer {
    /// Updates one row.
    pub(crate) async fn update(&self, work: &Work<'_>, member: Member) -> Vec<Ended> {
        if member.row_id.is_empty() {
            let why =
                "the row exists, but its id was never learned; set JDY_KEY_WIDGET so that it can be found";
            return self.bury(work, &[member], "row-id-unknown", why).await;
        }
        failpoint::hit("update-before").await;
        let permit = || work.held.permits();
        let (client, options, permit, target) =
            (&self.vendor.client, &self.settings.options, &permit, &member);
        let tried = self
            .vendor
            .insist(Some(work.held), &work.patience, move || {
                client.update(&target.row_id, &target.row, options, work.lane, permit)
            })
            .await;
        failpoint::hit("update-answered").await;
        match tried {
            Tried::Done((), unknown) => {
                let change = Change::Landed(member.row_id.clone());
                self.commit(work, vec![(&member, change, End::Landed)], unknown || !work.fresh)
                    .await
            }
            Tried::Refused(refusal, _) if refusal.code == codes::RECORD_GONE => {
                self.missing(work, &member, &refusal).await
            }
            Tried::Refused(refusal, _) => self.give_up(work, &member, &refusal).await,
            Tried::Lost => self.lost(work, &[member]).await,
            Tried::Held => vec![(member.slot, End::Held)],
        }
    }

    /// Removes one row; one that is gone already is removed.
    pub(crate) async fn remove(&self, work: &Work<'_>, member: Member) -> Vec<Ended> {
        failpoint::hit("remove-before").await;
        let permit = || work.held.permits();
        let (client, permit, target) = (&self.vendor.client, &permit, &member);
        let tried = self
            .vendor
            .insist(Some(work.held), &work.patience, move || {
                client.delete(&target.row_id, work.lane, permit)
            })
            .await;
        failpoint::hit("remove-answered").await;
        let done = match tried {
            Tried::Done((), _) => true,
            Tried::Refused(refusal, _) if refusal.code == codes::RECORD_GONE => true,
            Tried::Refused(refusal, _) => return self.give_up(work, &member, &refusal).await,
            Tried::Lost => return self.lost(work, &[member]).await,
            Tried::Held => false,
        };
        match done {
            true => {
                self.commit(work, vec![(&member, Change::Removed, End::Removed)], false)
                    .await
            }
            false => vec![(member.slot, End::Held)],
        }
    }

    /// A person has deleted the row, or there is another one with the same key by now.
    async fn missing(&self, work: &Work<'_>, member: &Member, refusal: &Refusal) -> Vec<Ended> {
        metrics::counter!(names::LOADER_MISSING_ROWS).increment(1);
        if let Some(recognition) = &work.recognition {
            let group = std::slice::from_ref(member);
            let Some(mut found) = self.find(work, recognition, group).await else {
                return Self::put_off(group);
            };
            if let Some(row) = found.remove(&member.slot) {
                let change = Change::Found(row.id, 0);
                return self.commit(work, vec![(member, change, End::Again)], false).await;
            }
        }
        match self.settings.on_missing_row {
            OnMissingRow::Recreate => {
                tracing::info!(
                    company = member.company,
                    "row was deleted in the form, making a new one"
                );
                self.commit(work, vec![(member, Change::Gone, End::Again)], false)
                    .await
            }
            OnMissingRow::DeadLetter => {
                let mut failure: Failure = refused(member, refusal);
                failure.code = "row-missing";
                self.commit(
                    work,
                    vec![(member, Change::Freed, End::Dead(Box::new(failure)))],
                    false,
                )
                .await
            }
        }
    }
}
