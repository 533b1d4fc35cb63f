//! Single mode: the document's own create path, which has no idempotency, so every send is preceded by a look-up that
//! comes when nothing sent before can take effect any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Writer;
use super::batch::Work;
use super::commit::{Ended, MemberEnd, all};
use super::find::Sighted;
use super::give_up::Refused;
use super::stale_look::{Again, FreshLook};
use super::verify::INVISIBLE;
use crate::failpoint;
use crate::jdy::lookup::Recognition;
use crate::jdy::types::{Refusal, Reply, RowId, text};
use crate::ledger::{Change, Kind, Member};
use crate::vendor::Tried;

/// Sends of one row whose outcome stays unknown.
const SENDS: u32 = 3;
/// The longest wait before a row is sent again that was refused for the moment, as a multiple of the first.
const LONGEST_WAIT: u32 = 10;
/// Sends of one row that are refused for the moment.
const PUT_OFF: u32 = 5;

impl Writer {
    /// Creates rows one by one.
    pub(super) async fn create_singly(
        &self,
        work: &Work<'_>,
        path: &str,
        members: Vec<Member>,
    ) -> Vec<Ended> {
        if members.is_empty() {
            return Vec::new();
        }
        let (mut ended, missing) = match &work.recognition {
            Some(recognition) => {
                // The last call of the loader before us may still land.
                let wait = if work.fresh {
                    Duration::ZERO
                } else {
                    self.lateness()
                };
                match self.those_missing(work, recognition, members, wait).await {
                    Ok(sorted) => sorted,
                    Err(members) => return all(&members, &MemberEnd::Held),
                }
            }
            None => self.without_the_first(work, members).await,
        };
        let looked = Instant::now();
        let mut missing = missing.into_iter();
        while let Some(member) = missing.next() {
            let ends = self.create_one(work, path, member, looked).await;
            let is_held = ends.iter().any(|(_, end)| matches!(end, MemberEnd::Held));
            ended.extend(ends);
            if is_held {
                // Nothing is sent behind a row of unknown outcome: so of a batch only one row can ever be in doubt.
                ended.extend(all(missing.as_slice(), &MemberEnd::Held));
                break;
            }
        }
        ended
    }

    /// Commits the members whose rows are there after this time, and returns their ends and the others; all of them as an
    /// error when the form cannot be read now.
    async fn those_missing(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        members: Vec<Member>,
        wait: Duration,
    ) -> Result<(Vec<Ended>, Vec<Member>), Vec<Member>> {
        if !wait.is_zero() && !work.patience.sleep(wait, &self.vendor.stopping).await {
            return Err(members);
        }
        let Sighted { members, rows, ended } = self.find(work, recognition, members).await?;
        let (mut ends, missing) = self.commit_there(work, members, &rows, false).await;
        ends.extend(ended);
        Ok((ends, missing))
    }

    /// Without a key widget a row that a dead loader may have sent is left to people; that is the first at most.
    async fn without_the_first(&self, work: &Work<'_>, members: Vec<Member>) -> (Vec<Ended>, Vec<Member>) {
        if work.fresh {
            return (Vec::new(), members);
        }
        let (doubtful, never_sent) = members.split_at(1);
        (self.outcome_unknown(work, doubtful).await, never_sent.to_vec())
    }

    async fn outcome_unknown(&self, work: &Work<'_>, group: &[Member]) -> Vec<Ended> {
        let why = words::text!("the row may be in the form or not, and without a key widget nobody can tell");
        self.give_up(work, group, "outcome-unknown", why).await
    }

    /// Creates one row. What may have been stored is looked up when it can be seen, and only then is it sent again.
    async fn create_one(
        &self,
        work: &Work<'_>,
        path: &str,
        member: Member,
        mut looked: Instant,
    ) -> Vec<Ended> {
        let (first, mut tries, mut unanswered, mut put_off) = (Instant::now(), 0, 0, 0);
        loop {
            tries += 1;
            let (tried, answer) = self.send_once(work, path, &member, looked).await;
            let last = Instant::now();
            failpoint::hit("create-answered").await;
            let (wait, refused) = match tried {
                Tried::Done(Some(row), _) => return self.created_one(work, &member, row).await,
                Tried::Done(None, true) => {
                    unanswered += 1;
                    (self.lateness(), None)
                }
                // Refused for the moment, by an answer that means nothing is stored.
                Tried::Done(None, false) => {
                    put_off += 1;
                    let answer = answer.filter(|_| put_off >= PUT_OFF);
                    (INVISIBLE * tries.min(LONGEST_WAIT), answer)
                }
                Tried::Refused(refusal, true) => (self.lateness(), Some(refusal)),
                Tried::Refused(refusal, false) => (INVISIBLE, Some(refusal)),
                Tried::Lost => return self.lease_lost(work, &[member]).await,
                Tried::Held => return all(&[member], &MemberEnd::Held),
                Tried::Aside => return self.stand_aside(work, &[member]).await,
            };
            let Some(recognition) = &work.recognition else {
                return match refused {
                    Some(refusal) => self.give_up_refused(work, &member, &refusal, false).await,
                    None => self.outcome_unknown(work, &[member]).await,
                };
            };
            let group = vec![member.clone()];
            match self.those_missing(work, recognition, group, wait).await {
                Err(members) => return all(&members, &MemberEnd::Held),
                Ok((ends, missing)) if missing.is_empty() => return ends,
                Ok(_) => looked = Instant::now(),
            }
            let refusal = match refused {
                Some(refusal) => refusal,
                None if unanswered >= SENDS => Refusal::unanswered(words::text!("no answer, and no row")),
                None => continue,
            };
            let refused = Refused {
                refusal: &refusal,
                first,
                last,
                times: refusal.times,
                unknown: false,
            };
            return self.give_up_alone(work, &member, refused).await;
        }
    }

    /// The answer shows the row, and so whose it is.
    async fn created_one(&self, work: &Work<'_>, member: &Member, row: RowId) -> Vec<Ended> {
        let is_ours = |recognition: &Recognition| text(&row.cells, &recognition.key_widget) == member.company;
        let change = match work.recognition.as_ref().is_none_or(is_ours) {
            true => Change::Landed(row.id),
            false => Change::Placed(row.id),
        };
        self.commit(work, vec![(member, change, MemberEnd::Landed)], false)
            .await
    }

    /// Sends until one send may have stored the row; `None` when that is not known, or it was refused for the moment, with
    /// the answer that says so.
    async fn send_once(
        &self,
        work: &Work<'_>,
        path: &str,
        member: &Member,
        looked: Instant,
    ) -> (Tried<Option<RowId>>, Option<Refusal>) {
        let left = AtomicBool::new(false);
        let may_send = || self.leaves(work, &left);
        let (client, options, may_send) = (&self.vendor.client, &self.settings.options, &may_send);
        let can_look = work.recognition.is_some();
        // `insist` repeats a send of unknown outcome; here the next try ends it instead.
        let sent = AtomicBool::new(false);
        let sent = &sent;
        let fresh = &FreshLook::since(looked);
        let answer = Mutex::new(None);
        let seen = &answer;
        let tried = self
            .vendor
            .write(
                work.request(Kind::Create, false, &left),
                Option::is_some,
                move || async move {
                    if sent.load(Ordering::Relaxed) {
                        return Reply::Ok(None);
                    }
                    if fresh.is_old() {
                        let alone = std::slice::from_ref(member);
                        let again = self.look_once_more(work, alone, fresh).await;
                        if !matches!(again, Again::Nobody) {
                            // The look behind this call settles it.
                            return Reply::Ok(None);
                        }
                    }
                    let reply = client
                        .create_one(path, &member.row, options, work.lane, may_send)
                        .await;
                    let in_doubt = match &reply {
                        Reply::Unknown(_) => true,
                        Reply::Refused(_) => can_look,
                        Reply::Ok(_) | Reply::Unsent(_) => false,
                    };
                    sent.store(in_doubt, Ordering::Relaxed);
                    if let Reply::Refused(refusal) = &reply {
                        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal.clone());
                    }
                    reply.map(Some)
                },
            )
            .await;
        (tried, answer.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}
