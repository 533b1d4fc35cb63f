//! Finding rows by key for the write path, and writing a whole batch, own or taken over.

use std::collections::HashMap;

use futures::StreamExt as _;
use pipeline::quota::Lane;
use pipeline::retry::Backoff;
use pipeline::telemetry::names;

use super::fate::{End, Ended, all};
use super::{Work, Writer};
use crate::failpoint;
use crate::jdy::lookup::{FoundRow, Recognition};
use crate::ledger::{Held, Kind, Member};
use crate::vendor::{Patience, Tried};

/// Updates and removals of one batch that are under way at once; the client's cap and the quotas decide in the end.
const SINGLES_AT_ONCE: usize = 8;

impl Writer {
    /// Writes the members of a batch: all creates, and beside them each update and removal.
    pub(crate) async fn write(&self, work: &Work<'_>, members: Vec<Member>) -> Vec<Ended> {
        let (creates, others): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| member.kind == Kind::Create);
        let singles = async {
            let calls = futures::stream::iter(others).map(|member| async move {
                match member.kind {
                    Kind::Remove => self.remove(work, member).await,
                    _ => self.update(work, member).await,
                }
            });
            calls.buffer_unordered(SINGLES_AT_ONCE).concat().await
        };
        let (mut fates, others) = futures::join!(self.create(work, creates), singles);
        fates.extend(others);
        fates
    }

    /// Takes over a batch that a dead loader, or an earlier life of this one's, left behind, and finishes it.
    /// `false` when it could not be finished now.
    pub(crate) async fn finish(&self, batch: &str, patience: Patience) -> bool {
        // Whoever is at it in this process finishes it.
        let Some(mut held) = self.registry.announce(batch) else {
            return true;
        };
        failpoint::hit("takeover-before").await;
        // Ours, and not live: it was put off when the stage paused.
        let taken = match self.ledger.take_over(batch, true).await {
            Ok(Some(taken)) => taken,
            Ok(None) => return true,
            Err(error) => return !matches!(self.ledger_failed(&error), End::Held),
        };
        held.granted(taken.fence, taken.time_ms);
        failpoint::hit("takeover-after").await;
        tracing::info!(
            batch,
            rows = taken.members.len(),
            "finishing a batch that was left behind"
        );
        metrics::counter!(names::LOADER_BATCHES_TAKEN_OVER).increment(1);
        let fates = self
            .write(&self.work(&held, patience, Lane::Live, false), taken.members)
            .await;
        !fates.iter().any(|(_, fate)| matches!(fate, End::Held))
    }

    pub(crate) fn work<'a>(&self, held: &'a Held, patience: Patience, lane: Lane, fresh: bool) -> Work<'a> {
        Work {
            held,
            patience,
            lane,
            fresh,
            recognition: self.index.recognition(),
        }
    }

    /// The rows of these members as the form shows them, by slot; `None` when it cannot be asked now.
    pub(crate) async fn find(
        &self,
        work: &Work<'_>,
        recognition: &Recognition,
        group: &[Member],
    ) -> Option<HashMap<u32, FoundRow>> {
        let companies: Vec<&str> = group.iter().map(|member| member.company.as_str()).collect();
        let (client, companies) = (&self.vendor.client, &companies);
        failpoint::hit("lookup-before").await;
        let tried = self
            .vendor
            .insist(None, &work.patience, move || {
                client.rows_of(recognition, companies)
            })
            .await;
        failpoint::hit("lookup-after").await;
        let Tried::Done(mut found, _) = tried else {
            return None;
        };
        let pick = |member: &Member| {
            let mut rows = found.remove(&member.company)?;
            // Of several rows the one that holds our content is ours; else the oldest.
            let own = rows.iter().position(|row| row.hash == member.hash).unwrap_or(0);
            Some((member.slot, rows.swap_remove(own)))
        };
        Some(group.iter().filter_map(pick).collect())
    }

    /// The same when the vendor says that all rows exist: waits until they can be seen. Without a key widget the ids
    /// stay unknown.
    pub(crate) async fn find_all(&self, work: &Work<'_>, group: &[Member]) -> Option<HashMap<u32, FoundRow>> {
        let Some(recognition) = &work.recognition else {
            return Some(HashMap::new());
        };
        let mut backoff = Backoff::default();
        loop {
            let found = self.find(work, recognition, group).await?;
            if found.len() == group.len() {
                return Some(found);
            }
            let missing = group.len() - found.len();
            tracing::warn!(
                missing,
                "rows that Jiandaoyun has confirmed cannot be seen in the form yet"
            );
            if !work
                .patience
                .sleep(backoff.next_delay(), &self.vendor.stopping)
                .await
            {
                return None;
            }
        }
    }

    /// The fate of everything when a lookup was not possible.
    pub(crate) fn put_off(group: &[Member]) -> Vec<Ended> {
        all(group, &End::Held)
    }
}
