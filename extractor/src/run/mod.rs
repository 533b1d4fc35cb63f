//! One run as leader: freeze the window, walk it, publish refs, move the checkpoint.
//!
//! Order is everything here. The window is written down before the first page, so that the leader after a crash
//! walks the same one. A step counts as progress when the broker has confirmed its refs. The checkpoint moves with
//! the end of the run, in the same script. Every write is fenced, and nothing is published without reading
//! the lease right before; a leader that slept past its lease can at most repeat a step for which it still held it, and
//! repeated refs are harmless.

mod lost;
mod missing;
mod publish;

use crate::{
    okki::{Client, Error, Page, PageRequest, time},
    state::{Phase, Run, RunKind, State},
    walk::{Pages, Walk},
    window::{Margins, Window, checkpoint_after},
};
use pipeline::{broker::PublishError, lease::Lease, quota::Lane, service::Runtime, store};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// What holds for every run.
#[derive(Debug, Clone)]
pub(crate) struct RunSettings {
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
    /// A listed customer that has left every queue without any disposition is asked for again after this time.
    pub ask_again_after: Duration,
}

/// What a new run lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
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
pub(crate) enum Stop {
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
    /// The process is asked to stop.
    #[error("shutdown")]
    Shutdown,
}

pub(crate) struct Runner {
    rt: Runtime,
    client: Arc<Client>,
    state: State,
    settings: RunSettings,
    /// When this process last asked for customers without a message; what it asked for needs time to arrive.
    asked: Mutex<Option<Instant>>,
}

/// The client as the walk sees it, in the lane of the kind.
struct Vendor<'a>(&'a Client, Lane);

impl Pages for Vendor<'_> {
    async fn page(&self, request: PageRequest) -> Result<Page, Error> {
        self.0.page(self.1, &request).await
    }
}

impl Runner {
    /// Has made no run yet.
    #[must_use]
    pub(crate) fn new(rt: Runtime, client: Arc<Client>, state: State, settings: RunSettings) -> Self {
        Self {
            rt,
            client,
            state,
            settings,
            asked: Mutex::default(),
        }
    }

    /// Takes up the unfinished run of this kind, or begins one, and lists to its end or to the end of the lease.
    pub(crate) async fn run(
        &self,
        kind: RunKind,
        span: Span,
        force: bool,
        lease: &Lease,
    ) -> Result<Run, Stop> {
        tokio::select! {
            listed = self.list_window(kind, span, force, lease) => listed,
            () = lease.lost() => Err(Stop::Deposed),
            () = self.rt.shutdown.requested() => Err(Stop::Shutdown),
        }
    }

    async fn list_window(&self, kind: RunKind, span: Span, force: bool, lease: &Lease) -> Result<Run, Stop> {
        let before = self.state.standing(kind).await?;
        let mut run = match before.run {
            Some(run) => {
                tracing::info!(
                    run = run.id,
                    job = kind.name(),
                    from = run.leader,
                    cursor = run.cursor,
                    "run taken up"
                );
                Run {
                    leader: self.rt.instance.clone(),
                    ..run
                }
            }
            None => self.freeze(kind, span, force, before.checkpoint).await?,
        };
        written(self.state.begin(kind, lease.fence(), &run).await?)?;
        loop {
            self.walk(kind, &mut run, lease).await?;
            if !run.next_phase() {
                break;
            }
        }
        run.finished_ms = Some(time::now_ms());
        let checkpoint = (kind == RunKind::Live).then(|| checkpoint_after(before.checkpoint, run.window()));
        written(self.state.finish(kind, lease.fence(), &run, checkpoint).await?)?;
        if run.listed == 0 {
            tracing::debug!(
                run = run.id,
                job = kind.name(),
                end = time::format(run.end),
                "nothing new in the window"
            );
            return Ok(run);
        }
        tracing::info!(
            run = run.id,
            job = kind.name(),
            start = run.start.map(time::format),
            end = time::format(run.end),
            listed = run.listed,
            duplicates = run.duplicates,
            damaged = run.damaged,
            "window listed"
        );
        Ok(run)
    }

    /// One call asks for the vendor's clock and how much there is; the window ends in its past.
    async fn freeze(
        &self,
        kind: RunKind,
        span: Span,
        force: bool,
        checkpoint: Option<i64>,
    ) -> Result<Run, Stop> {
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
        let first = self.client.page(lane(kind), &request).await?;
        let window = window_at(first.now.unwrap_or(ours));
        let removals = self.settings.removals;
        // Nothing since the start means nothing in the window, which lies within.
        let is_empty = first.total == Some(0) && first.rows() == 0;
        Ok(Run {
            id: format!("{}-{}", kind.name(), uuid::Uuid::new_v4().simple()),
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

    async fn walk(&self, kind: RunKind, run: &mut Run, lease: &Lease) -> Result<(), Stop> {
        let removed = run.phase == Phase::Removed;
        let mut walk = Walk::new(run.window(), run.cursor, self.settings.count, removed);
        while let Some(step) = walk.next(&Vendor(&self.client, lane(kind))).await? {
            if kind != RunKind::Live {
                self.stay_behind(run, lease).await?;
            }
            self.publish(kind, run, step, lease).await?;
            written(self.state.progress(kind, lease.fence(), run).await?)?;
        }
        Ok(())
    }
}

const fn lane(kind: RunKind) -> Lane {
    match kind {
        RunKind::Live => Lane::Live,
        RunKind::Remedy | RunKind::Backfill => Lane::Backfill,
    }
}

/// A refused fence means that a newer leader has written.
fn written(accepted: bool) -> Result<(), Stop> {
    if accepted { Ok(()) } else { Err(Stop::Deposed) }
}
