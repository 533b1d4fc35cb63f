//! Beginning what takes time: each on a thread of its own, for what visits letters is no future that may change its thread.

use super::{Made, Making};
use crate::server::{App, Failure};
use pipeline::{cause::chain, shutdown::Shutdown, stage::Stage};
use replay::{
    archive,
    browse::Filter,
    error::Error,
    plan::{Plan, make as making, options::Options, recorded, summary},
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
fn detached(app: &App, stage: Stage, operator: &str) -> Workspace {
    let mut workspace = app.workspace(stage, operator);
    workspace.stop = Shutdown::manual(app.common.drain_deadline);
    workspace
}

async fn begun(work: impl AsyncFnOnce() + Send + 'static) {
    let runtime = Handle::current();
    let task = tokio::task::spawn_blocking(move || runtime.block_on(work()));
    drop(timeout(PATIENCE, task).await);
}

/// Begins to make a plan, and says its id.
pub(crate) async fn make(
    app: &App,
    stage: Stage,
    operator: &str,
    filter: Filter,
    reason: &str,
    repair: Option<Repair>,
    options: Options,
) -> String {
    let id = making::id();
    let (app, workspace) = (app.clone(), detached(app, stage, operator));
    let (own, reason) = (id.clone(), reason.to_owned());
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
    id
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

/// Begins to run a plan, or goes on with it.
pub(crate) async fn run(
    app: &App,
    stage: Stage,
    operator: &str,
    action: &'static str,
    plan: Plan,
    options: Options,
) {
    let (app, workspace) = (app.clone(), detached(app, stage, operator));
    let id = plan.id.clone();
    if !app.work.claim(&id) {
        return;
    }
    app.work.note(&id, None);
    let work = async move || {
        let ran = recorded::run(&workspace, action, plan, &options, &mut |_| {}).await;
        if let Err(error) = ran {
            tracing::warn!(
                plan = id,
                error = words::english(|| chain(&error)),
                "a replay has ended"
            );
            app.work.note(&id, Some(words::english(|| chain(&error))));
        }
        app.work.release(&id);
    };
    begun(work).await;
}

/// Begins to put letters away.
pub(crate) async fn discard(
    app: &App,
    stage: Stage,
    operator: &str,
    filter: Filter,
    reason: &str,
    keep: Duration,
) -> Result<(), Failure> {
    let (workspace, reason) = (detached(app, stage, operator), reason.to_owned());
    operation(app, async move || {
        archive::discard(&workspace, &filter, &reason, keep, |_| {})
            .await
            .map(drop)
    })
    .await
}

/// Begins to take back what an operation has done.
pub(crate) async fn undo(
    app: &App,
    stage: Stage,
    operator: &str,
    id: &str,
    reason: &str,
) -> Result<(), Failure> {
    let (workspace, id, reason) = (detached(app, stage, operator), id.to_owned(), reason.to_owned());
    operation(app, async move || {
        archive::undo(&workspace, &id, &reason, |_| {}).await.map(drop)
    })
    .await
}

/// Says what went wrong at once; what takes longer is found among the operations.
async fn operation(
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
