//! Arguments of the subcommands that every service has.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::{alert::AlertArgs, setup::SetupArgs, tls::HttpTlsArgs};

/// The admin port of a container; images set `ADMIN_LISTEN` to it.
const DEFAULT_ADDR: &str = "127.0.0.1:9464";

/// Subcommands that every service has; a service flattens them into its own.
#[derive(Debug, Subcommand)]
pub enum CommonCommand {
    /// Ask a running process for its health; exits with 1 and its answer when it is not well
    Healthcheck(HealthcheckArgs),
    /// Print a script that completes this program's commands and flags in a shell
    Completions {
        /// The shell to complete in
        shell: Shell,
    },
    /// Try the channel for notices
    Notify(Box<NotifyArgs>),
    /// Print the manual page, or write the pages of all subcommands into a folder
    Man {
        /// Folder for one page per subcommand
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
}

/// Arguments of `notify`.
#[derive(Debug, Args)]
pub struct NotifyArgs {
    /// Send a test notice to ALERT_URL, and say what the receiver answered
    #[arg(long, required = true)]
    pub(super) test: bool,
    /// Name of the pipeline in the notice
    #[arg(long, env = "NAMESPACE", default_value = "okki", value_name = "NAME")]
    pub(super) namespace: String,
    #[command(flatten)]
    pub(super) alert: AlertArgs,
    #[command(flatten)]
    pub(super) tls: HttpTlsArgs,
}

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub struct HealthcheckArgs {
    /// Where the process listens; an address of all interfaces is asked on loopback
    #[arg(long = "admin-listen", env = "ADMIN_LISTEN", default_value = DEFAULT_ADDR, value_name = "ADDR")]
    pub(super) addr: SocketAddr,
    /// Ask whether it is ready for work, not only whether it is alive
    #[arg(long)]
    pub(super) ready: bool,
    /// How long the answer may take
    #[arg(long, default_value = "3s", value_name = "DURATION", value_parser = crate::setting::parse_duration)]
    pub(super) timeout: Duration,
}

/// What has to be known before the command line can be read as a whole.
#[derive(Debug, Parser)]
#[command(ignore_errors = true, disable_help_flag = true, disable_version_flag = true)]
pub(super) struct Early {
    #[command(flatten)]
    pub(super) setup: SetupArgs,
}

/// The variable is not there, or empty, which means the same.
pub(super) fn is_unset(variable: &str) -> bool {
    std::env::var_os(variable).is_none_or(|value| value.to_string_lossy().trim().is_empty())
}
