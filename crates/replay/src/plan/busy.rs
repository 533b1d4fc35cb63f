//! One replay of a stage at a time, and who does it.

use super::{Plan, state::State};
use crate::{
    error::{Error, Result},
    lease::{RenewedLease, TERM},
    workspace::Workspace,
};
use pipeline::lease::Lease;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(100);

/// Refuses before anything is browsed, and names the operator of the other replay.
///
/// # Errors
/// When another replay of this stage is under way.
pub(crate) async fn refuse_if_busy(workspace: &Workspace) -> Result<()> {
    let key = workspace.rt.namespace.replay_lease_key(workspace.stage);
    let mut connection = workspace.rt.store.connection().await?;
    let busy: bool = redis::cmd("EXISTS")
        .arg(&key)
        .query_async(&mut *connection)
        .await?;
    drop(connection);
    if busy {
        return Err(busy_with(workspace, &key).await);
    }
    Ok(())
}

/// Another replay holds this lease.
async fn busy_with(workspace: &Workspace, key: &str) -> Error {
    Error::Busy {
        what: words::kept!("replay of the {} stage", workspace.stage),
        by: workspace.holder(key).await,
    }
}

/// One replay per stage. A replay that was killed keeps its lease for a moment, and `resume` waits for that.
pub(super) async fn lease(workspace: &Workspace, plan: &Plan) -> Result<RenewedLease> {
    let key = workspace.rt.namespace.replay_lease_key(workspace.stage);
    let owner = workspace.owner(&words::kept!("plan {}", plan.id));
    let wait = if plan.state == State::Planned {
        Duration::ZERO
    } else {
        TERM + Duration::from_secs(1)
    };
    let begin = Instant::now();
    loop {
        let taken = Lease::acquire(&workspace.rt.store, key.clone(), &owner, TERM).await;
        if let Some(lease) = taken? {
            return Ok(RenewedLease::new(lease));
        }
        if begin.elapsed() > wait {
            return Err(busy_with(workspace, &key).await);
        }
        if !workspace.stop.sleep(POLL).await {
            return Err(Error::Interrupted(words::text!("nothing was moved")));
        }
    }
}
