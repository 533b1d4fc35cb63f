//! placeholder
use crate::cli::StatusArgs;
/// x
pub async fn status(_: StatusArgs) -> anyhow::Result<()> {
    Ok(())
}
