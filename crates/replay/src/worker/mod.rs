//! Dead letters without a terminal: plans whose process was killed are adopted, and rules are carried out.
//!
//! One worker of a stage at a time, in whichever process of it; nothing of it can stop the stage. While the stage itself
//! is paused nothing is put back, for it would only wait in the queue.

mod adopt;
mod carry_out;
mod config;

pub use config::WorkerArgs;

use crate::{
    error::Result,
    lease::{RenewedLease, TERM},
    workspace::Workspace,
};
use adopt::Orphans;
use config::WorkerConfig;
use pipeline::{cause::logged, lease::Lease, service::Runtime, shutdown::Shutdown, stage::Stage};
use std::time::Duration;
use tokio::{runtime::Handle, task::JoinHandle};

/// Between two looks at plans and rules.
const EVERY: Duration = Duration::from_secs(1);

/// The worker of a process.
pub struct Worker {
    stop: Shutdown,
    task: Option<JoinHandle<()>>,
}

impl Worker {
    /// Begins to work, until the process is to stop.
    #[must_use]
    pub fn begin(rt: &Runtime, stage: Stage, args: WorkerArgs) -> Self {
        let (stop, config) = (rt.shutdown.child(), WorkerConfig::from(args));
        let mut workspace = Workspace::new(rt.clone(), stage);
        "worker".clone_into(&mut workspace.operator);
        workspace.stop = stop.clone();
        // A thread of its own: what visits letters is no future that may change its thread.
        let runtime = Handle::current();
        let task = tokio::task::spawn_blocking(move || runtime.block_on(work(workspace, config)));
        Self {
            stop,
            task: Some(task),
        }
    }

    /// Waits until a replay under way rests, within the drain deadline; what does not is adopted by another worker.
    pub async fn end(mut self) {
        self.stop.trigger();
        if let Some(task) = self.task.take()
            && let Err(error) = self.stop.drain(task).await
        {
            tracing::warn!(%error, "a replay did not come to rest; the next worker adopts it");
        }
    }
}

/// A process that ends by an error waits for nobody.
impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.trigger();
    }
}

async fn work(workspace: Workspace, config: WorkerConfig) {
    if !config.is_on {
        return;
    }
    let mut orphans = Orphans::new(config.adopt_after);
    while workspace.stop.sleep(EVERY).await {
        match turn(&workspace, &mut orphans).await {
            Ok(()) => {}
            Err(error) if workspace.stop.is_requested() => {
                tracing::debug!(error = logged(&error), "replays end with the process");
            }
            Err(error) => tracing::warn!(error = logged(&error), "no replay by rule"),
        }
    }
}

async fn turn(workspace: &Workspace, orphans: &mut Orphans) -> Result<()> {
    if !workspace.rt.gate.is_open() {
        return Ok(());
    }
    let key = workspace.rt.namespace.worker_lease_key(workspace.stage);
    let owner = workspace.owner("worker");
    let Some(lease) = Lease::acquire(&workspace.rt.store, key, &owner, TERM).await? else {
        orphans.forget();
        return Ok(());
    };
    let lease = RenewedLease::new(lease);
    let worked = both(workspace, orphans).await;
    lease.release().await;
    worked
}

async fn both(workspace: &Workspace, orphans: &mut Orphans) -> Result<()> {
    orphans.adopt(workspace).await?;
    carry_out::rules(workspace).await
}
