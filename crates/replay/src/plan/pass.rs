//! One pass through the queue that puts a plan's letters back: note, publish, confirm, write down, remove.
//!
//! A letter that is written down as sent has been confirmed, so a later look only removes it; one that was published
//! and not written down is published again: versions make that harmless for the form, and two copies that die make one
//! letter. What is not in the plan stays out of the queue until the pass ends, so that it keeps its place.

use super::{
    Plan,
    ahead::Ahead,
    canary::{self, Progress},
    end::End,
    options::Options,
    rate::Rate,
    run::gone,
    sending::{self, CHUNK},
    state::State,
    window::Window,
};

use crate::{
    browse::guarded::GuardedBrowser,
    error::{Error, Result},
    lease::RenewedLease,
    workspace::Workspace,
};
use std::time::{Duration, Instant};

/// A pass ends after this time so that others can browse meanwhile; the broker takes letters back after 30 minutes.
const LONGEST: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(20);
/// The outcomes of a canary are waited for so long with the letters in hand; then others may browse.
const CANARY_HELD: Duration = Duration::from_secs(2);

/// Why a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PassEnd {
    /// Every letter that was there has been seen.
    Exhausted,
    /// As many as were allowed have been sent.
    Portion,
    /// Time for others.
    TimeUp,
    /// The operator wants to stop.
    Interrupted,
    /// Too many failed again.
    TooManyFailed,
    /// Another operator has cancelled or paused the plan.
    Changed(State),
    /// No outcome for too long.
    Silence,
}

impl PassEnd {
    /// What follows from the state in which another operator has put the plan.
    pub(super) fn of(state: State) -> Option<Self> {
        matches!(state, State::Cancelled | State::Paused).then_some(Self::Changed(state))
    }
}

/// What a pass needs to know.
pub(super) struct Pass<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) options: &'a Options,
    /// The last outcomes of this run.
    pub(super) window: &'a mut Window,
    /// How fast outcomes have come in this run.
    pub(super) ahead: &'a mut Ahead,
    /// Letters that had been sent when this run of the plan began.
    pub(super) start: u64,
    /// How this run had gone when it began.
    pub(super) before: Progress,
    /// Letters that may have been sent before their outcomes are known.
    pub(super) until: Option<u64>,
    pub(super) patience: Duration,
    pub(super) lease: &'a RenewedLease,
}

impl Pass<'_> {
    pub(super) async fn go(
        &mut self,
        plan: &mut Plan,
        in_hand: Option<GuardedBrowser>,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> Result<PassEnd> {
        let mut browser = match in_hand {
            Some(browser) => browser,
            None => self.workspace.browse(&words::kept!("replay {}", plan.id)).await?,
        };
        let end = self.through(&mut browser, plan, view).await;
        // Whatever happened: what was taken returns in order, and removals are seen by the broker first.
        let closed = browser.close().await;
        let end = end?;
        closed?;
        Ok(end)
    }

    async fn through(
        &mut self,
        browser: &mut GuardedBrowser,
        plan: &mut Plan,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> Result<PassEnd> {
        let time_up = Instant::now() + LONGEST;
        let mut pace = Instant::now();
        let size = self.options.rate.map_or(CHUNK, |rate| rate.portion(CHUNK));
        loop {
            // Leftovers of killed moves may lie anywhere; else nothing is looked for behind the plan's last letter.
            if self.left(plan) == 0 && !browser.expects_leftovers() {
                return Ok(PassEnd::Exhausted);
            }
            // While nothing is held that has to return, no letter behind the plan's last one is taken, so that the rest of
            // the queue stays where it is.
            let left = if browser.expects_leftovers() {
                u64::MAX
            } else {
                self.left(plan)
            };
            browser.want(left);
            let size = match browser.held() {
                0 => size.min(usize::try_from(left).unwrap_or(size)).max(1),
                _ => size,
            };
            let chunk = sending::chunk(browser, size).await?;
            if chunk.is_empty() {
                return Ok(PassEnd::Exhausted);
            }
            let mut fresh = self.unsent(plan, chunk).await?;
            while !fresh.is_empty() {
                match self.wait_for_room(plan, time_up, &mut pace, view).await? {
                    None => {}
                    Some(PassEnd::Portion) => match self.next_portion(plan, time_up, view).await? {
                        None => continue,
                        Some(end) => return Ok(end),
                    },
                    Some(end) => return Ok(end),
                }
                let room = self.room(plan).min(fresh.len());
                let rest = fresh.split_off(room);
                let takes = |rate: Rate| rate.time_for(room as u64);
                pace += self.options.rate.map_or(Duration::ZERO, takes);
                self.send(plan, fresh, browser).await?;
                if let Some(end) = PassEnd::of(self.refresh(plan, view).await?) {
                    return Ok(end);
                }
                fresh = rest;
            }
            if self.until.is_some_and(|until| plan.sent >= until)
                && let Some(end) = self.next_portion(plan, time_up, view).await?
            {
                return Ok(end);
            }
            if self.workspace.stop.is_requested() {
                return Ok(PassEnd::Interrupted);
            }
        }
    }

    /// Letters that may be sent now.
    fn room(&self, plan: &Plan) -> usize {
        let portion = self
            .until
            .map_or(u64::MAX, |until| until.saturating_sub(plan.sent));
        let window = if self.options.wait {
            self.ahead.window(self.options).saturating_sub(plan.under_way())
        } else {
            u64::MAX
        };
        usize::try_from(portion.min(window)).unwrap_or(usize::MAX)
    }

    /// Waits until a letter may be sent: the rate, the window, the portion. `Some` when the pass has to end.
    async fn wait_for_room(
        &mut self,
        plan: &mut Plan,
        time_up: Instant,
        pace: &mut Instant,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> Result<Option<PassEnd>> {
        let mut last_report = (Instant::now(), plan.known());
        *pace = (*pace).max(Instant::now() - Duration::from_secs(1));
        loop {
            if !self.lease.held() {
                return Err(Error::Overtaken);
            }
            let end = match () {
                () if self.workspace.stop.is_requested() => Some(PassEnd::Interrupted),
                () if canary::must_stop(self.options, self.window.advance(Progress::of(plan)), false) => {
                    Some(PassEnd::TooManyFailed)
                }
                () if self.until.is_some_and(|until| plan.sent >= until) => Some(PassEnd::Portion),
                () if Instant::now() > time_up => Some(PassEnd::TimeUp),
                () if last_report.0.elapsed() > self.patience => Some(PassEnd::Silence),
                () => None,
            };
            let due = Instant::now() >= *pace;
            if end.is_some() || (due && self.room(plan) > 0) {
                return Ok(end);
            }
            let wait = if due {
                POLL
            } else {
                pace.saturating_duration_since(Instant::now()).min(POLL)
            };
            self.workspace.stop.sleep(wait).await;
            if let Some(end) = PassEnd::of(self.refresh(plan, view).await?) {
                return Ok(Some(end));
            }
            if plan.known() > last_report.1 {
                last_report = (Instant::now(), plan.known());
            }
        }
    }

    /// Waits for the outcomes of a canary's portion with the letters in hand: returning and taking them again costs seconds
    /// where there are many. `None` when the next portion may go; else the pass ends, and what follows is decided after it.
    async fn next_portion(
        &mut self,
        plan: &mut Plan,
        time_up: Instant,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> Result<Option<PassEnd>> {
        let enough = time_up.min(Instant::now() + CANARY_HELD);
        while plan.under_way() > 0 {
            if !self.lease.held() {
                return Err(Error::Overtaken);
            }
            if Instant::now() > enough || !self.workspace.stop.sleep(POLL).await {
                return Ok(Some(PassEnd::Portion));
            }
            if let Some(end) = PassEnd::of(self.refresh(plan, view).await?) {
                return Ok(Some(end));
            }
        }
        if canary::must_stop(self.options, Progress::of(plan).since(self.before), true) {
            return Ok(Some(PassEnd::Portion));
        }
        self.until = canary::until(self.options, plan.sent, self.start);
        Ok(None)
    }

    /// Letters of the plan that have been neither sent nor refused.
    fn left(&self, plan: &Plan) -> u64 {
        plan.total.saturating_sub(plan.sent + plan.count([End::Refused]))
    }

    async fn refresh(&mut self, plan: &mut Plan, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<State> {
        *plan = self
            .workspace
            .plans()
            .load(&plan.id)
            .await?
            .ok_or_else(|| gone(&plan.id))?;
        self.ahead.saw(Instant::now(), plan.known());
        view(plan);
        Ok(plan.state)
    }
}
