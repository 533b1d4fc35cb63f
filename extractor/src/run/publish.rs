//! From listed rows to confirmed refs: what is new, in which lane, and how far a backfill may run ahead.

use super::{Runner, Stop};
use crate::{
    okki::ListItem,
    state::{Phase, Run, RunKind},
    walk::Step,
};
use pipeline::{lease::Lease, message::Outgoing, sequence, stage::Stage};
use proto::v1::{self, CompanyRef};
use std::time::Duration;

impl Runner {
    pub(super) async fn publish(
        &self,
        kind: RunKind,
        run: &mut Run,
        step: Step,
        lease: &Lease,
    ) -> Result<(), Stop> {
        let Step {
            items,
            damaged,
            duplicates,
            cursor,
        } = step;
        for reason in &damaged {
            tracing::error!(run = run.id, reason, "listed row names no customer");
        }
        let seen = items.len() as u64;
        let items = if kind == RunKind::Live && !run.force {
            self.news(run.phase, items).await?
        } else {
            items
        };
        run.duplicates += duplicates + (seen - items.len() as u64);
        run.damaged += damaged.len() as u64;
        run.cursor = cursor.or(run.cursor);
        run.listed += items.len() as u64;
        if items.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = items.iter().map(|item| item.company_id.clone()).collect();
        self.state.expect(&run.id, &ids).await?;
        self.rt.account.list(&run.id, &ids).await?;
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let first = sequence::next(&self.rt.store, &self.rt.namespace, count).await?;
        let refs = items
            .iter()
            .zip(first..)
            .map(|(item, sequence)| Outgoing::to(Stage::Extract, &company_ref(kind, run, item, sequence)));
        let refs = refs.collect();
        if !lease.held() {
            return Err(Stop::Deposed);
        }
        self.rt.publisher.publish(refs).await?;
        if kind == RunKind::Live {
            let since = run.end - self.settings.margins.overlap.as_secs().cast_signed();
            self.state.remember(run.phase, &items, since).await?;
        }
        Ok(())
    }

    /// Drops what an earlier window has published in exactly this state; the overlap lists it again.
    async fn news(&self, phase: Phase, items: Vec<ListItem>) -> Result<Vec<ListItem>, Stop> {
        if items.is_empty() {
            return Ok(items);
        }
        let known = self.state.known(phase, &items).await?;
        let fresh = items
            .into_iter()
            .zip(known)
            .filter(|(item, known)| !known || item.update_time <= 0);
        Ok(fresh.map(|(item, _)| item).collect())
    }

    /// Lets a backfill list no further ahead of the detail fetchers than needed to keep them busy.
    pub(super) async fn stay_behind(&self, run: &Run, lease: &Lease) -> Result<(), Stop> {
        while self.state.pending(&run.id).await? >= self.settings.ahead {
            if !lease.held() {
                return Err(Stop::Deposed);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(())
    }
}

fn company_ref(kind: RunKind, run: &Run, item: &ListItem, sequence: u64) -> CompanyRef {
    let lane = if kind == RunKind::Live {
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
    }
}
