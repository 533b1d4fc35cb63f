//! From listed rows to confirmed refs: what is new, in which lane, and how far a backfill may run ahead.

use super::{Runner, Stop};
use crate::{
    look_back,
    okki::ListItem,
    pause::lock,
    state::{Kept, Phase, Run, RunKind},
    walk::{Step, day_start},
};
use pipeline::{events, lease::Lease, message::Outgoing, sequence, stage::Stage};
use proto::v1::{self, CompanyRef};
use std::{collections::HashSet, sync::atomic::Ordering, time::Duration};

/// Customers of a backfill that may at least be on their way to the form: what a loader writes in minutes.
const MOST_OPEN: u64 = 10_000;

impl Runner {
    /// Publishes what is new of a step.
    pub(crate) async fn publish(
        &self,
        kind: RunKind,
        run: &mut Run,
        step: Step,
        lease: &Lease,
    ) -> Result<(), Stop> {
        let Step {
            items,
            damaged,
            unread,
            strays,
            duplicates,
            cursor,
            now,
            ..
        } = step;
        let rows = items.len() as u64;
        let (items, seen) = shown(run, items);
        let dedupes = matches!(kind, RunKind::Live | RunKind::First | RunKind::LookBack) && !run.force;
        let items = if dedupes {
            self.news(run.phase, items).await?
        } else {
            items
        };
        let items = if kind == RunKind::LookBack {
            self.late(run, items).await?
        } else {
            items
        };
        let (items, timeless) = self.with_times(run.phase, items, now).await?;
        self.compare_with_events(kind, run, &items).await;
        run.duplicates += duplicates + (rows - items.len() as u64);
        run.damaged += damaged.len() as u64 + u64::from(unread.is_some());
        // A backfill comes in small portions, so that what waits is bounded whatever a page holds.
        let portion = match kind {
            RunKind::Live => items.len().max(1),
            _ => usize::try_from(self.settings.ahead).unwrap_or(usize::MAX).max(1),
        };
        for items in items.chunks(portion) {
            if kind != RunKind::Live {
                self.stay_behind(run, lease).await?;
            }
            self.publish_refs(kind, run, (items, &strays), lease).await?;
            if dedupes {
                let kept = self.kept(kind, run, items);
                self.state
                    .remember(run.phase, &timeless.known_as(items), kept)
                    .await?;
                self.state
                    .rest(&untimed(run.phase, items), self.longest_rest_ms())
                    .await?;
            }
        }
        run.listed += items.len() as u64;
        run.seen += seen;
        run.cursor = cursor.or(run.cursor);
        Ok(())
    }

    /// Which of these did no event announce?
    async fn compare_with_events(&self, kind: RunKind, run: &Run, items: &[ListItem]) {
        let Some(events) = self
            .events
            .as_ref()
            .filter(|_| kind == RunKind::Live && !run.force)
        else {
            return;
        };
        let listed = items
            .iter()
            .map(|item| (item.company_id.as_str(), item.update_time));
        if let Err(error) = events.listed(listed).await {
            tracing::debug!(
                error = pipeline::cause::logged(&error),
                "not compared with events"
            );
        }
    }

    async fn publish_refs(
        &self,
        kind: RunKind,
        run: &Run,
        (items, strays): (&[ListItem], &HashSet<String>),
        lease: &Lease,
    ) -> Result<(), Stop> {
        let ids: Vec<String> = items.iter().map(|item| item.company_id.clone()).collect();
        self.state.expect(&run.id, &ids).await?;
        self.rt.account.list(&run.id, &ids).await?;
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let first = sequence::next(&self.rt.store, &self.rt.namespace, count).await?;
        let refs = items.iter().zip(first..).map(|(item, sequence)| CompanyRef {
            // A time that cannot be believed does not say that the state is loaded.
            force: run.force || strays.contains(&item.company_id),
            ..company_ref(kind, run, item, sequence)
        });
        let refs: Vec<CompanyRef> = refs.collect();
        let messages = refs
            .iter()
            .map(|reference| Outgoing::to(Stage::Extract, reference));
        let messages = messages.collect();
        let events = refs.iter().map(events::listed).collect();
        if !lease.held() {
            return Err(Stop::Deposed);
        }
        let (published, ()) = tokio::join!(
            self.rt.publisher.publish(messages),
            self.rt.events.write(Stage::Extract, events)
        );
        Ok(published?)
    }

    /// Drops what an earlier window has published in exactly this state; the overlap lists it again.
    async fn news(&self, phase: Phase, items: Vec<ListItem>) -> Result<Vec<ListItem>, Stop> {
        if items.is_empty() {
            return Ok(items);
        }
        let known = self.state.known(phase, &items).await?;
        let timeless = items
            .iter()
            .zip(&known)
            .filter(|(item, known)| **known && item.update_time <= 0);
        let timeless: Vec<&str> = timeless.map(|(item, _)| item.company_id.as_str()).collect();
        if !timeless.is_empty() {
            let now = self.state.clocks().await?.latest();
            self.state.keep_known(&timeless, now).await?;
        }
        let fresh = items.into_iter().zip(known).filter(|(_, known)| !known);
        let fresh: Vec<ListItem> = fresh.map(|(item, _)| item).collect();
        let untimed = untimed(phase, &fresh);
        let resting = self.state.resting(&untimed, self.longest_rest_ms()).await?;
        let resting = untimed.iter().zip(resting).filter(|(_, rests)| *rests);
        let resting: HashSet<String> = resting.map(|(id, _)| (*id).to_owned()).collect();
        Ok(fresh
            .into_iter()
            .filter(|item| !resting.contains(&item.company_id))
            .collect())
    }

    /// Windows go on listing what has changed for as long as they overlap: whoever rests is listed again after it.
    fn longest_rest_ms(&self) -> i64 {
        i64::try_from(self.settings.margins.overlap.as_millis() / 4).unwrap_or(i64::MAX / 8)
    }

    /// From which update time on the next windows may list published states again: the overlap, what looks back reach, and when the listing
    /// honours no more than dates, as far back as it shows anything.
    fn kept(&self, kind: RunKind, run: &Run, items: &[ListItem]) -> Kept {
        let surely = run.end - self.settings.margins.overlap.as_secs().cast_signed();
        let since = surely - look_back::remembered().as_secs().cast_signed();
        let granule = *lock(&self.granule);
        let (since, surely) = (granule.cut(since), granule.cut(surely));
        if !self.coarse.load(Ordering::Relaxed) {
            return Kept { since, surely };
        }
        let oldest = items.iter().map(|item| item.update_time).min();
        let oldest = oldest.filter(|_| kind == RunKind::Live).unwrap_or(surely);
        Kept {
            since: day_start(since - 1).min(oldest),
            surely: day_start(surely - 1).min(oldest),
        }
    }

    /// Lets a backfill list no further ahead of the detail fetchers than needed to keep them busy.
    pub(super) async fn stay_behind(&self, run: &Run, lease: &Lease) -> Result<(), Stop> {
        loop {
            let most = self.settings.ahead.saturating_add(run.left_behind);
            let waits = self.state.pending(&run.id).await? >= most;
            // What is fetched waits behind the next stages: neither queues nor the account may grow with what is listed.
            if !waits && self.rt.account.balance(&run.id).await?.in_flight < self.most_open() {
                return Ok(());
            }
            if !lease.held() {
                return Err(Stop::Deposed);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Customers of a run that may be on their way to the form.
    fn most_open(&self) -> u64 {
        self.settings.ahead.saturating_mul(20).max(MOST_OPEN)
    }
}

/// How many of these the window has not shown before, and all of them; of a walk that is made again only those.
fn shown(run: &mut Run, mut items: Vec<ListItem>) -> (Vec<ListItem>, u64) {
    if !run.once || run.phase == Phase::Removed {
        let seen = items.len() as u64;
        return (items, seen);
    }
    let are_new: Vec<bool> = items.iter().map(|item| run.is_new(&item.company_id)).collect();
    let seen = are_new.iter().filter(|is_new| **is_new).count() as u64;
    if run.again > 0 {
        let mut are_new = are_new.into_iter();
        items.retain(|_| are_new.next().unwrap_or(true));
    }
    (items, seen)
}

fn company_ref(kind: RunKind, run: &Run, item: &ListItem, sequence: u64) -> CompanyRef {
    // What is late has waited enough. A look that tells nothing may find everybody who was not loaded for another reason.
    let is_late = run.look.as_ref().is_some_and(|look| look.told);
    let lane = if kind == RunKind::Live || is_late {
        v1::Lane::Live
    } else {
        v1::Lane::Backfill
    };
    CompanyRef {
        company_id: item.company_id.clone(),
        run_id: run.id.clone(),
        update_time: item.update_time,
        removed: run.phase == Phase::Removed,
        sequence,
        lane: lane.into(),
        force: run.force,
        hint: false,
    }
}

/// Customers whose state only their details say. Removals are in one state only.
fn untimed(phase: Phase, items: &[ListItem]) -> Vec<&str> {
    let items = items
        .iter()
        .filter(|item| phase == Phase::Changed && item.update_time <= 0);
    items.map(|item| item.company_id.as_str()).collect()
}
