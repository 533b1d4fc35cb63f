//! Rows that the vendor has confirmed and no query shows, asked for by the ids that its answer names.

use std::collections::HashMap;

use pipeline::telemetry::names;

use super::Writer;
use super::batch::Work;
use super::commit::{Committing, MemberEnd};
use super::find::{Looked, Rows};
use super::groups::Groups;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::ledger::{Change, Member};

/// Rows that are asked for by the ids of an answer.
const SAMPLE: usize = 3;

/// What the ids of an answer show.
pub(super) enum ByIds {
    /// Rows that queries do not show yet.
    Rows(Rows),
    /// The rows have no keys.
    Keyless,
}

/// Row ids by the slot of their member, as an answer names them.
pub(super) type Ids<'a> = HashMap<u32, &'a str>;

/// Members whose rows are those that the answer names in their places.
pub(super) fn in_their_places<'a>(members: &'a [Member], ids: &Ids<'_>) -> Vec<Committing<'a>> {
    let placed = |member: &'a Member| {
        let id = (*ids.get(&member.slot)?).to_owned();
        Some((member, Change::Placed(id), MemberEnd::Landed))
    };
    members.iter().filter_map(placed).collect()
}

impl Writer {
    /// Ends members that the vendor has confirmed and whose rows cannot be read: named, they count, and have to be proven
    /// before they are written to; else their records die.
    pub(super) async fn unreadable(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        ids: &Ids<'_>,
        looked: &Looked,
    ) -> Vec<Member> {
        let (placed, others): (Vec<Member>, Vec<Member>) = members.into_iter().partition(|member| {
            looked.unreadable.contains_key(&member.slot) && ids.contains_key(&member.slot)
        });
        if !placed.is_empty() {
            groups.done(self.commit(work, in_their_places(&placed, ids), true).await);
        }
        let (members, ended) = self.without_unreadable(work, others, looked).await;
        groups.done(ended);
        members
    }

    /// The rows that no query shows and that are there under the ids that the answer names: lists are behind, or their key
    /// cells hold something else. Some are asked for first, and the others only when one of those is there. Nobody's having
    /// a key says that the vendor leaves out a cell that does not suit it and answers success (docs/jiandaoyun-api.md §5.1);
    /// a key here and there is a matter of that row. `None` when nobody can tell now.
    pub(super) async fn by_their_ids(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        members: &[Member],
        found: &Rows,
        ids: &Ids<'_>,
    ) -> Option<ByIds> {
        let mut there = Rows::new();
        let mut odd: Vec<(&Member, FoundRow)> = Vec::new();
        let mut blank = 0;
        let missing = members.iter().filter(|member| !found.contains_key(&member.slot));
        for (asked, member) in missing.enumerate() {
            if asked >= SAMPLE && there.is_empty() && (odd.is_empty() || odd.len() == blank) {
                break;
            }
            let Some(id) = ids.get(&member.slot) else { continue };
            let Some(Ok(Some(cells))) = self.whole_row(id, &work.patience).await else {
                continue;
            };
            let key = recognition.read(&cells).map(|(key, _)| key);
            blank += usize::from(key.is_none());
            let row = self
                .still_of(recognition, &member.company, &cells, &work.patience)
                .await?;
            match row {
                Some(row) if row.is_key_right => drop(there.insert(member.slot, row)),
                // The place alone says little about a row without its customer's key.
                Some(row) if row.content == member.hash || !self.order.is_broken() => odd.push((member, row)),
                _ => {}
            }
        }
        if blank >= SAMPLE && odd.len() == blank && there.is_empty() && found.is_empty() {
            return Some(ByIds::Keyless);
        }
        if !odd.is_empty() {
            let pairs: Vec<(&str, &str)> = odd
                .iter()
                .map(|(member, row)| (member.company.as_str(), row.id.as_str()))
                .collect();
            self.write_keys(recognition, &pairs, &work.patience).await?;
            there.extend(odd.into_iter().map(|(member, row)| (member.slot, row)));
        }
        Some(ByIds::Rows(there))
    }

    /// Every further batch would be doubled: nothing is made before somebody has seen to the key widget. The ids are
    /// proven before they are used.
    pub(super) async fn stored_without_a_key(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        ids: &Ids<'_>,
    ) {
        metrics::counter!(names::LOADER_ODD_ANSWERS).increment(1);
        tracing::error!(
            rows = members.len(),
            "Jiandaoyun stores new rows without the key; is the key widget a text that the API may write?"
        );
        groups.done(self.commit(work, in_their_places(&members, ids), false).await);
        self.keyless.doubt().await;
    }
}
