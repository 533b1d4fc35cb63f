//! What may be typed about certificates, one group for each kind of peer.

use super::files::TlsFiles;
use crate::setting::ConfigError;
use clap::Args;
use std::path::PathBuf;

/// Certificates for the broker, used with amqps://.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS options")]
pub struct AmqpTlsArgs {
    /// Certificates (PEM) of a private CA that signed the broker's certificate
    #[arg(long, env = "AMQP_CA_FILE", value_name = "FILE")]
    pub amqp_ca_file: Option<PathBuf>,
    /// Certificate chain (PEM) that proves to the broker who we are
    #[arg(long, env = "AMQP_CERT_FILE", value_name = "FILE")]
    pub amqp_cert_file: Option<PathBuf>,
    /// Private key (PEM) of that certificate
    #[arg(long, env = "AMQP_KEY_FILE", value_name = "FILE")]
    pub amqp_key_file: Option<PathBuf>,
}

/// Certificates for Redis, used with rediss://.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS options")]
pub struct RedisTlsArgs {
    /// Certificates (PEM) of a private CA that signed the certificate of Redis
    #[arg(long, env = "REDIS_CA_FILE", value_name = "FILE")]
    pub redis_ca_file: Option<PathBuf>,
    /// Certificate chain (PEM) that proves to Redis who we are
    #[arg(long, env = "REDIS_CERT_FILE", value_name = "FILE")]
    pub redis_cert_file: Option<PathBuf>,
    /// Private key (PEM) of that certificate
    #[arg(long, env = "REDIS_KEY_FILE", value_name = "FILE")]
    pub redis_key_file: Option<PathBuf>,
}

/// Certificates for HTTP: vendors behind a private gateway, alert receivers, trace collectors.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "HTTP options")]
pub struct HttpTlsArgs {
    /// Certificates (PEM) of a private CA that is trusted beside the system's
    #[arg(long, env = "HTTP_CA_FILE", value_name = "FILE")]
    pub http_ca_file: Option<PathBuf>,
    /// Certificate chain (PEM) that proves to HTTP servers who we are
    #[arg(long, env = "HTTP_CERT_FILE", value_name = "FILE")]
    pub http_cert_file: Option<PathBuf>,
    /// Private key (PEM) of that certificate
    #[arg(long, env = "HTTP_KEY_FILE", value_name = "FILE")]
    pub http_key_file: Option<PathBuf>,
}

impl TryFrom<AmqpTlsArgs> for TlsFiles {
    type Error = ConfigError;

    fn try_from(args: AmqpTlsArgs) -> Result<Self, ConfigError> {
        Self::check("AMQP", args.amqp_ca_file, args.amqp_cert_file, args.amqp_key_file)
    }
}

impl TryFrom<RedisTlsArgs> for TlsFiles {
    type Error = ConfigError;

    fn try_from(args: RedisTlsArgs) -> Result<Self, ConfigError> {
        Self::check(
            "REDIS",
            args.redis_ca_file,
            args.redis_cert_file,
            args.redis_key_file,
        )
    }
}

impl TryFrom<HttpTlsArgs> for TlsFiles {
    type Error = ConfigError;

    fn try_from(args: HttpTlsArgs) -> Result<Self, ConfigError> {
        Self::check("HTTP", args.http_ca_file, args.http_cert_file, args.http_key_file)
    }
}
