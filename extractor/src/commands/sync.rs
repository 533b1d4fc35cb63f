//! placeholder
use crate::cli::{OnceArgs, SyncArgs};
/// x
pub async fn sync(_: SyncArgs) -> anyhow::Result<()> {
    Ok(())
}
/// x
pub async fn once(_: OnceArgs) -> anyhow::Result<()> {
    Ok(())
}
