//! New rows: one `batch_create` per transaction id, resent byte for byte until its outcome is known.
//!
//! The groups of a batch are a work list. A group whose outcome is definite leaves it with the ends of its members; one
//! that has to be sent again or in parts goes back onto it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::find::Looked;
use super::groups::{Group, Groups, History};
use super::insist::Request;
use super::stale_look::{Again, FreshLook};
use super::{Mode, Writer};
use crate::failpoint;
use crate::jdy::codes;
use crate::jdy::types::{BatchCreated, Refusal, Reply};
use crate::ledger::{Kind, Member};
use crate::vendor::Tried;

impl Writer {
    /// Writes the creates of a batch.
    pub(super) async fn create(&self, work: &Work<'_>, members: Vec<Member>) -> Vec<Ended> {
        if work.fresh && !members.is_empty() {
            match self.newcomers_wait().await {
                None => return all(&members, &MemberEnd::Held),
                Some(true) => return self.stand_aside(work, &members).await,
                Some(false) => {}
            }
        }
        if let Mode::Single { path } = &self.settings.mode {
            return self.create_singly(work, path, members).await;
        }
        let mut transactions: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        for member in members {
            transactions
                .entry(member.transaction.clone())
                .or_default()
                .push(member);
        }
        let history = History {
            sent: !work.fresh,
            ..History::default()
        };
        let groups = transactions.into_values();
        let mut groups = Groups::new(groups.map(|members| Group::new(members, history)).collect());
        while let Some(group) = groups.next() {
            self.create_group(work, &mut groups, group).await;
        }
        groups.into_ends()
    }

    /// Sends a group until the answer is definite, and acts on the answer.
    async fn create_group(&self, work: &Work<'_>, groups: &mut Groups, group: Group) {
        if groups.is_refused_already(&group) {
            return self.halve(work, groups, group.members, group.history).await;
        }
        let Group { members, history, .. } = group;
        let most = (self.vendor.client.company.pace.rows(), self.settings.batch_bytes);
        let parts = match self.vendor.breaker.is_tripped(Kind::Create) {
            true => self.one_apart(&members),
            false => parts(&members, most),
        };
        if !history.sent
            && let Some(parts) = parts
        {
            return self.divide(work, groups, parts, history, false).await;
        }
        if history.sent
            && let Some((_, refusal)) = self.doubt_about(&members)
        {
            return self
                .look_and_divide(work, groups, members, history, &refusal)
                .await;
        }
        if history.sent && self.is_forgotten(work, &members) {
            // The last send may be a moment ago, whatever the age of the first.
            return self.reconcile_late(work, groups, members, history).await;
        }
        let tried = self.send(work, &members, history).await;
        failpoint::hit("create-answered").await;
        match tried {
            Tried::Done(Sent::Answered(answer), unknown) => {
                self.created(work, groups, members, history, &answer, unknown)
                    .await;
            }
            // While it was tried, the transaction id has become too old, or some of its rows have turned up.
            Tried::Done(Sent::InDoubt, _) => self.reconcile_late(work, groups, members, history).await,
            // Nothing of it has been stored.
            Tried::Done(Sent::TurnedUp(looked), _) => {
                self.turned_up(work, groups, members, history, *looked).await;
            }
            Tried::Done(Sent::Unread, _) => groups.done(all(&members, &MemberEnd::Held)),
            Tried::Refused(refusal, _) if refusal.code == codes::TRANSACTION_EXISTS => {
                self.exists_already(work, groups, members, history, &refusal)
                    .await;
            }
            Tried::Refused(refusal, unknown) => {
                let history = History {
                    sent: history.sent || unknown,
                    ..history
                };
                self.rejected(work, groups, members, history, &refusal).await;
            }
            Tried::Lost => groups.done(self.lease_lost(work, &members).await),
            Tried::Held => groups.done(all(&members, &MemberEnd::Held)),
            // What may have been sent before is not free.
            Tried::Aside if history.sent => groups.done(all(&members, &MemberEnd::Held)),
            Tried::Aside => groups.done(self.stand_aside(work, &members).await),
        }
    }

    /// Whether the vendor may have forgotten the transaction id, and would make new rows.
    fn is_forgotten(&self, work: &Work<'_>, members: &[Member]) -> bool {
        let sent = members.iter().map(|member| member.first_sent_ms).min();
        let age = work.live.now_ms() - sent.unwrap_or_default();
        i128::from(age) > i128::try_from(self.settings.resend_for.as_millis()).unwrap_or(i128::MAX)
    }

    /// While every row is refused: one row alone is the best trial, of a customer that was not refused yet.
    fn one_apart(&self, members: &[Member]) -> Option<Vec<Vec<Member>>> {
        if members.len() == 1 {
            return None;
        }
        let (mut strangers, mut known): (Vec<Member>, Vec<Member>) = members
            .iter()
            .cloned()
            .partition(|member| self.is_stranger(member));
        let source = match strangers.is_empty() {
            true => &mut known,
            false => &mut strangers,
        };
        let first = vec![source.remove(0)];
        let parts = [first, strangers, known];
        Some(parts.into_iter().filter(|part| !part.is_empty()).collect())
    }

    fn is_stranger(&self, member: &Member) -> bool {
        self.vendor.breaker.is_stranger(member.kind, &member.company)
    }

    /// Why this group is not sent again, if it is so.
    fn doubt_about(&self, members: &[Member]) -> Option<(Instant, Refusal)> {
        self.vendor.breaker.doubted_since(&members.first()?.transaction)
    }

    async fn send(&self, work: &Work<'_>, members: &[Member], history: History) -> Tried<Sent> {
        let rows: Vec<&str> = members.iter().map(|member| &*member.row).collect();
        let transaction = members.first().map_or("", |member| member.transaction.as_str());
        let sent = AtomicBool::new(history.sent);
        let is_too_old = || sent.load(Ordering::Relaxed) && self.is_forgotten(work, members);
        // Asked again when the quota allows the call, which may be much later.
        let left = AtomicBool::new(false);
        let fresh = match history.sent && !work.fresh {
            // It was claimed by a loader that is dead, and people may have made these rows since.
            true => FreshLook::never(),
            false => FreshLook::since(work.claimed),
        };
        let in_doubt = AtomicBool::new(history.sent);
        let looks_first = || fresh.is_old();
        let may_send = || !is_too_old() && !looks_first() && self.leaves(work, &left);
        let options = &self.settings.options;
        let client = &self.vendor.client;
        let (rows, may_send, is_too_old, sent) = (&rows, &may_send, &is_too_old, &sent);
        let (fresh, in_doubt, looks_first) = (&fresh, &in_doubt, &looks_first);
        let suspect = history.suspect || members.iter().all(|member| self.is_suspect(member));
        let stored = |sent: &Sent| matches!(sent, Sent::Answered(answer) if answer.success_count > 0);
        let request = Request {
            stranger: !history.suspect && members.iter().any(|member| self.is_stranger(member)),
            ..work.request(Kind::Create, suspect, &left)
        };
        self.vendor
            .write(request, stored, move || async move {
                if is_too_old() {
                    return Reply::Ok(Sent::InDoubt);
                }
                if looks_first() {
                    match self.look_once_more(work, members, fresh).await {
                        // What was sent before and may yet land is the same rows under the same id.
                        Again::Nobody => {}
                        // Ours, perhaps, and perhaps not all: the others must not be made beside theirs.
                        Again::Somebody(_) if in_doubt.load(Ordering::Relaxed) => {
                            return Reply::Ok(Sent::InDoubt);
                        }
                        Again::Somebody(looked) => return Reply::Ok(Sent::TurnedUp(looked)),
                        Again::Unknown => return Reply::Ok(Sent::Unread),
                    }
                }
                let call = client.batch_create(transaction, rows, options, work.lane, may_send);
                let reply = call.await;
                if !matches!(reply, Reply::Unsent(_)) {
                    sent.store(true, Ordering::Relaxed);
                }
                if matches!(reply, Reply::Unknown(_)) {
                    in_doubt.store(true, Ordering::Relaxed);
                }
                reply.map(Sent::Answered)
            })
            .await
    }
}

/// What became of sending a group.
enum Sent {
    Answered(BatchCreated),
    /// It was sent before, and the vendor may have forgotten it by now, or there are rows of it that may be others'.
    InDoubt,
    /// It was not sent: others have made some of its rows since.
    TurnedUp(Box<Looked>),
    /// It was not sent: the form cannot be read.
    Unread,
}

/// The parts of a group that is too large for one call, in rows or in bytes; a row that is too large goes alone.
fn parts(members: &[Member], (rows, bytes): (usize, usize)) -> Option<Vec<Vec<Member>>> {
    let mut parts: Vec<Vec<Member>> = Vec::new();
    let mut room = 0;
    for member in members {
        match parts.last_mut().filter(|part| part.len() < rows) {
            Some(part) if member.row.len() <= room => {
                room -= member.row.len();
                part.push(member.clone());
            }
            _ => {
                room = bytes.saturating_sub(member.row.len());
                parts.push(vec![member.clone()]);
            }
        }
    }
    (parts.len() > 1).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_divided_by_rows_and_by_bytes() {
        let sizes = |rows: &[usize], most| -> Option<Vec<usize>> {
            let member = |(slot, size): (u32, &usize)| Member {
                slot,
                kind: Kind::Create,
                company: slot.to_string(),
                hash: String::new(),
                row_id: String::new(),
                row: "x".repeat(*size).into(),
                transaction: String::new(),
                first_sent_ms: 0,
            };
            let members: Vec<Member> = (0..).zip(rows).map(member).collect();
            let parts = parts(&members, most)?;
            Some(parts.iter().map(Vec::len).collect())
        };
        assert_eq!(sizes(&[10; 4], (100, 40)), None);
        assert_eq!(sizes(&[10; 4], (100, 39)), Some(vec![3, 1]));
        assert_eq!(sizes(&[10; 4], (2, 1000)), Some(vec![2, 2]));
        assert_eq!(sizes(&[5, 99, 5, 5], (100, 20)), Some(vec![1, 1, 2]));
        assert_eq!(sizes(&[99], (100, 20)), None, "alone it is");
    }
}
