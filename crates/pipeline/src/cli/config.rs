//! Arguments of the subcommands that every service has.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Arg, ArgAction, Args, Command, Parser, Subcommand, value_parser};
use clap_complete::Shell;

use crate::{alert::AlertArgs, setup::SetupArgs, tls::HttpTlsArgs};

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
    /// Where the process listens; an address of all interfaces is asked on loopback [default: where processes of this program
    /// on this machine say that they listen]
    #[arg(long = "admin-listen", env = "ADMIN_LISTEN", value_name = "ADDR")]
    pub(super) addr: Option<SocketAddr>,
    /// Namespace of the pipeline whose processes are asked
    #[arg(long, env = "NAMESPACE", default_value = "okki", value_name = "NAME")]
    pub(super) namespace: String,
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

/// Ids of what every program understands.
pub(super) const ENV_FILE: &str = "env_file";
pub(super) const PRINT_CONFIG: &str = "print_config";

/// The command with the flags about where settings come from, which each of its subcommands has.
pub(super) fn with_sources(command: Command) -> Command {
    let env_file = Arg::new(ENV_FILE)
        .long("env-file")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .action(ArgAction::Append)
        .global(true)
        .help_heading(words::mark!("Where settings come from"))
        .help(words::mark!(
            "File with lines NAME=VALUE in the place of variables that are not set; of several the last one counts"
        ));
    let print = Arg::new(PRINT_CONFIG)
        .long("print-config")
        .action(ArgAction::SetTrue)
        .global(true)
        .help_heading(words::mark!("Where settings come from"))
        .help(words::mark!(
            "Print every setting with where it comes from and what is wrong with it, secrets masked, and do nothing else"
        ));
    command.arg(env_file).arg(print)
}

/// Names of all variables that are set.
pub(super) fn set_variables() -> Vec<String> {
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    set.filter_map(|(name, _)| name.into_string().ok()).collect()
}

/// What a variable is set to, as far as it is text.
pub(super) fn set_value(variable: &str) -> Option<String> {
    std::env::var_os(variable)?.into_string().ok()
}

/// The variable is there and says nothing, as a line of `.env.example` does: it is as if it were not there.
pub(super) fn is_blank(variable: &str) -> bool {
    std::env::var_os(variable).is_some() && is_unset(variable)
}

/// The variable is not there, or empty, which means the same.
pub(super) fn is_unset(variable: &str) -> bool {
    std::env::var_os(variable).is_none_or(|value| value.to_string_lossy().trim().is_empty())
}
