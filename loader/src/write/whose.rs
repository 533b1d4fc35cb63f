//! Whose row it is, asked before anything is sent to it: people move keys between rows, and a row id that was right
//! yesterday may be another customer's row today. A look costs one call for all updates and removals of a batch.

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::readable::{self, Keys};
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Kind, Member};

/// What the row under a member's id is.
enum Whose {
    /// The member's, or not there at all: what is sent to it does nothing then, and the answer says so.
    Theirs,
    /// Another customer's by now.
    SomebodyElses,
    /// It cannot be read while others can.
    Unreadable(Refusal),
    /// Nothing can be read now.
    Unknown,
}

impl Writer {
    /// The members whose row ids still are those of their rows, and the ends of the others.
    pub(super) async fn still_theirs(
        &self,
        work: &Work<'_>,
        members: Vec<Member>,
    ) -> (Vec<Member>, Vec<Ended>) {
        let (known, mut theirs): (Vec<Member>, Vec<Member>) =
            members.into_iter().partition(|member| !member.row_id.is_empty());
        let Some(recognition) = work.recognition.as_ref().filter(|_| !known.is_empty()) else {
            theirs.extend(known);
            return (theirs, Vec::new());
        };
        let Some(looked) = self.look(work, recognition, &known).await else {
            return (theirs, all(&known, &MemberEnd::Held));
        };
        let shows = |member: &Member| {
            let rows = looked.rows.get(&member.slot).into_iter().flatten();
            rows.into_iter().any(|row| row.id == member.row_id)
        };
        let (shown, hidden): (Vec<Member>, Vec<Member>) = known.into_iter().partition(shows);
        theirs.extend(shown);
        let asked = hidden.iter().map(|member| async {
            match looked.unreadable.get(&member.slot) {
                Some(refusal) => Whose::Unreadable(refusal.clone()),
                None => self.whose(work, recognition, member).await,
            }
        });
        let asked = futures::future::join_all(asked).await;
        let mut ended = Vec::new();
        for (member, whose) in hidden.into_iter().zip(asked) {
            match (whose, member.kind) {
                // An update of a row that cannot be read changes no other row that could.
                (Whose::Theirs, _) | (Whose::Unreadable(_), Kind::Create | Kind::Update) => {
                    theirs.push(member)
                }
                (Whose::Unreadable(refusal), Kind::Remove) => {
                    let dead = MemberEnd::Dead(Box::new(readable::failure(&refusal)));
                    ended.extend(
                        self.commit(work, vec![(&member, Change::Freed, dead)], false)
                            .await,
                    );
                }
                (Whose::SomebodyElses, _) => {
                    let rows = looked.rows.get(&member.slot).map(Vec::as_slice);
                    ended.extend(self.moved(work, &member, rows.unwrap_or_default()).await);
                }
                (Whose::Unknown, _) => ended.push((member.slot, MemberEnd::Held)),
            }
        }
        (theirs, ended)
    }

    /// Of a row that its key does not show: a cell that is empty or means no other customer is still the member's.
    async fn whose(&self, work: &Work<'_>, recognition: &Recognition, member: &Member) -> Whose {
        match self.whole_row(&member.row_id, &work.patience).await {
            None => Whose::Unknown,
            Some(Err(refusal)) => Whose::Unreadable(refusal),
            Some(Ok(None)) => Whose::Theirs,
            Some(Ok(Some(row))) => match (recognition.read_as(&member.company, &row), recognition.read(&row))
            {
                (Some(_), _) | (None, None) => Whose::Theirs,
                (None, Some((key, _))) => self.has_its_own(work, recognition, member, &key).await,
            },
        }
    }

    /// A key that a person has typed into a row while its customer has a row, or is none of ours: a slip, which the next write
    /// mends.
    async fn has_its_own(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        member: &Member,
        key: &str,
    ) -> Whose {
        match self.ledger.known_rows(&[key]).await {
            Ok(known) if known.iter().all(Option::is_none) => return Whose::Theirs,
            Ok(_) => {}
            Err(error) => {
                drop(self.ledger_failed(&error));
                return Whose::Unknown;
            }
        }
        let shown = self
            .readable(recognition, &[key], Keys::Right, &work.patience)
            .await;
        let Some(shown) = shown else {
            return Whose::Unknown;
        };
        let mut rows = shown.found.get(key).into_iter().flatten();
        match rows.any(|row| row.id != member.row_id) {
            true => Whose::Theirs,
            false => Whose::SomebodyElses,
        }
    }

    /// The row is another customer's now: it is left alone, and the member goes on with the row that has its key.
    async fn moved(&self, work: &Work<'_>, member: &Member, rows: &[FoundRow]) -> Vec<Ended> {
        tracing::warn!(
            company_id = member.company,
            row = member.row_id,
            "the row holds the key of another customer by now, and is left to that one"
        );
        match (rows, member.kind) {
            ([oldest, ..], _) => {
                let found = Change::Found(oldest.id.clone(), 0);
                self.commit(work, vec![(member, found, MemberEnd::Again)], false)
                    .await
            }
            ([], Kind::Remove) => {
                let removed = (member, Change::Removed, MemberEnd::Removed);
                self.commit(work, vec![removed], false).await
            }
            ([], _) => {
                self.missing(work, member, &Refusal::not_in_the_form(), false)
                    .await
            }
        }
    }
}
