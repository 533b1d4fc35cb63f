//! Finding the rows of members in the form by their key.

use std::collections::HashMap;

use pipeline::telemetry::names;

use super::Writer;
use super::batch::Work;
use super::commit::{Committing, Ended, MemberEnd, all};
use super::groups::Groups;
use super::verify::INVISIBLE;
use crate::failpoint;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::ledger::{Change, Kind, Member};
use crate::vendor::Tried;

/// Rows by the slot of their member.
pub(super) type Rows = HashMap<u32, FoundRow>;

/// What a row that turned out to exist means for the member that was to make it.
pub(super) fn found_instead<'a>(member: &'a Member, row: &FoundRow) -> Committing<'a> {
    match row.hash() == member.hash {
        true => (member, Change::Landed(row.id.clone()), MemberEnd::Landed),
        // It was written to since; the next claim decides what is newer.
        false => (member, Change::Found(row.id.clone(), 1), MemberEnd::Again),
    }
}

impl Writer {
    /// All rows of these members as the form shows them, the oldest first; `None` when the vendor cannot be asked now.
    pub(super) async fn look(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        group: &[Member],
    ) -> Option<HashMap<u32, Vec<FoundRow>>> {
        let companies: Vec<&str> = group.iter().map(|member| member.company.as_str()).collect();
        let (client, companies) = (&self.vendor.client, &companies);
        failpoint::hit("lookup-before").await;
        let tried = self
            .vendor
            .insist(None, &work.patience, move || {
                client.rows_of(recognition, companies)
            })
            .await;
        failpoint::hit("lookup-after").await;
        let mut found = match tried {
            Tried::Done(found, _) => found,
            Tried::Refused(refusal, _) => {
                self.vendor.read_refused("rows of the form", &refusal);
                return None;
            }
            Tried::Lost | Tried::Held | Tried::Aside => return None,
        };
        self.index.saw(&found).await;
        let rows = |member: &Member| Some((member.slot, found.remove(&member.company)?));
        Some(group.iter().filter_map(rows).collect())
    }

    /// The row of each of these members; of several the one that holds our content is ours, else the oldest.
    pub(super) async fn find(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        group: &[Member],
    ) -> Option<Rows> {
        let mut seen = self.look(work, recognition, group).await?;
        let pick = |member: &Member| {
            let mut rows = seen.remove(&member.slot).filter(|rows| !rows.is_empty())?;
            let own = rows.iter().position(|row| row.hash() == member.hash).unwrap_or(0);
            Some((member.slot, rows.swap_remove(own)))
        };
        Some(group.iter().filter_map(pick).collect())
    }

    /// Commits those of the members whose rows are in the form, and returns the others.
    pub(super) async fn commit_found(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        found: &Rows,
    ) -> Vec<Member> {
        let (ended, missing) = self.commit_there(work, members, found, true).await;
        groups.done(ended);
        missing
    }

    /// Their ends, and the others. `unknown`: a call whose end is not known may still change the rows.
    pub(super) async fn commit_there(
        &self,
        work: &Work<'_>,
        members: Vec<Member>,
        found: &Rows,
        unknown: bool,
    ) -> (Vec<Ended>, Vec<Member>) {
        let (there, missing): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| found.contains_key(&member.slot));
        let ends = there
            .iter()
            .filter_map(|member| Some(found_instead(member, found.get(&member.slot)?)));
        (self.commit(work, ends.collect(), unknown).await, missing)
    }

    /// Commits the rows of a refused group that are in the form all the same, and returns the members that may be sent
    /// under another id; `None` when there are none, or the form cannot be read now.
    pub(super) async fn unless_stored(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
    ) -> Option<Vec<Member>> {
        let Some(recognition) = &work.recognition else {
            return Some(members);
        };
        let Some(found) = self.find_later(work, recognition, &members).await else {
            groups.done(all(&members, &MemberEnd::Held));
            return None;
        };
        self.order.refused(!found.is_empty());
        if found.is_empty() {
            return Some(members);
        }
        tracing::warn!(
            rows = found.len(),
            "Jiandaoyun refused a batch and stored rows of it"
        );
        metrics::counter!(names::LOADER_STORED_REFUSALS).increment(found.len() as u64);
        let missing = self.commit_found(work, groups, members, &found).await;
        (!missing.is_empty()).then_some(missing)
    }

    /// Whether a refused update or removal was carried out all the same; `None` when the form cannot be read now.
    pub(super) async fn was_done(&self, work: &Work<'_>, member: &Member) -> Option<bool> {
        let Some(recognition) = &work.recognition else {
            return Some(false);
        };
        let found = self
            .find_later(work, recognition, std::slice::from_ref(member))
            .await?;
        let row = found.get(&member.slot);
        let done = match member.kind {
            Kind::Remove => row.is_none(),
            _ => row.is_some_and(|row| row.id == member.row_id && row.hash() == member.hash),
        };
        self.order.refused(done);
        if done {
            tracing::warn!(
                company_id = member.company,
                "Jiandaoyun refused a call and carried it out"
            );
            metrics::counter!(names::LOADER_STORED_REFUSALS).increment(1);
        }
        Some(done)
    }

    /// [`Writer::find`] once what was written a moment ago can be seen, or at once while refusals are believed.
    pub(super) async fn find_later(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        group: &[Member],
    ) -> Option<Rows> {
        if self.order.doubts_refusals() && !work.patience.sleep(INVISIBLE, &self.vendor.stopping).await {
            return None;
        }
        self.find(work, recognition, group).await
    }
}
