//! Running a plan from its canary to its last outcome; every end but the last one can be resumed.

mod after;

use super::{
    Plan,
    ahead::Ahead,
    busy::lease,
    canary::{self, Progress},
    in_hand::give_back,
    options::Options,
    pass::Pass,
    state::State,
    window::Window,
};
use crate::{
    browse::guarded::GuardedBrowser,
    error::{Error, Result},
    lease::RenewedLease,
    workspace::Workspace,
};
use pipeline::cause::chain;
use std::time::Duration;

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
    run_in_hand(workspace, plan, None, options, view).await
}

/// The same with the letters that the making of the plan has left in hand ([`super::make::make_in_hand`]).
///
/// # Errors
/// As [`run`]; the letters return to their places in any case.
pub async fn run_in_hand(
    workspace: &Workspace,
    plan: Plan,
    mut in_hand: Option<GuardedBrowser>,
    options: &Options,
    view: &mut (dyn FnMut(&Plan) + Send),
) -> Result<Plan> {
    let ran = go(workspace, plan, &mut in_hand, options, view).await;
    give_back(in_hand).await;
    ran
}

async fn go(
    workspace: &Workspace,
    plan: Plan,
    in_hand: &mut Option<GuardedBrowser>,
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
        in_hand,
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
    /// For the first pass.
    in_hand: &'a mut Option<GuardedBrowser>,
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
            let end = pass.go(&mut self.plan, self.in_hand.take(), view).await?;
            self.refresh(view).await?;
            if let Some(end) = self.after(end, view).await? {
                return Ok(end);
            }
            self.workspace.stop.sleep(TURN).await;
        }
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
}
