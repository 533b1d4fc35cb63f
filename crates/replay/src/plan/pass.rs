//! One walk through the queue that puts a plan's letters back: publish, confirm, write down, remove.
//!
//! A letter that is written down as sent has been confirmed, so a later walk only removes it; one that was published
//! and not written down is published again, which the versions make harmless. What is not in the plan stays held until
//! the walk ends, so that it keeps its place.

use super::{
    Plan, State,
    canary::{self, Tally},
    options::Options,
};

use crate::{archive, browse::Taken, plan::REFUSED, workspace::Workspace};
use anyhow::{Context, bail};
use pipeline::failure::outcome;
use pipeline::message::Outgoing;
use std::time::{Duration, Instant};

/// Letters published and confirmed together.
const CHUNK: usize = 200;
/// A walk ends after this time so that others can look meanwhile; the broker takes letters back after 30 minutes.
const LONGEST: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(50);

/// Why a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
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
    /// Somebody cancelled the plan.
    Cancelled,
    /// No outcome for too long.
    Silence,
}

/// What a walk needs to know.
pub(super) struct Walk<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) options: &'a Options,
    /// Outcomes when this run began.
    pub(super) before: Tally,
    /// Letters that may have been sent at the end of the walk.
    pub(super) until: Option<u64>,
    pub(super) patience: Duration,
    /// Whether this process still holds the replay's lease.
    pub(super) ours: &'a (dyn Fn() -> bool + Sync),
}

impl Walk<'_> {
    pub(super) fn tally(&self, plan: &Plan) -> Tally {
        let known = plan.known() - plan.count(&["refused", "gone"]);
        Tally {
            known: known.saturating_sub(self.before.known),
            failed: plan.failed().saturating_sub(self.before.failed),
        }
    }

    pub(super) async fn go(
        &self,
        plan: &mut Plan,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> anyhow::Result<End> {
        let mut look = self.workspace.look(&format!("replay {}", plan.id)).await?;
        let end = self.through(&mut look, plan, view).await;
        // Whatever happened: what is held returns in order, and removals are seen by the broker first.
        let closed = look.close().await;
        let end = end?;
        closed?;
        Ok(end)
    }

    async fn through(
        &self,
        look: &mut crate::workspace::Guarded,
        plan: &mut Plan,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> anyhow::Result<End> {
        let time_up = Instant::now() + LONGEST;
        let mut pace = Instant::now();
        let size = self
            .options
            .rate
            .map_or(CHUNK, |rate| (rate as usize / 5).clamp(1, CHUNK));
        loop {
            let mut chunk = Vec::with_capacity(size);
            while chunk.len() < size {
                let Some(held) = look.next().await? else { break };
                chunk.push(held);
            }
            if chunk.is_empty() {
                return Ok(End::Exhausted);
            }
            let mut fresh = self.unsent(plan, chunk).await?;
            while !fresh.is_empty() {
                if let Some(end) = self.wait_for_room(plan, time_up, &mut pace, view).await? {
                    return Ok(end);
                }
                let room = self.room(plan).min(fresh.len());
                let rest = fresh.split_off(room);
                pace += self.options.rate.map_or(Duration::ZERO, |rate| {
                    Duration::from_secs_f64(room as f64 / f64::from(rate))
                });
                self.send(plan, fresh).await?;
                look.flush().await?;
                if self.refresh(plan, view).await? == State::Cancelled {
                    return Ok(End::Cancelled);
                }
                fresh = rest;
            }
            if self.until.is_some_and(|until| plan.sent >= until) {
                return Ok(End::Portion);
            }
            if self.workspace.rt.shutdown.is_requested() {
                return Ok(End::Interrupted);
            }
        }
    }

    /// Of a chunk, the letters that have to be sent; those that were sent already are removed.
    async fn unsent(&self, plan: &Plan, chunk: Vec<Taken>) -> anyhow::Result<Vec<Taken>> {
        let digits: Vec<_> = chunk.iter().map(|held| held.letter.digits().to_owned()).collect();
        let states = self.workspace.plans().letters(&plan.id, &digits).await?;
        let mut fresh = Vec::with_capacity(chunk.len());
        for (held, state) in chunk.into_iter().zip(states) {
            match state.as_deref() {
                Some("") => fresh.push(held),
                Some(REFUSED) | None => {}
                Some(_) => {
                    held.remove().await;
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

    /// Waits until a letter may be sent: the rate, the window, the portion. `Some` when the walk has to end.
    async fn wait_for_room(
        &self,
        plan: &mut Plan,
        time_up: Instant,
        pace: &mut Instant,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> anyhow::Result<Option<End>> {
        let mut heard = (Instant::now(), plan.known());
        *pace = (*pace).max(Instant::now() - Duration::from_secs(1));
        loop {
            if !(self.ours)() {
                bail!("another replay took over; `dead plans` tells what has been sent");
            }
            let end = match () {
                () if self.workspace.rt.shutdown.is_requested() => Some(End::Interrupted),
                () if canary::must_stop(self.options, self.tally(plan), false) => Some(End::TooManyFailed),
                () if self.until.is_some_and(|until| plan.sent >= until) => Some(End::Portion),
                () if Instant::now() > time_up => Some(End::TimeUp),
                () if heard.0.elapsed() > self.patience => Some(End::Silence),
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
            self.workspace.rt.shutdown.sleep(wait).await;
            if self.refresh(plan, view).await? == State::Cancelled {
                return Ok(Some(End::Cancelled));
            }
            if plan.known() > heard.1 {
                heard = (Instant::now(), plan.known());
            }
        }
    }

    async fn refresh(&self, plan: &mut Plan, view: &mut (dyn FnMut(&Plan) + Send)) -> anyhow::Result<State> {
        *plan = self
            .workspace
            .plans()
            .load(&plan.id)
            .await?
            .context("the plan is gone from Redis")?;
        view(plan);
        Ok(plan.state)
    }

    async fn send(&self, plan: &Plan, letters: Vec<Taken>) -> anyhow::Result<()> {
        let mut messages: Vec<Outgoing> = Vec::with_capacity(letters.len());
        let mut leaving = Vec::with_capacity(letters.len());
        for held in letters {
            let letter = &held.letter;
            let mark = outcome::mark(&plan.id, letter.digits());
            match &plan.repair {
                None => messages.push(letter.back(&mark)),
                Some(repair) => match repair.apply(letter, &mark) {
                    Ok(repaired) => {
                        messages.push(repaired);
                        messages.push(archive::original(self.workspace, letter, &plan.id, &plan.reason));
                    }
                    Err(problem) => {
                        tracing::warn!(letter = letter.record.id, %problem, "left as it is");
                        self.workspace.plans().refuse(&plan.id, letter.digits()).await?;
                        continue;
                    }
                },
            }
            leaving.push(held);
        }
        self.workspace
            .rt
            .publisher
            .publish(messages)
            .await
            .context("put letters back")?;
        let digits: Vec<_> = leaving
            .iter()
            .map(|held| held.letter.digits().to_owned())
            .collect();
        if !digits.is_empty() {
            self.workspace.plans().sent(&plan.id, &digits).await?;
        }
        for held in leaving {
            held.remove().await;
        }
        Ok(())
    }
}
