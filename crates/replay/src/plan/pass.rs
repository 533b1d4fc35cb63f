//! One pass through the queue that puts a plan's letters back: note, publish, confirm, write down, remove.
//!
//! A letter that is written down as sent has been confirmed, so a later look only removes it; one that was published
//! and not written down is published again: versions make that harmless for the form, and two copies that die make one
//! letter. What is not in the plan stays out of the queue until the pass ends, so that it keeps its place.

use super::{
    Plan,
    canary::{self, Progress},
    end::{End, LetterState},
    options::Options,
    rate::Rate,
    run::gone,
    state::State,
    window::Window,
};

use crate::{
    account, archive,
    browse::{browser::Taken, guarded::GuardedBrowser},
    error::{Error, Result},
    lease::RenewedLease,
    repair::kept::KeptSnapshots,
    transit::Leaving,
    workspace::Workspace,
};
use pipeline::failure::outcome;
use pipeline::message::Outgoing;
use std::time::{Duration, Instant};

/// Letters published and confirmed together.
const CHUNK: usize = 200;
/// A pass ends after this time so that others can browse meanwhile; the broker takes letters back after 30 minutes.
const LONGEST: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(50);

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
    /// Letters that may have been sent at the end of the pass.
    pub(super) until: Option<u64>,
    pub(super) patience: Duration,
    pub(super) lease: &'a RenewedLease,
}

impl Pass<'_> {
    pub(super) async fn go(
        &mut self,
        plan: &mut Plan,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> Result<PassEnd> {
        let mut browser = self.workspace.browse(&words::kept!("replay {}", plan.id)).await?;
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
            let mut chunk = Vec::with_capacity(size);
            while chunk.len() < size {
                let Some(taken) = browser.next().await? else { break };
                chunk.push(taken);
            }
            if chunk.is_empty() {
                return Ok(PassEnd::Exhausted);
            }
            let mut fresh = self.unsent(plan, chunk).await?;
            while !fresh.is_empty() {
                if let Some(end) = self.wait_for_room(plan, time_up, &mut pace, view).await? {
                    return Ok(end);
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
            if self.until.is_some_and(|until| plan.sent >= until) {
                return Ok(PassEnd::Portion);
            }
            if self.workspace.stop.is_requested() {
                return Ok(PassEnd::Interrupted);
            }
        }
    }

    /// Of a chunk, the letters that have to be sent; those that were sent already are removed.
    async fn unsent(&self, plan: &Plan, chunk: Vec<Taken>) -> Result<Vec<Taken>> {
        let digits: Vec<_> = chunk.iter().map(|taken| taken.letter.key()).collect();
        let states = self.workspace.plans().letters(&plan.id, &digits).await?;
        let mut fresh = Vec::with_capacity(chunk.len());
        for (taken, state) in chunk.into_iter().zip(states) {
            match state {
                Some(LetterState::Unsent) => fresh.push(taken),
                None | Some(LetterState::Ended(End::Refused, _)) => {}
                Some(LetterState::Sent | LetterState::Ended(..)) => {
                    taken.remove().await;
                }
            }
        }
        Ok(fresh)
    }

    /// Letters that may be sent now.
    fn room(&self, plan: &Plan) -> usize {
        let portion = self
            .until
            .map_or(u64::MAX, |until| until.saturating_sub(plan.sent));
        let window = if self.options.wait {
            self.options.window.saturating_sub(plan.under_way())
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

    async fn refresh(&self, plan: &mut Plan, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<State> {
        *plan = self
            .workspace
            .plans()
            .load(&plan.id)
            .await?
            .ok_or_else(|| gone(&plan.id))?;
        view(plan);
        Ok(plan.state)
    }

    async fn send(&self, plan: &Plan, letters: Vec<Taken>, browser: &GuardedBrowser) -> Result<()> {
        let mut messages: Vec<Outgoing> = Vec::with_capacity(letters.len());
        let mut leaving = Vec::with_capacity(letters.len());
        let kept = match &plan.repair {
            Some(repair) => {
                repair
                    .kept(&self.workspace.rt, letters.iter().map(|taken| &taken.letter))
                    .await?
            }
            None => KeptSnapshots::default(),
        };
        for taken in letters {
            let letter = &taken.letter;
            let tag = outcome::replay_tag(&plan.id, &letter.key());
            match &plan.repair {
                None => messages.push(letter.back(&tag)),
                Some(repair) => match repair.apply(letter, &tag, &kept) {
                    Ok(repaired) => {
                        messages.push(repaired);
                        messages.push(archive::original(self.workspace, letter, &plan.id, &plan.reason));
                    }
                    Err(problem) => {
                        tracing::warn!(letter = letter.record.id, %problem, "left as it is");
                        self.workspace.plans().refuse(&plan.id, &letter.key()).await?;
                        continue;
                    }
                },
            }
            leaving.push(taken);
        }
        if leaving.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = leaving.iter().map(|taken| taken.letter.key()).collect();
        let rt = &self.workspace.rt;
        let noted = Leaving::new(&rt.store, &rt.namespace, self.workspace.stage, false);
        noted.intend(&plan.id, &keys).await?;
        rt.publisher.publish(messages).await?;
        let records = leaving.iter().map(|taken| &taken.letter.record);
        let what = account::put_back(plan);
        account::tell(self.workspace, self.workspace.stage, what, records, &plan.id).await;
        self.workspace.plans().sent(&plan.id, &keys).await?;
        for taken in leaving {
            taken.remove().await;
        }
        browser.flush().await?;
        noted.forget(&keys).await
    }
}
