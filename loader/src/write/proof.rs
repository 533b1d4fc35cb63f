//! Row ids that were taken from an answer by their place are proven by key before anything is sent to them, because a
//! wrong one is another customer's row.

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::verify::INVISIBLE;
use crate::jdy::lookup::Recognition;
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Kind, Member};

impl Writer {
    /// The members that may be sent, with row ids that are known to be theirs; the others have ended.
    pub(super) async fn prove(&self, work: &Work<'_>, members: Vec<Member>) -> (Vec<Member>, Vec<Ended>) {
        let (mut unproven, mut proven): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| member.unproven().is_some());
        let Some(recognition) = work.recognition.as_ref().filter(|_| !unproven.is_empty()) else {
            // Without a key widget nobody can tell, and the place is all there is.
            proven.extend(unproven.into_iter().map(with_its_id));
            return (proven, Vec::new());
        };
        let mut ended = Vec::new();
        for last in [false, true] {
            let Some(seen) = self.look(work, recognition, &unproven).await else {
                return (proven, held(ended, &unproven));
            };
            let mut unseen = Vec::new();
            for member in unproven {
                let rows = seen.get(&member.slot).map(Vec::as_slice).unwrap_or_default();
                match (rows, member.unproven()) {
                    ([], _) => unseen.push(member),
                    (rows, Some(id)) if rows.iter().any(|row| row.id == id) => {
                        proven.push(with_its_id(member))
                    }
                    ([oldest, ..], _) => {
                        let found = (&member, Change::Found(oldest.id.clone(), 0), MemberEnd::Again);
                        ended.extend(self.commit(work, vec![found], false).await);
                    }
                }
            }
            unproven = unseen;
            if unproven.is_empty() {
                break;
            }
            // Made a moment ago, perhaps, and not to be seen yet.
            if !last && !work.patience.sleep(INVISIBLE, &self.vendor.stopping).await {
                return (proven, held(ended, &unproven));
            }
        }
        match self.touched(work, recognition, unproven).await {
            Touched::Sorted { theirs, gone } => {
                proven.extend(theirs);
                for member in gone {
                    ended.extend(self.row_is_gone(work, &member).await);
                }
            }
            Touched::Unknown(members) => ended = held(ended, &members),
        }
        (proven, ended)
    }

    /// Rows that no key shows: people may have touched their key cells since they were made. The row under the id is the
    /// member's when its cell holds no other customer's key and it has the content that was written, or when ids have
    /// never come in another order.
    async fn touched(&self, work: &Work<'_>, recognition: &Recognition, members: Vec<Member>) -> Touched {
        if members.is_empty() {
            return Touched::default();
        }
        let companies: Vec<&str> = members.iter().map(|member| member.company.as_str()).collect();
        let Ok(known) = self.ledger.known_rows(&companies).await else {
            return Touched::Unknown(members);
        };
        let (mut theirs, mut gone) = (Vec::new(), Vec::new());
        let mut rest = members.into_iter().zip(known);
        while let Some((member, known)) = rest.next() {
            let id = member.unproven().unwrap_or_default();
            let rows = [(member.company.as_str(), id)];
            let shown = self.rows_shown(recognition, &rows, true, &work.patience).await;
            let Some(mut shown) = shown.filter(|shown| shown.unreadable.is_empty()) else {
                let members = std::iter::once(member).chain(rest.map(|(member, _)| member));
                return Touched::Unknown(theirs.into_iter().chain(gone).chain(members).collect());
            };
            let row = shown.found.remove(&member.company);
            let row = row.and_then(|rows| rows.into_iter().next());
            let written = known.and_then(|known| known.hash).unwrap_or_default();
            match row {
                Some(row) if row.id != id || row.content == written || !self.order.is_broken() => {
                    theirs.push(Member {
                        row_id: row.id,
                        ..member
                    });
                }
                _ => gone.push(member),
            }
        }
        Touched::Sorted { theirs, gone }
    }

    async fn row_is_gone(&self, work: &Work<'_>, member: &Member) -> Vec<Ended> {
        match member.kind {
            Kind::Remove => {
                let removed = (member, Change::Removed, MemberEnd::Removed);
                self.commit(work, vec![removed], false).await
            }
            _ => {
                self.missing(work, member, &Refusal::not_in_the_form(), false)
                    .await
            }
        }
    }
}

/// What became of rows that no key shows.
enum Touched {
    /// Members with the ids of their rows, and those whose rows are not there.
    Sorted { theirs: Vec<Member>, gone: Vec<Member> },
    /// The form cannot be read now.
    Unknown(Vec<Member>),
}

impl Default for Touched {
    fn default() -> Self {
        Self::Sorted {
            theirs: Vec::new(),
            gone: Vec::new(),
        }
    }
}

fn held(mut ended: Vec<Ended>, members: &[Member]) -> Vec<Ended> {
    ended.extend(all(members, &MemberEnd::Held));
    ended
}

fn with_its_id(mut member: Member) -> Member {
    if let Some(id) = member.unproven() {
        member.row_id = id.to_owned();
    }
    member
}
