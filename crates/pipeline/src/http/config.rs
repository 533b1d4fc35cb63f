//! Settings of the HTTP client.

use crate::{
    setting::{ConfigError, positive_duration},
    settings,
    tls::{HttpTlsArgs, TlsFiles},
};
use clap::Args;
use std::time::Duration;

/// Flags of the HTTP client.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP options")]
pub struct HttpArgs {
    /// How long a connection to a vendor may take to be established
    #[arg(
        long,
        env = "HTTP_CONNECT_TIMEOUT",
        default_value = "10s",
        value_name = "DURATION"
    )]
    pub http_connect_timeout: String,
    /// Certificates for HTTP.
    #[command(flatten)]
    pub tls: HttpTlsArgs,
}

/// HTTP client settings.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Limit for establishing a connection.
    pub connect_timeout: Duration,
    /// Certificates beside the system's.
    pub tls: TlsFiles,
}

impl TryFrom<HttpArgs> for HttpConfig {
    type Error = ConfigError;

    fn try_from(args: HttpArgs) -> Result<Self, ConfigError> {
        settings! {
            connect_timeout = positive_duration("HTTP_CONNECT_TIMEOUT", &args.http_connect_timeout);
            tls = args.tls.try_into();
        }
        Ok(Self { connect_timeout, tls })
    }
}
