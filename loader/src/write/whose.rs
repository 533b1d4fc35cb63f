//! Whose row it is, asked before anything is sent to it: people move keys between rows, and a row id that was right
//! yesterday may be another customer's row today. A look costs one call for all updates and removals of a batch; what has
//! waited since is asked once more by itself.

use std::time::Instant;

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd};
use super::readable::{self, Keys};
use super::stale_look::FreshLook;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::jdy::types::Refusal;
use crate::ledger::{Change, Kind, KnownRow, Member};
use crate::vendor::Patience;

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

/// A member whose row may not be sent what it holds.
pub(super) struct NotTheirs {
    member: Member,
    whose: Whose,
    /// The rows that have its key.
    rows: Vec<FoundRow>,
}

/// What became of sending an update or a removal.
pub(super) enum Sent<T> {
    Answered(T),
    /// It was not sent: the row is not its customer's any more, or nobody can tell.
    NotTheirs(Box<NotTheirs>),
}

impl Writer {
    /// The members whose row ids still are those of their rows, and the ends of the others.
    pub(super) async fn still_theirs(
        &self,
        work: &Work<'_>,
        members: Vec<Member>,
    ) -> (Vec<Member>, Vec<Ended>) {
        let (theirs, others) = self.by_owner(work, members).await;
        let mut ended = Vec::new();
        for other in others {
            ended.extend(self.not_theirs(work, other, false).await);
        }
        (theirs, ended)
    }

    /// The same of a row whose call has waited since: an outage is long enough for people to move keys. Nothing is written
    /// down here, because the call may be dropped meanwhile.
    pub(super) async fn no_longer_theirs(
        &self,
        work: &Work<'_>,
        member: &Member,
        fresh: &FreshLook,
    ) -> Option<NotTheirs> {
        let (_, others) = self.by_owner(work, vec![member.clone()]).await;
        let other = others.into_iter().next();
        if other.is_none() {
            fresh.repeated(Instant::now(), true);
        }
        other
    }

    /// Members whose rows are theirs, and the others.
    async fn by_owner(&self, work: &Work<'_>, members: Vec<Member>) -> (Vec<Member>, Vec<NotTheirs>) {
        let (known, mut theirs): (Vec<Member>, Vec<Member>) =
            members.into_iter().partition(|member| !member.row_id.is_empty());
        let Some(recognition) = work.recognition.as_ref().filter(|_| !known.is_empty()) else {
            theirs.extend(known);
            return (theirs, Vec::new());
        };
        let Some(mut looked) = self.look(work, recognition, &known).await else {
            let unknown = known.into_iter().map(|member| NotTheirs {
                member,
                whose: Whose::Unknown,
                rows: Vec::new(),
            });
            return (theirs, unknown.collect());
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
        let mut others = Vec::new();
        for (member, whose) in hidden.into_iter().zip(asked) {
            match (&whose, member.kind) {
                // An update of a row that cannot be read changes no other row that could.
                (Whose::Theirs, _) | (Whose::Unreadable(_), Kind::Create | Kind::Update) => {
                    theirs.push(member)
                }
                _ => {
                    let rows = looked.rows.remove(&member.slot).unwrap_or_default();
                    others.push(NotTheirs { member, whose, rows });
                }
            }
        }
        (theirs, others)
    }

    /// The end of a member whose row is not its own, or of which nobody can tell. `unknown`: a call to that row may have got
    /// through.
    pub(super) async fn not_theirs(&self, work: &Work<'_>, other: NotTheirs, unknown: bool) -> Vec<Ended> {
        let NotTheirs { member, whose, rows } = other;
        match whose {
            Whose::Unreadable(refusal) => {
                let dead = MemberEnd::Dead(Box::new(readable::failure(&refusal)));
                self.commit(work, vec![(&member, Change::Freed, dead)], unknown)
                    .await
            }
            Whose::SomebodyElses => self.moved(work, &member, &rows, unknown).await,
            Whose::Unknown | Whose::Theirs => vec![(member.slot, MemberEnd::Held)],
        }
    }

    /// Of a row that its key does not show: a cell that is empty or means no other customer is still the member's.
    async fn whose(&self, work: &Work<'_>, recognition: &Recognition, member: &Member) -> Whose {
        match self.known_by_id(&member.company, &member.row_id).await {
            // Without a call: whether it is there shows in the answer.
            Ok(Some(_)) => return Whose::Theirs,
            Ok(None) => {}
            Err(error) => {
                drop(self.ledger_failed(&error));
                return Whose::Unknown;
            }
        }
        match self.whole_row(&member.row_id, &work.patience).await {
            None => Whose::Unknown,
            Some(Err(refusal)) => Whose::Unreadable(refusal),
            Some(Ok(None)) => Whose::Theirs,
            Some(Ok(Some(row))) => match self
                .still_of(recognition, &member.company, &row, &work.patience)
                .await
            {
                None => Whose::Unknown,
                Some(Some(_)) => Whose::Theirs,
                Some(None) => Whose::SomebodyElses,
            },
        }
    }

    /// Whether the row with this id is that of the customer whose key it holds. A key that a person has typed into a row
    /// while its customer has another row, or that is none of ours, is a slip, which the next write mends. `None` when nobody
    /// can tell now.
    pub(super) async fn is_of_another(
        &self,
        recognition: &Recognition,
        id: &str,
        key: &str,
        patience: &Patience,
    ) -> Option<bool> {
        let known = self.ledger.known_rows(&[key]).await;
        let known = known.map_err(|error| drop(self.ledger_failed(&error))).ok()?;
        // Whom only the walk over the form knows, by this very row, nobody has ever written.
        let is_nobody = |known: &KnownRow| known.version.is_none() && known.id.as_deref() == Some(id);
        if known.iter().flatten().all(is_nobody) {
            return Some(false);
        }
        let shown = self.readable(recognition, &[key], Keys::Right, patience).await?;
        let mut rows = shown.found.get(key).into_iter().flatten();
        Some(!rows.any(|row| row.id != id))
    }

    /// The row is another customer's now: it is left alone, and the member goes on with the row that has its key.
    async fn moved(&self, work: &Work<'_>, member: &Member, rows: &[FoundRow], unknown: bool) -> Vec<Ended> {
        tracing::warn!(
            company_id = member.company,
            row = member.row_id,
            "the row holds the key of another customer by now, and is left to that one"
        );
        match (rows, member.kind) {
            ([oldest, ..], _) => {
                let found = Change::Found(oldest.id.clone(), 0);
                self.commit(work, vec![(member, found, MemberEnd::Again)], unknown)
                    .await
            }
            ([], Kind::Remove) => {
                let removed = (member, Change::Removed, MemberEnd::Removed);
                self.commit(work, vec![removed], unknown).await
            }
            ([], _) => {
                self.missing(work, member, &Refusal::not_in_the_form(), unknown)
                    .await
            }
        }
    }
}
