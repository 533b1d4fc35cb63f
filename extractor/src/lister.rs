//! Lists one window as leader: freeze it, walk it, publish refs, move the checkpoint.
//!
//! Order is everything here. The window is written down before the first page, so that whoever comes after a crash
//! walks the same one. A batch counts as progress when the broker has confirmed its refs. The checkpoint moves with
//! the end of the run, in the same script. Every write is fenced, and nothing is published without looking at the
//! lease right before; a leader that slept past its lease can at most repeat a batch whose look had already passed,
//! and repeated refs are harmless.

use crate::{
    listing::{Batch, Listing, Walk, Window},
    okki::{Client, Error, ListItem, Page, PageRequest, time},
    state::{Job, Phase, Run, State},
    window::{Margins, checkpoint_after},
};
use pipeline::{
    broker::{Outgoing, PublishError},
    lease::Lease,
    quota::Lane,
    sequence,
    service::Runtime,
    stage::Stage,
    store,
};
use proto::v1::{self, CompanyRef};
use std::{sync::Arc, time::Duration};

/// How a listing is done, whoever does it.
#[derive(Debug, Clone)]
pub struct ListSettings {
    /// Overlap and settle delay.
    pub margins: Margins,
    /// Where the very first window begins; `None` lists everything.
    pub start: Option<i64>,
    /// Rows wanted a page.
    pub count: u32,
    /// Deleted customers are listed, too.
    pub removals: bool,
    /// Customers of a backfill that may wait for their details at a time, so that live changes overtake them.
    pub ahead: u64,
}

/// What a new run shall list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Since the checkpoint.
    SinceCheckpoint,
    /// This far back.
    Reach(Duration),
    /// Between two times.
    Between {
        /// First second.
        since: i64,
        /// Last second; `None` is up to now.
        until: Option<i64>,
    },
}

/// Why a run did not end; it stays where it is and is taken up again.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// OKKI.
    #[error(transparent)]
    Okki(#[from] Error),
    /// Redis.
    #[error("keep the state of the run")]
    Store(#[from] store::Error),
    /// The broker.
    #[error("publish refs")]
    Publish(#[from] PublishError),
    /// The lease ran out, or a newer leader has written.
    #[error("another replica leads")]
    Deposed,
    /// The process shall stop.
    #[error("shutdown")]
    Shutdown,
}

/// Lists windows.
pub struct Lister {
    rt: Runtime,
    client: Arc<Client>,
    state: State,
    settings: ListSettings,
}

/// The client as the walk sees it, in the lane of the job.
struct Vendor<'a>(&'a Client, Lane);

impl Listing for Vendor<'_> {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        self.0.page(self.1, &request).await
    }
}

impl Lister {
    /// Lists nothing yet.
    #[must_use]
    pub fn new(rt: Runtime, client: Arc<Client>, state: State, settings: ListSettings) -> Self {
        Self {
            rt,
            client,
            state,
            settings,
        }
    }

    /// Takes up the job's unfinished run, or begins one, and lists to its end or to the end of the lease.
    pub async fn list(&self, job: Job, span: Span, force: bool, lead: &Lease) -> Result<Run, Stop> {
        tokio::select! {
            listed = self.list_window(job, span, force, lead) => listed,
            () = lead.lost() => Err(Stop::Deposed),
            () = self.rt.shutdown.requested() => Err(Stop::Shutdown),
        }
    }

    async fn list_window(&self, job: Job, span: Span, force: bool, lead: &Lease) -> Result<Run, Stop> {
        let before = self.state.job(job).await?;
        let mut run = match before.run {
            Some(run) => {
                tracing::info!(
                    run = run.id,
                    job = job.name(),
                    from = run.leader,
                    cursor = run.cursor,
                    "run taken up"
                );
                Run {
                    leader: self.rt.instance.clone(),
                    ..run
                }
            }
            None => self.freeze(job, span, force, before.checkpoint).await?,
        };
        written(self.state.begin(job, lead.fence(), &run).await?)?;
        loop {
            self.walk(job, &mut run, lead).await?;
            if !run.next_phase() {
                break;
            }
        }
        run.finished_ms = Some(time::now_ms());
        let checkpoint = (job == Job::Live).then(|| checkpoint_after(before.checkpoint, run.window()));
        written(self.state.finish(job, lead.fence(), &run, checkpoint).await?)?;
        if run.listed == 0 {
            tracing::debug!(
                run = run.id,
                job = job.name(),
                end = time::format(run.end),
                "nothing new in the window"
            );
            return Ok(run);
        }
        tracing::info!(
            run = run.id,
            job = job.name(),
            start = run.start.map(time::format),
            end = time::format(run.end),
            listed = run.listed,
            duplicates = run.duplicates,
            damaged = run.damaged,
            "window listed"
        );
        Ok(run)
    }

    /// One call tells the vendor's clock and how much there is; the window ends in its past.
    async fn freeze(&self, job: Job, span: Span, force: bool, checkpoint: Option<i64>) -> Result<Run, Stop> {
        let margins = self.settings.margins;
        let window_at = |now| match span {
            Span::SinceCheckpoint => margins.live(checkpoint, self.settings.start, now),
            Span::Reach(reach) => margins.remedy(reach, now),
            Span::Between { since, until } => margins.backfill(since, until, now),
        };
        let ours = time::now();
        let Window { start, end } = window_at(ours);
        let end = matches!(span, Span::Between { until: Some(_), .. }).then_some(end);
        let request = PageRequest {
            start,
            end,
            page: 1,
            count: 1,
            removed: false,
        };
        self.client.check_group().await?;
        let first = self.client.page(lane(job), &request).await?;
        let window = window_at(first.now.unwrap_or(ours));
        let removals = self.settings.removals;
        // Nothing since the start means nothing in the window, which lies within.
        let is_empty = first.total == Some(0) && first.rows() == 0;
        Ok(Run {
            id: format!("{}-{}", job.name(), uuid::Uuid::new_v4().simple()),
            start: window.start,
            end: window.end,
            phase: Phase::Changed,
            cursor: is_empty.then_some(window.end + 1),
            removals,
            force,
            listed: 0,
            duplicates: 0,
            damaged: 0,
            expected: first.total,
            started_ms: time::now_ms(),
            finished_ms: None,
            leader: self.rt.instance.clone(),
        })
    }

    async fn walk(&self, job: Job, run: &mut Run, lead: &Lease) -> Result<(), Stop> {
        let removed = run.phase == Phase::Removed;
        let mut walk = Walk::new(run.window(), run.cursor, self.settings.count, removed);
        while let Some(batch) = walk.next(&Vendor(&self.client, lane(job))).await? {
            if job != Job::Live {
                self.stay_behind(run, lead).await?;
            }
            self.publish(job, run, batch, lead).await?;
            written(self.state.progress(job, lead.fence(), run).await?)?;
        }
        Ok(())
    }

    async fn publish(&self, job: Job, run: &mut Run, batch: Batch, lead: &Lease) -> Result<(), Stop> {
        let Batch {
            items,
            damaged,
            duplicates,
            cursor,
        } = batch;
        for reason in &damaged {
            tracing::error!(run = run.id, reason, "listed row names no customer");
        }
        let seen = items.len() as u64;
        let items = if job == Job::Live && !run.force {
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
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let first = sequence::next(&self.rt.store, &self.rt.namespace, count).await?;
        let refs = items
            .iter()
            .zip(first..)
            .map(|(item, sequence)| Outgoing::to(Stage::Extract, &company_ref(job, run, item, sequence)));
        let refs = refs.collect();
        if !lead.held() {
            return Err(Stop::Deposed);
        }
        self.rt.publisher.publish(refs).await?;
        if job == Job::Live {
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
    async fn stay_behind(&self, run: &Run, lead: &Lease) -> Result<(), Stop> {
        while self.state.pending(&run.id).await? >= self.settings.ahead {
            if !lead.held() {
                return Err(Stop::Deposed);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(())
    }
}

fn company_ref(job: Job, run: &Run, item: &ListItem, sequence: u64) -> CompanyRef {
    let lane = if job == Job::Live {
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

const fn lane(job: Job) -> Lane {
    match job {
        Job::Live => Lane::Live,
        Job::Remedy | Job::Backfill => Lane::Backfill,
    }
}

/// A refused fence means that a newer leader has written.
fn written(accepted: bool) -> Result<(), Stop> {
    if accepted { Ok(()) } else { Err(Stop::Deposed) }
}
