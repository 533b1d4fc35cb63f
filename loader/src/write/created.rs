//! The answer to a `batch_create`, of which only that it came is believed: the form is asked by key which row is whose,
//! until the order of ids has shown that it can be relied on.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use pipeline::retry::Backoff;
use pipeline::telemetry::names;

use super::Writer;
use super::batch::Work;
use super::commit::{MemberEnd, all};
use super::find::{Looked, Rows, found_instead};
use super::groups::{Groups, History};
use super::named::{ByIds, Ids, in_their_places};
use crate::index::twins;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::jdy::types::BatchCreated;
use crate::ledger::{Change, Member};

/// What the form showed after an answer.
enum Shown {
    /// The row of every member that can be read.
    All(Looked, Rows),
    /// Some are not there although no call can land any more.
    Some(Looked, Rows),
    /// The form cannot be read now.
    Unknown,
}

impl Writer {
    /// Commits what the answer says, or has the form say it. `unknown`: an earlier try may have got through as well.
    pub(super) async fn created(
        &self,
        work: &Work<'_>,
        groups: &mut Groups,
        members: Vec<Member>,
        history: History,
        answer: &BatchCreated,
        unknown: bool,
    ) {
        let again = history.sent || unknown;
        if answer.success_count < members.len() {
            return self.fewer(work, groups, members, history).await;
        }
        let names_each = answer.names_each(members.len());
        let Some(recognition) = &work.recognition else {
            let ends = self.without_a_key(work, &members, answer, !again && names_each);
            return groups.done(ends.await);
        };
        let companies = || members.iter().map(|member| member.company.as_str());
        let slots = members.iter().map(|member| member.slot);
        let by_slot = slots.zip(answer.success_ids.iter().map(String::as_str));
        let ids: Ids<'_> = by_slot.filter(|_| !again && names_each).collect();
        if !ids.is_empty() && self.order.trusts(companies()) {
            return groups.done(self.commit(work, in_their_places(&members, &ids), false).await);
        }
        self.write_down(work, &ids).await;
        let named = (!again).then(|| answer.success_ids.iter().map(String::as_str).collect());
        let shown = self
            .shown(work, recognition, &members, (named.as_ref(), &ids))
            .await;
        let (Shown::All(looked, mut found) | Shown::Some(looked, mut found)) = shown else {
            return groups.done(all(&members, &MemberEnd::Held));
        };
        let members = self.unreadable(work, groups, members, &ids, &looked).await;
        if found.len() < members.len() && !ids.is_empty() {
            // Queries may show a row later than its id does.
            match self.by_their_ids(work, recognition, &members, &found, &ids).await {
                None => return groups.done(all(&members, &MemberEnd::Held)),
                Some(ByIds::Keyless) => {
                    return self.stored_without_a_key(work, groups, members, &ids).await;
                }
                Some(ByIds::Rows(rows)) => found.extend(rows),
            }
        }
        if found.len() < members.len() {
            self.confirmed_in_vain(members.len() - found.len()).await;
            let found = oldest(&members, looked.rows, found);
            return self.only_these(work, groups, members, history, &found).await;
        }
        if !again {
            self.compare(&members, &found, answer, &ids).await;
        }
        let ends = members.iter().filter_map(|member| {
            let id = found.get(&member.slot)?.id.clone();
            Some((member, Change::Landed(id), MemberEnd::Landed))
        });
        groups.done(self.commit(work, ends.collect(), again).await);
        self.note_twins(&members, &looked).await;
    }

    /// Keeps what the answer names until it is committed: looking may take long, and a row be one that no look shows.
    async fn write_down(&self, work: &Work<'_>, ids: &Ids<'_>) {
        if ids.is_empty() {
            return;
        }
        let rows = ids.iter().map(|(slot, id)| (*slot, *id));
        let live = work.live;
        if let Err(error) = self.ledger.name_rows(&live.batch, &live.fence, rows).await {
            // A hint; the commit says what is wrong.
            tracing::debug!(error = %error, "ids of new rows are not written down");
        }
    }

    /// Notes rows that share their key: the ledger knows only behind a commit which of several is kept.
    pub(super) async fn note_twins(&self, members: &[Member], looked: &Looked) {
        let mut several: Vec<(&str, &str)> = Vec::new();
        for member in members {
            let rows = looked
                .rows
                .get(&member.slot)
                .map(Vec::as_slice)
                .unwrap_or_default();
            several.extend(twins(&member.company, rows));
        }
        self.index.note_twins(&several).await;
    }

    /// Nobody can tell which row is whose, so the order is all there is; a resend does not even name the rows.
    async fn without_a_key(
        &self,
        work: &Work<'_>,
        members: &[Member],
        answer: &BatchCreated,
        in_order: bool,
    ) -> Vec<super::commit::Ended> {
        let id = |at: usize| answer.success_ids.get(at).filter(|_| in_order);
        let ends = members.iter().enumerate().map(|(at, member)| {
            let id = id(at).cloned().unwrap_or_default();
            (member, Change::Landed(id), MemberEnd::Landed)
        });
        self.commit(work, ends.collect(), false).await
    }

    /// A count below the rows that were sent: perhaps only the count is wrong.
    async fn fewer(&self, work: &Work<'_>, groups: &mut Groups, members: Vec<Member>, history: History) {
        let Some(recognition) = &work.recognition else {
            return self.incomplete(work, groups, members, history).await;
        };
        let Some(looked) = self.look(work, recognition, &members).await else {
            return groups.done(all(&members, &MemberEnd::Held));
        };
        let (members, ended) = self.without_unreadable(work, members, &looked).await;
        groups.done(ended);
        let found = ours(&members, &looked.rows, (None, &Ids::new()));
        if found.len() < members.len() {
            return self.incomplete(work, groups, members, history).await;
        }
        metrics::counter!(names::LOADER_ODD_ANSWERS).increment(1);
        tracing::warn!(
            rows = members.len(),
            "Jiandaoyun counts fewer rows than it has stored"
        );
        let ends = members
            .iter()
            .filter_map(|member| Some(found_instead(member, found.get(&member.slot)?)));
        groups.done(self.commit(work, ends.collect(), true).await);
    }

    /// Waits until the rows that the vendor has confirmed can be seen, but no longer than anything of ours can be late.
    async fn shown(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        members: &[Member],
        named: Named<'_>,
    ) -> Shown {
        let end = Instant::now() + self.lateness();
        let mut backoff = Backoff::default();
        loop {
            let Some(looked) = self.look(work, recognition, members).await else {
                return Shown::Unknown;
            };
            let found = ours(members, &looked.rows, named);
            let readable = members.len() - looked.unreadable.len();
            if found.len() >= readable {
                return Shown::All(looked, found);
            }
            if Instant::now() >= end {
                return Shown::Some(looked, found);
            }
            tracing::warn!(
                missing = readable - found.len(),
                "rows that Jiandaoyun has confirmed cannot be seen in the form yet"
            );
            if !work
                .patience
                .sleep(backoff.next_delay(), &self.vendor.stopping)
                .await
            {
                return Shown::Unknown;
            }
        }
    }

    /// Rows that the vendor has confirmed are not in the form, and not late: its word is not believed without a look any more,
    /// and what was believed is looked at.
    pub(super) async fn confirmed_in_vain(&self, rows: usize) {
        metrics::counter!(names::LOADER_ODD_ANSWERS).increment(1);
        let doubtful = self.order.looked(rows, false);
        tracing::warn!(
            rows,
            doubtful = doubtful.len(),
            "rows that Jiandaoyun has confirmed are not in the form; rows that were believed to be there are looked up"
        );
        let doubtful: Vec<&str> = doubtful.iter().map(String::as_str).collect();
        self.verify_soon(&doubtful).await;
    }

    /// Learns from an answer whether ids come in the order of the rows.
    async fn compare(&self, members: &[Member], found: &Rows, answer: &BatchCreated, ids: &Ids<'_>) {
        let lacks = |member: &Member| {
            let row = found.get(&member.slot);
            row.is_some_and(|row| row.content != member.hash && ids.values().any(|id| row.id == **id))
        };
        if members.iter().any(lacks) {
            self.form.suspect();
        }
        let is_named = |member: &Member| {
            let row = found.get(&member.slot);
            row.is_some_and(|row| ids.get(&member.slot).is_some_and(|id| row.id == **id))
        };
        let in_order = members.iter().all(is_named);
        if !in_order {
            metrics::counter!(names::LOADER_ODD_ANSWERS).increment(1);
            tracing::warn!(
                rows = members.len(),
                ids = answer.success_ids.len(),
                "Jiandaoyun names new rows in another order, or other rows, than were sent; they are looked up by key"
            );
        }
        let doubtful = self.order.looked(members.len(), in_order);
        let doubtful: Vec<&str> = doubtful.iter().map(String::as_str).collect();
        self.verify_soon(&doubtful).await;
    }
}

/// The ids that an answer names, unless it is that of a resend, and each in its place.
type Named<'a> = (Option<&'a HashSet<&'a str>>, &'a Ids<'a>);

/// The rows that are ours: named by the answer, best in their places, or with our content. A resend names none, and wrote over
/// what was there.
fn ours(members: &[Member], seen: &HashMap<u32, Vec<FoundRow>>, (named, ids): Named<'_>) -> Rows {
    let row = |member: &Member| {
        let rows = seen.get(&member.slot)?;
        let placed = ids.get(&member.slot);
        let placed = placed.and_then(|id| rows.iter().find(|row| row.id == **id));
        let is_named = || named.and_then(|ids| rows.iter().find(|row| ids.contains(row.id.as_str())));
        let own = || rows.iter().find(|row| row.hash() == member.hash);
        let any = || rows.first().filter(|_| named.is_none());
        let row = placed.or_else(is_named).or_else(own).or_else(any)?;
        Some((member.slot, row.clone()))
    };
    members.iter().filter_map(row).collect()
}

/// Rows with the key of a member that are not what we sent: somebody else's, of which there may not be a second one.
fn oldest(members: &[Member], mut seen: HashMap<u32, Vec<FoundRow>>, mut found: Rows) -> Rows {
    for member in members {
        let oldest = seen.remove(&member.slot).and_then(|rows| rows.into_iter().next());
        if let Some(oldest) = oldest {
            found.entry(member.slot).or_insert(oldest);
        }
    }
    found
}
