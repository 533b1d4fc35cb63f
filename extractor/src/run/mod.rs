//! One run as leader: freeze the window, walk it, publish refs, move the checkpoint.
//!
//! Order is everything here. The window is written down before the first page, so that the leader after a crash
//! walks the same one. A step counts as progress when the broker has confirmed its refs. The checkpoint moves with
//! the end of the run, in the same script. Every write is fenced, and nothing is published without reading
//! the lease right before; a leader that slept past its lease can at most repeat a step for which it still held it, and
//! repeated refs are harmless.

mod again;
mod freeze;
mod lost;
mod missing;
mod parts;
mod publish;
mod report;
mod vendor;

use crate::{
    brake::Brake,
    deleted,
    hooks::Memory,
    okki::{Client, Error, PageRequest, time},
    share,
    state::{KindState, Phase, Run, RunKind, State},
    walk::Walk,
    window::{Margins, checkpoint_after},
};
use pipeline::{broker::PublishError, lease::Lease, quota::Lane, service::Runtime, store};
use std::{
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::{Duration, Instant},
};
use vendor::Vendor;

/// What holds for every run.
#[derive(Debug, Clone)]
pub(crate) struct RunSettings {
    /// Overlap and settle delay.
    pub margins: Margins,
    /// Where the first load begins; `None` lists everything.
    pub start: Option<i64>,
    /// Rows wanted a page.
    pub count: u32,
    /// What decides which customers are listed.
    pub filter: String,
    /// Deleted customers are listed, too.
    pub removals: bool,
    /// Customers of a backfill that may wait for their details at a time, so that live changes overtake them.
    pub ahead: u64,
    /// A listed customer that has left every queue without any disposition is asked for again after this time.
    pub ask_again_after: Duration,
    /// How deep later queues may be.
    pub brake: Brake,
}

/// What a new run lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Span {
    /// Since the checkpoint.
    SinceCheckpoint,
    /// What the first live window leaves out, or the same once more.
    First,
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
    /// OKKI shows other parts of the listing.
    #[error("{}", words::tr!("OKKI lists others, but not {part}"))]
    Part {
        /// Which group, or deleted customers.
        part: String,
        /// What it answers.
        #[source]
        source: Error,
    },
    /// Redis.
    #[error("{}", words::tr!("keep the state of the run"))]
    Store(#[from] store::Error),
    /// The broker.
    #[error("{}", words::tr!("publish refs"))]
    Publish(#[from] PublishError),
    /// Nobody knows from where on to list.
    #[error("{}", words::tr!("the checkpoint {} lies in the future; set it with `extractor checkpoint set TIME --reason WHY`",
        time::format(*.0)))]
    FutureCheckpoint(i64),
    /// The lease ran out, or a newer leader has written.
    #[error("{}", words::tr!("another replica leads"))]
    Deposed,
    /// The process is asked to stop.
    #[error("shutdown")]
    Shutdown,
    /// An operator wants the stage to rest.
    #[error("{}", words::tr!("an operator lets the stage rest"))]
    Rests,
}

impl Stop {
    /// How long to wait before the run is taken up, beyond what grows by itself.
    pub(crate) fn rest(&self) -> Duration {
        match self {
            Self::Okki(error) => share::rest(error),
            _ => Duration::ZERO,
        }
    }
}

/// Makes runs, and publishes what a command has found.
pub(crate) struct Runner {
    rt: Runtime,
    client: Arc<Client>,
    state: State,
    settings: RunSettings,
    /// When this process last asked for customers without a message; what it asked for needs time to arrive.
    asked: Mutex<Option<Instant>>,
    /// The page, and its part, that could not be read last.
    asked_last: Mutex<Option<(PageRequest, usize)>>,
    /// The listing has shown rows outside of the bounds that it was asked for.
    coarse: AtomicBool,
    /// Events are listened for, so that the listing can say which of them were lost.
    events: Option<Memory>,
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
            asked_last: Mutex::default(),
            coarse: AtomicBool::default(),
            events: None,
        }
    }

    /// Counts changes that no event announced.
    #[must_use]
    pub(crate) fn beside_events(self, memory: Memory) -> Self {
        Self {
            events: Some(memory),
            ..self
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
            () = self.rt.gate.rests() => Err(Stop::Rests),
        }
    }

    async fn list_window(&self, kind: RunKind, span: Span, force: bool, lease: &Lease) -> Result<Run, Stop> {
        self.forget_asked();
        let mut before = self.state.standing(kind).await?;
        check(&before)?;
        let mut run = match before.run.take().filter(|run| self.is_sound(kind, run, &before)) {
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
                    left_behind: self.state.pending(&run.id).await?,
                    ..run
                }
            }
            None => self.freeze(kind, span, force, &before).await?,
        };
        written(self.state.begin(kind, lease.fence(), &run).await?)?;
        loop {
            self.walk(kind, &mut run, lease).await?;
            if !run.next_listing(self.client.source().parts()) {
                break;
            }
        }
        self.count_again(kind, &mut run).await;
        let after = self.state.standing(kind).await?;
        run.finished_ms = Some(after.redis_ms);
        if kind == RunKind::Live && before.checkpoint.is_none() {
            self.state.want(RunKind::First).await?;
        }
        // Only this leader moves it. Gone, Redis was emptied meanwhile, and with it perhaps an unfinished first load: the
        // next run finds no checkpoint and asks for one.
        let is_kept = after.checkpoint == before.checkpoint;
        let moves = kind == RunKind::First || (kind == RunKind::Live && is_kept);
        let checkpoint = moves.then(|| checkpoint_after(before.checkpoint, run.window()));
        written(self.state.finish(kind, lease.fence(), &run, checkpoint).await?)?;
        self.report(kind, &run);
        Ok(run)
    }

    /// A window that ends in the future was frozen by a wrong clock: customers still enter it, and its end would become
    /// the checkpoint. A first load under another filter is not what its end would say.
    fn is_sound(&self, kind: RunKind, run: &Run, state: &KindState) -> bool {
        if state.clocks().is_future(run.end) {
            tracing::error!(
                run = run.id,
                job = kind.name(),
                end = time::format(run.end),
                "unfinished run dropped, its window ends in the future"
            );
            return false;
        }
        let is_same = run
            .filter
            .as_ref()
            .is_none_or(|filter| *filter == self.settings.filter);
        if kind == RunKind::First && !is_same {
            tracing::info!(run = run.id, "first load begins anew, the filter has changed");
            return false;
        }
        true
    }

    /// The client in the lane of the kind, for one part of the listing.
    fn vendor(&self, kind: RunKind, part: usize) -> Vendor<'_> {
        Vendor {
            runner: self,
            lane: lane(kind),
            part,
        }
    }

    async fn walk(&self, kind: RunKind, run: &mut Run, lease: &Lease) -> Result<(), Stop> {
        let removed = run.phase == Phase::Removed;
        if self.leave_to_kept(kind, run).await? {
            return Ok(());
        }
        let mut walk = Walk::new(run.window(), run.cursor, self.settings.count, removed);
        loop {
            let vendor = self.vendor(kind, run.part);
            let mut step = match walk.next(&vendor).await {
                Ok(Some(step)) => step,
                Ok(None) => return Ok(()),
                Err(error) => return self.part_failed(kind, run, error).await,
            };
            self.settings.brake.wait(&self.rt, lease).await?;
            if removed && let Err(error) = deleted::compare(&mut step, &vendor, self.settings.count).await {
                return self.part_failed(kind, run, error).await;
            }
            self.note_coarse(walk.is_coarse());
            self.keep_damaged(run, &step).await?;
            self.publish(kind, run, step, lease).await?;
            written(self.state.progress(kind, lease.fence(), run).await?)?;
        }
    }
}

const fn lane(kind: RunKind) -> Lane {
    match kind {
        RunKind::Live => Lane::Live,
        RunKind::Remedy | RunKind::Backfill | RunKind::First | RunKind::Refresh => Lane::Backfill,
    }
}

fn check(state: &KindState) -> Result<(), Stop> {
    match state.checkpoint.filter(|_| state.is_ahead()) {
        Some(checkpoint) => Err(Stop::FutureCheckpoint(checkpoint)),
        None => Ok(()),
    }
}

/// A refused fence means that a newer leader has written.
fn written(accepted: bool) -> Result<(), Stop> {
    if accepted { Ok(()) } else { Err(Stop::Deposed) }
}
