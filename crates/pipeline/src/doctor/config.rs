//! Arguments of `doctor` that every service has.

use clap::Args;

/// How the findings are printed.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Also say what stands in the way of another version: which replicas run in which one, what may not run beside each other,
    /// what comes next, and what waits or is kept in another shape
    #[arg(long)]
    pub upgrade: bool,
    /// Send a test notice to ALERT_URL
    #[arg(long)]
    pub send: bool,
}
