//! Whether another operator's replay of the stage is under way.

use crate::workspace::Workspace;

/// Refuses before anything is browsed, and names the operator of the other replay.
///
/// # Errors
/// When another replay of this stage is under way.
pub(crate) async fn refuse_if_busy(workspace: &Workspace) -> anyhow::Result<()> {
    let key = workspace.rt.namespace.replay_lease_key(workspace.stage);
    let mut connection = workspace.rt.store.connection().await?;
    let busy: bool = redis::cmd("EXISTS")
        .arg(&key)
        .query_async(&mut *connection)
        .await?;
    anyhow::ensure!(
        !busy,
        "another replay of the {} stage is under way, by {}; wait for it or cancel it, and try again in a few seconds if it was killed",
        workspace.stage,
        workspace.holder(&key).await
    );
    Ok(())
}
