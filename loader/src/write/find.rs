//! Finding the rows of members in the form by their key.

use std::collections::HashMap;

use pipeline::telemetry::names;

use super::Writer;
use super::batch::Work;
use super::commit::{Committing, Ended, MemberEnd, all};
use super::groups::Groups;
use super::readable::{self, Keys, Shown};
use super::verify::INVISIBLE;
use crate::failpoint;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Kind, Member};

/// Rows by the slot of their member.
pub(super) type Rows = HashMap<u32, FoundRow>;

/// What a look shows.
#[derive(Clone)]
pub(super) struct Looked {
    /// All rows of each member by its slot, the oldest first.
    pub(super) rows: HashMap<u32, Vec<FoundRow>>,
    /// Members whose rows cannot be read, while those of others can.
    pub(super) unreadable: HashMap<u32, Refusal>,
}

impl Looked {
    /// Whether each of these members has a row, or one that cannot be read.
    pub(super) fn accounts_for(&self, members: &[Member]) -> bool {
        let is_there = |slot| self.rows.contains_key(slot) || self.unreadable.contains_key(slot);
        members.iter().all(|member| is_there(&member.slot))
    }

    /// Of several rows the one that holds our content is ours, else the oldest.
    pub(super) fn own(mut self, members: &[Member]) -> Rows {
        let pick = |member: &Member| {
            let mut rows = self.rows.remove(&member.slot).filter(|rows| !rows.is_empty())?;
            let own = rows.iter().position(|row| row.hash() == member.hash).unwrap_or(0);
            Some((member.slot, rows.swap_remove(own)))
        };
        members.iter().filter_map(pick).collect()
    }
}

/// Members, the rows of those that have one, and the ends of others whose rows cannot be read.
pub(super) struct Sighted {
    pub(super) members: Vec<Member>,
    pub(super) rows: Rows,
    pub(super) ended: Vec<Ended>,
}

/// What a row that turned out to exist means for the member that was to make it.
pub(super) fn found_instead<'a>(member: &'a Member, row: &FoundRow) -> Committing<'a> {
    match row.hash() == member.hash {
        true => (member, Change::Landed(row.id.clone()), MemberEnd::Landed),
        // It was written to since; the next claim decides what is newer.
        false => (member, Change::Found(row.id.clone(), 1), MemberEnd::Again),
    }
}

fn looked(shown: Shown, group: &[Member]) -> Looked {
    let Shown {
        mut found,
        unreadable,
        ..
    } = shown;
    let mut unreadable: HashMap<String, Refusal> = unreadable.into_iter().collect();
    let rows = |member: &Member| Some((member.slot, found.remove(&member.company)?));
    let refused = |member: &Member| Some((member.slot, unreadable.remove(&member.company)?));
    Looked {
        rows: group.iter().filter_map(rows).collect(),
        unreadable: group.iter().filter_map(refused).collect(),
    }
}

/// What became of a call that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Yes,
    No,
    /// Nothing of the row is shown, and it was written so lately that it may be there all the same.
    TooEarly,
}

impl Writer {
    /// The same, with rows whose key cells people have touched: who makes a new row must know that there is none.
    pub(super) async fn look_thoroughly(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        group: &[Member],
    ) -> Option<Looked> {
        let rows: Vec<(&str, &str)> = group.iter().map(|member| (member.company.as_str(), "")).collect();
        failpoint::hit("lookup-before").await;
        let shown = self.rows_shown(recognition, &rows, true, &work.patience).await;
        failpoint::hit("lookup-after").await;
        Some(looked(shown?, group))
    }

    /// All rows of these members as the form shows them; `None` when the vendor cannot be asked now.
    pub(super) async fn look(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        group: &[Member],
    ) -> Option<Looked> {
        let companies: Vec<&str> = group.iter().map(|member| member.company.as_str()).collect();
        failpoint::hit("lookup-before").await;
        let shown = self
            .readable(recognition, &companies, Keys::Right, &work.patience)
            .await;
        failpoint::hit("lookup-after").await;
        let mut shown = shown?;
        self.give_back_or_fail(&mut shown.found, &companies).await?;
        self.index.saw(&shown.found).await;
        Some(looked(shown, group))
    }

    /// The row of each of these members; those whose rows cannot be read end here (I12). The members as an error when the
    /// vendor cannot be asked now.
    pub(super) async fn find(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        members: Vec<Member>,
    ) -> Result<Sighted, Vec<Member>> {
        let Some(looked) = self.look(work, recognition, &members).await else {
            return Err(members);
        };
        let (members, ended) = self.without_unreadable(work, members, &looked).await;
        let rows = looked.own(&members);
        Ok(Sighted { members, rows, ended })
    }

    /// Frees members whose rows cannot be read, and whose records therefore die; a call may still change those rows.
    pub(super) async fn without_unreadable(
        &self,
        work: &Work<'_>,
        members: Vec<Member>,
        looked: &Looked,
    ) -> (Vec<Member>, Vec<Ended>) {
        let (unreadable, members): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| looked.unreadable.contains_key(&member.slot));
        let ends = unreadable.iter().filter_map(|member| {
            let failure = readable::failure(looked.unreadable.get(&member.slot)?);
            Some((member, Change::Freed, MemberEnd::Dead(Box::new(failure))))
        });
        let ends: Vec<Committing<'_>> = ends.collect();
        match ends.is_empty() {
            true => (members, Vec::new()),
            false => (members, self.commit(work, ends, true).await),
        }
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
        if !self.is_visible(work).await {
            groups.done(all(&members, &MemberEnd::Held));
            return None;
        }
        let Sighted { members, rows, ended } = match self.find(work, recognition, members).await {
            Ok(sighted) => sighted,
            Err(members) => {
                groups.done(all(&members, &MemberEnd::Held));
                return None;
            }
        };
        groups.done(ended);
        self.order.refused(!rows.is_empty());
        if rows.is_empty() {
            return (!members.is_empty()).then_some(members);
        }
        tracing::warn!(
            rows = rows.len(),
            "Jiandaoyun refused a batch and stored rows of it"
        );
        metrics::counter!(names::LOADER_STORED_REFUSALS).increment(rows.len() as u64);
        let missing = self.commit_found(work, groups, members, &rows).await;
        (!missing.is_empty()).then_some(missing)
    }

    /// Whether a refused update or removal was carried out all the same; `None` when the form cannot be read now.
    pub(super) async fn was_done(&self, work: &Work<'_>, member: &Member) -> Option<Done> {
        let Some(recognition) = &work.recognition else {
            return Some(Done::No);
        };
        if !self.is_visible(work).await {
            return None;
        }
        let alone = std::slice::from_ref(member);
        let looked = self.look(work, recognition, alone).await?;
        if looked.unreadable.contains_key(&member.slot) {
            // Nobody can tell, and waiting for it would keep everybody.
            return Some(Done::No);
        }
        let found = looked.own(alone);
        let row = found.get(&member.slot);
        let done = match member.kind {
            Kind::Remove if row.is_none() => self.is_surely_gone(work, member).await?,
            Kind::Remove => Done::No,
            _ if row.is_some_and(|row| row.id == member.row_id && row.hash() == member.hash) => Done::Yes,
            _ => Done::No,
        };
        if done != Done::TooEarly {
            self.order.refused(done == Done::Yes);
        }
        if done == Done::Yes {
            tracing::warn!(
                company_id = member.company,
                "Jiandaoyun refused a call and carried it out"
            );
            metrics::counter!(names::LOADER_STORED_REFUSALS).increment(1);
        }
        Some(done)
    }

    /// Whether a row that no key shows does not exist: it is old enough to be seen, and its id shows nothing either. `None`
    /// when that cannot be asked now.
    async fn is_surely_gone(&self, work: &Work<'_>, member: &Member) -> Option<Done> {
        let known = self.ledger.known_rows(&[&member.company]).await;
        let known = known.map_err(|error| drop(self.ledger_failed(&error))).ok()?;
        let written = known.into_iter().flatten().find_map(|known| known.written_ms);
        if self.is_young(work, written) {
            return Some(Done::TooEarly);
        }
        let is_gone = matches!(self.whole_row(&member.row_id, &work.patience).await?, Ok(None));
        Some(if is_gone { Done::Yes } else { Done::No })
    }

    /// Waits until what was written a moment ago can be seen, or not at all while refusals are believed; `false` when
    /// patience or the process ends before.
    async fn is_visible(&self, work: &Work<'_>) -> bool {
        !self.order.doubts_refusals() || work.patience.sleep(INVISIBLE, &self.vendor.stopping).await
    }
}
