//! Creates of unknown outcome: the form is asked which rows are there, and only the missing ones are made.

use pipeline::telemetry::names;

use super::Writer;
use super::batch::Work;
use super::commit::{MemberEnd, all};
use super::find::found_instead;
use super::groups::Groups;
use crate::ledger::Member;

impl Writer {
    /// An earlier send may still be at work, so rows that are missing now are missing for good only when no call of
    /// ours can land any more: until then nothing is sent under another id.
    pub(super) async fn reconcile_late(&self, work: &Work<'_>, groups: &mut Groups, members: Vec<Member>) {
        if let Some(recognition) = &work.recognition {
            let Some(found) = self.find(work, recognition, &members).await else {
                return groups.done(all(&members, &MemberEnd::Held));
            };
            let wait = self.lateness();
            if found.len() < members.len() && !work.patience.sleep(wait, &self.vendor.stopping).await {
                return groups.done(all(&members, &MemberEnd::Held));
            }
        }
        self.reconcile(work, groups, members).await;
    }

    /// Rows that are there are committed, missing ones are made under a new id.
    pub(super) async fn reconcile(&self, work: &Work<'_>, groups: &mut Groups, members: Vec<Member>) {
        let Some(recognition) = &work.recognition else {
            let why = "the rows may be in the form or not, and without a key widget nobody can tell";
            let ends = self.give_up(work, &members, "outcome-unknown", why).await;
            return groups.done(ends);
        };
        metrics::counter!(names::LOADER_RECONCILED_BATCHES).increment(1);
        let Some(found) = self.find(work, recognition, &members).await else {
            return groups.done(all(&members, &MemberEnd::Held));
        };
        let (there, missing): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| found.contains_key(&member.slot));
        let ends = there
            .iter()
            .filter_map(|member| Some(found_instead(member, found.get(&member.slot)?)));
        groups.done(self.commit(work, ends.collect(), true).await);
        if !missing.is_empty() {
            self.divide(work, groups, vec![missing], false).await;
        }
    }
}
