//! Settings of who keeps the read model.

use clap::Args;
use pipeline::setting::{ConfigError, Secret, SecretArg};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Where the read model lies, and who is answered.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Read model options")]
pub(crate) struct KeepArgs {
    /// Folder for the file of the read model, a gigabyte for some million events; only one process keeps it
    #[arg(long, env = "DESK_DATA", value_name = "FOLDER")]
    data: PathBuf,
    /// Address at which it answers `dead list`, `dead groups`, `dead show`, `dead audit` and `trace`; port 0 takes a free one and
    /// logs it
    #[arg(
        long,
        env = "DESK_LISTEN",
        default_value = "127.0.0.1:9470",
        value_name = "ADDR"
    )]
    listen: SocketAddr,
    /// Token that callers have to know (required unless it listens on loopback, here or as a file)
    #[arg(long, env = "DESK_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    desk_token: Option<Secret>,
    /// File that holds DESK_TOKEN
    #[arg(long, env = "DESK_TOKEN_FILE", value_name = "FILE")]
    desk_token_file: Option<PathBuf>,
    /// How often new dead letters are looked at in their queue, so that their text can be searched; nobody else can browse
    /// them meanwhile
    #[arg(long, env = "DESK_WALK_EVERY", default_value = "15m", value_name = "DURATION", value_parser = pipeline::setting::parse_duration)]
    walk_every: Duration,
}

/// The same, checked.
#[derive(Debug, Clone)]
pub(crate) struct KeepConfig {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) token: Option<Secret>,
    pub(crate) walk_every: Duration,
}

impl TryFrom<KeepArgs> for KeepConfig {
    type Error = ConfigError;

    fn try_from(args: KeepArgs) -> Result<Self, ConfigError> {
        let (value, file) = (args.desk_token.as_ref(), args.desk_token_file.as_deref());
        let token = SecretArg::new("DESK_TOKEN", value, file);
        let token = match args.listen.ip().is_loopback() {
            true => token.optional()?,
            false => Some(token.required()?),
        };
        Ok(Self {
            data: args.data,
            listen: args.listen,
            token,
            walk_every: args.walk_every,
        })
    }
}
