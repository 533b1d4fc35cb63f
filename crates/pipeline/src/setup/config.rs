//! Where a program finds the settings that setting up has made.

use clap::Args;
use std::path::PathBuf;

/// Where settings come from that were chosen in the desk.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Setup options")]
pub struct SetupArgs {
    /// Folder for the settings that the desk's setup makes, which replicas may share; while it holds none, `run` waits to be
    /// set up [default: settings are variables and flags only]
    #[arg(long, env = "SETUP_DIR", value_name = "FOLDER")]
    pub setup_dir: Option<PathBuf>,
}
