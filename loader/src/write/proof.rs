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
    /// Of members whose ids were taken by their place: those that may be sent, with row ids that are known to be theirs; the
    /// others have ended.
    pub(super) async fn prove(&self, work: &Work<'_>, members: Vec<Member>) -> (Vec<Member>, Vec<Ended>) {
        let (mut unproven, mut proven) = (members, Vec::new());
        let Some(recognition) = work.recognition.as_ref().filter(|_| !unproven.is_empty()) else {
            // Without a key widget nobody can tell, and the place is all there is.
            return (unproven.into_iter().map(with_its_id).collect(), Vec::new());
        };
        let mut ended = Vec::new();
        for last in [false, true] {
            let Some(looked) = self.look(work, recognition, &unproven).await else {
                return (proven, held(ended, &unproven));
            };
            let (readable, dead) = self.without_unreadable(work, unproven, &looked).await;
            (unproven, ended) = (readable, [ended, dead].concat());
            let mut unseen = Vec::new();
            for member in unproven {
                let rows = looked
                    .rows
                    .get(&member.slot)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
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
        let Touched {
            theirs,
            gone,
            young,
            unknown,
        } = self.touched(work, recognition, unproven).await;
        proven.extend(theirs);
        ended.extend(self.put_off(work, &young, &Change::PutOff).await);
        for member in gone {
            ended.extend(self.row_is_gone(work, &member).await);
        }
        let ended = held(ended, &unknown);
        (proven, ended)
    }

    /// Rows that no key shows: people may have touched their key cells since they were made. The row under the id is the
    /// member's when its cell holds no other customer's key and it has the content that was written, or when ids have
    /// never come in another order. One that nobody shows is not gone (I2): lists and queries by id may be behind for as long
    /// as a call may be late. After that the call is sent, and its answer says whether there is such a row.
    async fn touched(&self, work: &Work<'_>, recognition: &Recognition, members: Vec<Member>) -> Touched {
        let mut sorted = Touched::default();
        if members.is_empty() {
            return sorted;
        }
        let companies: Vec<&str> = members.iter().map(|member| member.company.as_str()).collect();
        let ids = members.iter().map(|member| member.unproven().unwrap_or_default());
        let rows: Vec<(&str, &str)> = companies.iter().copied().zip(ids).collect();
        let Ok(known) = self.ledger.known_rows(&companies).await else {
            sorted.unknown = members;
            return sorted;
        };
        let Some(mut shown) = self.rows_shown(recognition, &rows, true, &work.patience).await else {
            sorted.unknown = members;
            return sorted;
        };
        for (member, known) in members.into_iter().zip(known) {
            let known = known.unwrap_or_default();
            let is_young = self.is_young(work, known.written_ms);
            let row = shown.found.remove(&member.company);
            let row = row.and_then(|rows| rows.into_iter().next());
            let written = known.hash.unwrap_or_default();
            let unreadable = &mut shown.unreadable.iter();
            match row {
                Some(row)
                    if member.unproven() != Some(&row.id)
                        || row.content == written
                        || !self.order.is_broken() =>
                {
                    let row_id = row.id;
                    sorted.theirs.push(Member { row_id, ..member });
                }
                None if unreadable.any(|(company, _)| *company == member.company) => {
                    sorted.unknown.push(member);
                }
                _ if is_young => sorted.young.push(member),
                None if !self.order.is_broken() => {
                    let member = with_its_id(member);
                    match self.whole_row(&member.row_id, &work.patience).await {
                        Some(Ok(None)) => sorted.theirs.push(member),
                        // It is another customer's.
                        Some(Ok(Some(_))) => sorted.gone.push(member),
                        None | Some(Err(_)) => sorted.unknown.push(member),
                    }
                }
                _ => sorted.gone.push(member),
            }
        }
        sorted
    }

    /// Whether a row may still be missing from queries that was written at this time of Redis' clock.
    pub(super) fn is_young(&self, work: &Work<'_>, written_ms: Option<i64>) -> bool {
        let age = written_ms.map(|written| work.live.now_ms().saturating_sub(written));
        age.is_some_and(|age| {
            i128::from(age) < i128::try_from(self.lateness().as_millis()).unwrap_or(i128::MAX)
        })
    }

    /// Frees rows to which nothing can be sent safely yet; their records come again after a while.
    pub(super) async fn put_off(&self, work: &Work<'_>, members: &[Member], change: &Change) -> Vec<Ended> {
        if members.is_empty() {
            return Vec::new();
        }
        tracing::info!(
            rows = members.len(),
            "rows that were written a moment ago cannot be seen in the form yet, or are shown although they are gone; \
             their records wait"
        );
        let ends = members
            .iter()
            .map(|member| (member, change.clone(), MemberEnd::Aside));
        self.commit(work, ends.collect(), false).await
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
#[derive(Default)]
struct Touched {
    /// Members with the ids of their rows.
    theirs: Vec<Member>,
    /// Their rows are not there.
    gone: Vec<Member>,
    /// Their rows may be there and not be shown yet.
    young: Vec<Member>,
    /// Their rows cannot be read now.
    unknown: Vec<Member>,
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
