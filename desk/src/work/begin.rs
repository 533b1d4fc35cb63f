//! Beginning what takes time: each on a thread of its own, for what visits letters is no future that may change its thread.

use super::{Claim, Made, Making};
use crate::{
    auth::Role,
    server::{App, Ask, Failure, reason as checked},
    views::{self, plans::stage_of},
};
use pipeline::{cause::chain, shutdown::Shutdown, stage::Stage};
use replay::{
    archive,
    browse::Filter,
    error::Error,
    plan::{
        Plan, State, change, make as making,
        options::{Canary, Options},
        recorded, summary,
    },
    repair::{Repair, preview::preview},
    workspace::Workspace,
};
use std::time::Duration;
use tokio::{runtime::Handle, time::timeout};

/// A page waits so long for what it has begun, and is shown as it is then.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Examples of a repair.
const SAMPLES: usize = 5;

/// The operator's workspace. What is begun in it does not end with this process's grace but with the process: what a killed
/// one leaves is adopted, what one has paused would wait for somebody.
pub(super) fn detached(app: &App, stage: Stage, ask: &Ask) -> Workspace {
    let mut workspace = app.workspace(stage, &ask.principal.name);
    workspace.stop = Shutdown::manual(app.common.drain_deadline);
    workspace
}

/// Whoever decides something may do so, and says why.
pub(super) fn decided(ask: &Ask, reason: &str) -> Result<String, Failure> {
    ask.allow(Role::Operator)?;
    checked(reason)
}

pub(super) async fn begun(work: impl AsyncFnOnce() + Send + 'static) {
    drop(timeout(PATIENCE, aside(work)).await);
}

/// What comes of work on a thread of its own, which goes on when nobody waits for it any more.
///
/// # Errors
/// When it panics.
pub(super) async fn aside<T: Send + 'static>(
    work: impl AsyncFnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let runtime = Handle::current();
    let task = tokio::task::spawn_blocking(move || runtime.block_on(work()));
    task.await.map_err(|error| {
        tracing::error!(%error, "work on letters has ended");
        Failure::Letters(Error::Interrupted(words::mark!("nothing was moved")))
    })
}

/// Begins to make a plan, and says its id.
pub(crate) async fn make(
    app: &App,
    ask: &Ask,
    stage: Stage,
    filter: Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
) -> Result<String, Failure> {
    let reason = decided(ask, reason)?;
    let id = making::id();
    let (app, workspace) = (app.clone(), detached(app, stage, ask));
    let own = id.clone();
    app.work.make(&id, Making::Looking { seen: 0 });
    let work = async move || {
        let made = whole(&app, &workspace, &own, &filter, &reason, repair, options).await;
        let making = match made {
            Ok(Some(made)) => Making::Made(Box::new(made)),
            Ok(None) => Making::Nothing,
            Err(error) => Making::Failed {
                why: words::english(|| chain(&error)),
            },
        };
        app.work.make(&own, making);
    };
    begun(work).await;
    Ok(id)
}

async fn whole(
    app: &App,
    workspace: &Workspace,
    id: &str,
    filter: &Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
) -> Result<Option<Made>, Error> {
    let samples = match &repair {
        Some(repair) => Some(serde_json::to_value(
            preview(workspace, filter, repair, SAMPLES, false).await?,
        )?),
        None => None,
    };
    let seen = |seen| app.work.make(id, Making::Looking { seen });
    let made = making::make_as(workspace, id.to_owned(), filter, reason, repair, options, seen).await?;
    let Some(preview) = made else { return Ok(None) };
    summary::note(workspace, "plan", &preview.plan).await?;
    Ok(Some(Made::of(preview, samples)))
}

/// Begins to run a plan, or goes on with it; with `canary` as it was made, else all at once.
///
/// # Errors
/// When it is over, is being made, or runs already.
pub(crate) async fn run(app: &App, ask: &Ask, id: &str, canary: bool) -> Result<(), Failure> {
    ask.allow(Role::Operator)?;
    let (stage, plan) = stage_of(app, ask, id).await?;
    let is_new = plan.state == State::Planned;
    let stands = plan.state.is_over() || matches!(plan.state, State::Making | State::Running);
    let claimed = if stands { None } else { app.work.claim(id) };
    let Some(claimed) = claimed else {
        let state = if stands { plan.state } else { State::Running };
        return Err(Failure::Letters(Error::NotNow(words::kept!(
            "plan {} is {} already",
            plan.id,
            state.name()
        ))));
    };
    let mut options = plan.options.clone();
    if is_new && !canary {
        options.canary = Canary(Vec::new());
    }
    let action = if is_new { "replay" } else { "resume" };
    let (app, workspace) = (app.clone(), detached(app, stage, ask));
    let (sender, mut receiver) = tokio::sync::oneshot::channel();
    begun(async move || {
        let id = plan.id.clone();
        let ended = ran(&app, &workspace, claimed, action, plan, &options).await;
        app.work.ended(&id, &ended);
        // Nothing has begun: whoever is still there is told at once.
        if let Err(error @ Error::Busy { .. }) = ended {
            drop(sender.send(error));
        }
    })
    .await;
    match receiver.try_recv() {
        Ok(busy) => Err(Failure::Letters(busy)),
        Err(_) => Ok(()),
    }
}

/// Runs a plan to its end.
///
/// # Errors
/// What keeps it from that.
pub(super) async fn ran(
    app: &App,
    workspace: &Workspace,
    _claimed: Claim,
    action: &str,
    plan: Plan,
    options: &Options,
) -> Result<(), Error> {
    app.work.note(&plan.id, None);
    recorded::run(workspace, action, plan, options, &mut |_| {})
        .await
        .map(drop)
}

/// Lets a running plan rest.
///
/// # Errors
/// When it does not run.
pub(crate) async fn pause(app: &App, ask: &Ask, id: &str, reason: &str) -> Result<Plan, Failure> {
    let why = decided(ask, reason)?;
    let (stage, _) = stage_of(app, ask, id).await?;
    Ok(change::pause(&app.workspace(stage, &ask.principal.name), id, &why).await?)
}

/// Ends a plan; what it has not replayed stays where it is.
///
/// # Errors
/// When it is over.
pub(crate) async fn cancel(app: &App, ask: &Ask, id: &str, reason: &str) -> Result<Plan, Failure> {
    let why = decided(ask, reason)?;
    let (stage, _) = stage_of(app, ask, id).await?;
    Ok(change::cancel(&app.workspace(stage, &ask.principal.name), id, &why).await?)
}

/// Begins to put letters away.
pub(crate) async fn discard(
    app: &App,
    ask: &Ask,
    stage: Stage,
    filter: Filter,
    reason: &str,
) -> Result<(), Failure> {
    let reason = decided(ask, reason)?;
    let workspace = detached(app, stage, ask);
    operation(app, async move || {
        archive::discard(&workspace, &filter, &reason, archive::KEEP, |_| {})
            .await
            .map(drop)
    })
    .await
}

/// Begins to take back what an operation has done.
pub(crate) async fn undo(app: &App, ask: &Ask, id: &str, reason: &str) -> Result<(), Failure> {
    let reason = decided(ask, reason)?;
    let (stage, _) = views::plans::operation(app, ask, id).await?;
    let (workspace, id) = (detached(app, stage, ask), id.to_owned());
    operation(app, async move || {
        archive::undo(&workspace, &id, &reason, |_| {}).await.map(drop)
    })
    .await
}

/// Says what went wrong at once; what takes longer is found among the operations.
pub(super) async fn operation(
    app: &App,
    work: impl AsyncFnOnce() -> Result<(), Error> + Send + 'static,
) -> Result<(), Failure> {
    let (sender, mut receiver) = tokio::sync::oneshot::channel();
    app.work.note("operations", None);
    let own = app.clone();
    begun(async move || {
        let ended = work().await;
        if let Err(Err(error)) = sender.send(ended) {
            let error = words::english(|| chain(&error));
            own.work.note("operations", Some(error));
        }
    })
    .await;
    match receiver.try_recv() {
        Ok(ended) => Ok(ended?),
        // It goes on.
        Err(_) => Ok(()),
    }
}
