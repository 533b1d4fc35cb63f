//! Running a plan from its canary to its last outcome; every end but the last one can be resumed.

use super::{
    Plan,
    ahead::Ahead,
    busy::lease,
    canary::{self, Progress},
    end::End,
    failed,
    options::Options,
    pass::{Pass, PassEnd},
    state::State,
    sweep::sweep,
    window::Window,
};
use crate::{
    error::{Error, Result},
    lease::RenewedLease,
    when,
    workspace::Workspace,
};
use pipeline::cause::chain;
use std::time::{Duration, Instant};

/// What a message needs beyond its waits between attempts: the handling itself, and two more stages.
const MARGIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);
/// Between two passes others get their turn to browse.
const TURN: Duration = Duration::from_millis(300);

/// Runs a plan that has not been run, or goes on with one.
///
/// # Errors
/// When another replay of the stage is under way, the plan cannot be run, or the broker or Redis goes away; then the
/// plan is paused and nothing is lost.
pub async fn run(
    workspace: &Workspace,
    plan: Plan,
    options: &Options,
    view: &mut (dyn FnMut(&Plan) + Send),
) -> Result<Plan> {
    if !plan.belongs_to(workspace.stage) {
        return Err(Error::WrongStage {
            what: "plan",
            id: plan.id,
            of: plan.stage,
            here: workspace.stage,
        });
    }
    if plan.state.is_over() || plan.state == State::Making {
        let problem = words::tr!("plan {} is {}; make a new plan", plan.id, plan.state.told());
        return Err(Error::NotNow(problem));
    }
    let lease = lease(workspace, &plan).await?;
    if plan.repair.is_some() {
        workspace.rt.broker.declare_archive(workspace.stage).await?;
    }
    let mut runner = Runner {
        workspace,
        options,
        before: Progress { known: 0, failed: 0 },
        window: Window::from(Progress { known: 0, failed: 0 }),
        ahead: Ahead::default(),
        start: plan.sent,
        patience: patience(workspace, options),
        lease: &lease,
        plan,
    };
    let ended = runner.go(view).await;
    let (state, note) = match &ended {
        Ok((state, note)) => (*state, note.clone()),
        Err(error) => (State::Paused, chain(error)),
    };
    let plans = workspace.plans();
    // A plan that another operator has cancelled or paused stays so.
    let changed = plans
        .change(&runner.plan.id, state, &note, &[State::Running])
        .await;
    let id = runner.plan.id;
    lease.release().await;
    ended?;
    changed?;
    let plan = plans.load(&id).await?.ok_or_else(|| gone(&id))?;
    view(&plan);
    Ok(plan)
}

/// Redis has lost the plan, or its time has passed.
pub(super) fn gone(id: &str) -> Error {
    Error::NotFound {
        what: "plan",
        id: id.to_owned(),
        hint: words::text!("in Redis any more; its letters are where they were or on their way").to_owned(),
    }
}

fn patience(workspace: &Workspace, options: &Options) -> Duration {
    let ladder: Duration = workspace.rt.broker.retry().ladder().iter().sum();
    options.patience_ms.map_or(ladder + MARGIN, Duration::from_millis)
}

struct Runner<'a> {
    workspace: &'a Workspace,
    options: &'a Options,
    /// Outcomes when this run began: after a stop, a new canary is judged by its own.
    before: Progress,
    window: Window,
    ahead: Ahead,
    /// Letters sent when this run began.
    start: u64,
    patience: Duration,
    lease: &'a RenewedLease,
    plan: Plan,
}

impl Runner<'_> {
    /// The plan runs from now on, unless another operator has changed it.
    async fn begin(&mut self, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<()> {
        let plans = self.workspace.plans();
        let from = [
            State::Planned,
            State::Running,
            State::Paused,
            State::Stopped,
            State::Sent,
        ];
        let stopped = self.plan.state == State::Stopped;
        if plans.change(&self.plan.id, State::Running, "", &from).await? != Some(State::Running) {
            return Err(Error::NotNow(
                words::text!("another operator has changed the plan").to_owned(),
            ));
        }
        plans
            .write(
                &self.plan.id,
                &[("options", serde_json::to_string(self.options)?)],
            )
            .await?;
        self.refresh(view).await?;
        if stopped {
            self.before = Progress::of(&self.plan);
            self.window = Window::from(self.before);
        } else {
            // An interrupted canary goes on where it was.
            self.start = 0;
        }
        Ok(())
    }

    /// Pass after pass until the plan has come to an end.
    async fn go(&mut self, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<(State, String)> {
        self.begin(view).await?;
        loop {
            let until = canary::until(self.options, self.plan.sent, self.start);
            let mut pass = Pass {
                workspace: self.workspace,
                options: self.options,
                window: &mut self.window,
                ahead: &mut self.ahead,
                start: self.start,
                before: self.before,
                until,
                patience: self.patience,
                lease: self.lease,
            };
            let end = pass.go(&mut self.plan, view).await?;
            self.refresh(view).await?;
            if let Some(end) = self.after(end, view).await? {
                return Ok(end);
            }
            self.workspace.stop.sleep(TURN).await;
        }
    }

    /// What follows from the end of a pass; `None`: another pass.
    async fn after(
        &mut self,
        end: PassEnd,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> Result<Option<(State, String)>> {
        Ok(match end {
            PassEnd::TimeUp => None,
            PassEnd::Interrupted => Some(self.interrupted()),
            PassEnd::Changed(state) => Some((state, String::new())),
            PassEnd::Silence => self.silence(view).await?,
            PassEnd::TooManyFailed => Some(self.stopped().await),
            PassEnd::Exhausted if !self.options.wait => {
                self.missing(view).await?;
                Some((
                    State::Sent,
                    words::mark!("the outcomes are not waited for").to_owned(),
                ))
            }
            PassEnd::Portion | PassEnd::Exhausted => {
                if let Some(end) = self.outcomes(view).await? {
                    return Ok(Some(end));
                }
                if canary::must_stop(self.options, self.progress(), true) {
                    return Ok(Some(self.stopped().await));
                }
                if end == PassEnd::Portion {
                    return Ok(None);
                }
                self.missing(view).await?;
                Some((State::Complete, String::new()))
            }
        })
    }

    fn progress(&self) -> Progress {
        Progress::of(&self.plan).since(self.before)
    }

    async fn refresh(&mut self, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<()> {
        self.plan = self
            .workspace
            .plans()
            .load(&self.plan.id)
            .await?
            .ok_or_else(|| gone(&self.plan.id))?;
        view(&self.plan);
        Ok(())
    }

    /// Waits until every outcome of what was sent is known. `Some` when the run ends before that.
    async fn outcomes(&mut self, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<Option<(State, String)>> {
        let mut last_report = (Instant::now(), self.plan.known());
        while self.plan.under_way() > 0 {
            if !self.workspace.stop.sleep(POLL).await {
                return Ok(Some(self.interrupted()));
            }
            self.refresh(view).await?;
            if PassEnd::of(self.plan.state).is_some() {
                return Ok(Some((self.plan.state, String::new())));
            }
            if self.plan.known() > last_report.1 {
                last_report = (Instant::now(), self.plan.known());
            }
            if last_report.0.elapsed() > self.patience {
                if let Some(end) = self.silence(view).await? {
                    return Ok(Some(end));
                }
                last_report = (Instant::now(), self.plan.known());
            }
        }
        Ok(None)
    }

    /// No outcome for long: perhaps the broker dead-lettered them, which no consumer can report. `Some` when not.
    async fn silence(&mut self, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<Option<(State, String)>> {
        let found = sweep(self.workspace, &self.plan.id).await?;
        self.refresh(view).await?;
        if found > 0 {
            return Ok(None);
        }
        let note = words::kept!(
            "no outcome for {}: {} letters are under way; do the {} stage and those behind it run? `dead resume {}` goes on",
            when::span(self.patience),
            self.plan.under_way(),
            self.workspace.stage,
            self.plan.id
        );
        Ok(Some((State::Paused, note)))
    }

    /// Letters of the plan that are not in the queue any more: another operator has replayed or discarded them.
    async fn missing(&mut self, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<()> {
        let counted = self.plan.sent + self.plan.count([End::Refused]);
        let gone = self.plan.total.saturating_sub(counted);
        if gone > 0 {
            self.workspace.plans().gone(&self.plan.id, gone).await?;
            self.refresh(view).await?;
        }
        Ok(())
    }

    fn interrupted(&self) -> (State, String) {
        let note = words::kept!("interrupted; `dead resume {}` goes on", self.plan.id);
        (State::Paused, note)
    }

    /// Too many failed again: how many, an example with the vendor's words, and what can be done.
    async fn stopped(&self) -> (State, String) {
        let progress = self.progress();
        let example = failed::in_words(self.workspace, &self.plan).await;
        let note = words::kept!(
            "{} of {} failed again, more than {:.0} % of late; the others are still in the dead-letter queue. {example}; \
             `dead resume {}` tries again with a canary",
            progress.failed,
            progress.known,
            self.options.stop_at * 100.0,
            self.plan.id
        );
        (State::Stopped, note)
    }
}
