//! placeholder
use crate::cli::CheckArgs;
/// x
pub async fn check(_: CheckArgs) -> anyhow::Result<()> {
    Ok(())
}
