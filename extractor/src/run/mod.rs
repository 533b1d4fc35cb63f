//! One run as leader: freeze the window, walk it, publish refs, move the checkpoint.
//!
//! Order is everything here. The window is written down before the first page, so that the leader after a crash
//! walks the same one. A step counts as progress when the broker has confirmed its refs. The checkpoint moves with
//! the end of the run, in the same script. Every write is fenced, and nothing is published without reading
//! the lease right before; a leader that slept past its lease can at most repeat a step for which it still held it, and
//! repeated refs are harmless.

mod again;
mod beyond;
mod clock;
mod doubtful;
mod first;
mod freeze;
mod groups;
mod late;
mod lost;
mod missing;
mod nobody;
mod parts;
mod publish;
mod report;
mod short;
mod stop;
mod timeless;
mod vendor;

use crate::{
    brake::Brake,
    deleted,
    granule::Granule,
    hooks::Memory,
    look_back::LookBack,
    okki::{Client, PageRequest, time},
    state::{KindState, Phase, Run, RunKind, State},
    walk::Walk,
    window::{Margins, checkpoint_after},
};
use pipeline::{lease::Lease, quota::Lane, service::Runtime};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64},
    },
    time::{Duration, Instant},
};
pub(crate) use stop::Stop;
use stop::{check, written};

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
    /// When to look back for what the listing showed late; `None`: never.
    pub look_back: Option<LookBack>,
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
    /// What live windows have passed over.
    LookBack(LookBack),
    /// Between two times.
    Between {
        /// First second.
        since: i64,
        /// Last second; `None` is up to now.
        until: Option<i64>,
    },
}

impl Span {
    /// It ends before now.
    const fn is_past(self) -> bool {
        matches!(self, Self::Between { until: Some(_), .. } | Self::LookBack(_))
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
    /// What times of the listing are cut to.
    granule: Mutex<Granule>,
    /// By so many customers the listing's totals were too large at most.
    overstated: AtomicU64,
    /// When somebody was looked for last whom a first load has not been shown.
    looked: Mutex<Option<(Instant, Duration)>>,
    /// When it was last seen that the listing shows somebody at all, and for how long that is good.
    control: Mutex<Option<(Instant, Duration)>>,
    /// When it was last asked who lies beyond all windows, and for how long that is good.
    looked_beyond: Mutex<Option<(Instant, Duration)>>,
    /// The same of each of several groups.
    looked_at_groups: Mutex<Option<(Instant, Duration)>>,
    /// It shows nobody.
    sees_nobody: AtomicBool,
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
            granule: Mutex::default(),
            overstated: AtomicU64::default(),
            looked: Mutex::default(),
            control: Mutex::default(),
            looked_beyond: Mutex::default(),
            looked_at_groups: Mutex::default(),
            sees_nobody: AtomicBool::default(),
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
            Some(mut run) => {
                tracing::info!(
                    run = run.id,
                    job = kind.name(),
                    from = run.leader,
                    cursor = run.cursor,
                    "run taken up"
                );
                let left_behind = self.state.pending(&run.id).await?;
                if run.again > 0 && run.phase == Phase::Changed {
                    // What the process before was shown is not known here, and counts that add up would hide who was not.
                    run.count_anew();
                    (run.part, run.cursor) = (0, None);
                }
                Run {
                    leader: self.rt.instance.clone(),
                    left_behind,
                    ..run
                }
            }
            None => self.freeze(kind, span, force, &before).await?,
        };
        let begun = self
            .state
            .begin(kind, lease.fence(), &run, before.checkpoint)
            .await?;
        written(begun)?;
        loop {
            self.walk(kind, &mut run, lease).await?;
            if self.begins_again(kind, &mut run).await? {
                continue;
            }
            if !run.next_listing(self.client.source().parts()) {
                break;
            }
        }
        run.shown.clear();
        self.list_beyond((kind, span), &mut run, lease).await?;
        self.keep_hidden_groups(kind, &run).await?;
        run.finished_ms = Some(self.state.now_ms().await?);
        if kind == RunKind::Live && before.checkpoint.is_none() {
            self.state.want(RunKind::First).await?;
        }
        let moves = matches!(kind, RunKind::First | RunKind::Live);
        let after = moves.then(|| checkpoint_after(before.checkpoint, run.window(), run.apart));
        let checkpoints = (before.checkpoint, after);
        // Only this leader moves it. Gone, Redis was emptied meanwhile, and with it perhaps an unfinished first load: nothing
        // is written then, and the next run finds no checkpoint and asks for one.
        written(self.state.finish(kind, lease.fence(), &run, checkpoints).await?)?;
        if kind == RunKind::Live {
            self.somebody_is_seen(&before).await?;
        }
        self.report(kind, &run);
        Ok(run)
    }

    /// A window that ends in the future was frozen by a wrong clock: customers still enter it, and its end would become
    /// the checkpoint. A first load under another filter is not what its end would say.
    fn is_sound(&self, kind: RunKind, run: &Run, state: &KindState) -> bool {
        if state.clocks().is_future(run.end.saturating_sub(run.apart)) {
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

    async fn walk(&self, kind: RunKind, run: &mut Run, lease: &Lease) -> Result<(), Stop> {
        let removed = run.phase == Phase::Removed;
        if self.leave_to_kept(kind, run).await? {
            return Ok(());
        }
        let walk = Walk::new(run.window(), run.cursor, self.settings.count, removed);
        let mut walk = walk.believing(!run.once);
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
            if !removed {
                self.learn_granule(&step.items).await?;
            }
            self.keep_damaged(run, &step).await?;
            self.publish(kind, run, step, lease).await?;
            written(self.state.progress(kind, lease.fence(), run).await?)?;
        }
    }
}

const fn lane(kind: RunKind) -> Lane {
    match kind {
        RunKind::Live => Lane::Live,
        _ => Lane::Backfill,
    }
}
