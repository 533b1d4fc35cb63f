//! Arguments of `doctor` that every service has.

use clap::Args;

/// How the findings are printed.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Send a test notice to ALERT_URL
    #[arg(long)]
    pub send: bool,
}
