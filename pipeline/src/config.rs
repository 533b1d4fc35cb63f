//! Settings every service shares: what may be typed, and the checked form that the rest of the program gets.
//!
//! A flag's environment variable is its own name in upper case. What clap reads is only text in the right places
//! (`CommonArgs`); `CommonConfig::try_from` turns it into values that cannot be wrong, or into a [`ConfigError`]
//! that names the variable, what is wrong with it and what to do. Secrets pass clap unchecked, so that no error
//! message of clap can quote them. Services add their own groups in their own `config.rs` the same way.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use url::Url;

pub use crate::alert::{AlertArgs, AlertConfig};
pub use crate::cli::ConfigError;
use crate::names::Namespace;
use crate::retry::RetryPolicy;
use crate::secret::Secret;
pub use crate::telemetry::trace::{TraceArgs, TraceConfig};
use crate::tls::{AmqpTlsArgs, HttpTlsArgs, RedisTlsArgs, TlsFiles};

/// Flags of every service.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct CommonArgs {
    /// RabbitMQ as amqp://user:password@host:5672/vhost, amqps:// for TLS (required, here or as a file)
    #[arg(long, env = "AMQP_URL", hide_env_values = true, value_name = "URL")]
    pub amqp_url: Option<Secret>,
    /// File that holds AMQP_URL
    #[arg(long, env = "AMQP_URL_FILE", value_name = "FILE")]
    pub amqp_url_file: Option<PathBuf>,
    /// Redis as redis://:password@host:6379/0, rediss:// for TLS (required, here or as a file)
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis_url: Option<Secret>,
    /// File that holds REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE", value_name = "FILE")]
    pub redis_url_file: Option<PathBuf>,
    /// Prefix of every queue and every Redis key; one pipeline, one namespace
    #[arg(long, env = "NAMESPACE", default_value = "okki")]
    pub namespace: String,
    /// Address of /livez, /readyz, /metrics and /status; port 0 takes a free one and logs it
    #[arg(
        long,
        env = "ADMIN_LISTEN",
        default_value = "127.0.0.1:0",
        value_name = "ADDR"
    )]
    pub admin_listen: String,
    /// Shape of the log on standard error [default: human on a terminal, else json]
    #[arg(long, env = "LOG_FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
    /// Level, or tracing filter such as info,pipeline=debug
    #[arg(long, env = "LOG_LEVEL", default_value = "info", value_name = "FILTER")]
    pub log_level: String,
    /// How long a stopping service may finish what it has begun
    #[arg(long, env = "DRAIN_DEADLINE", default_value = "25s", value_name = "DURATION")]
    pub drain_deadline: String,
    /// Waits between the attempts of a failing message; after the last one it is dead
    #[arg(
        long,
        env = "RETRY_DELAYS",
        default_value = "5s,1m,10m",
        value_name = "DURATIONS"
    )]
    pub retry_delays: String,
    /// Certificates for the broker.
    #[command(flatten)]
    pub amqp_tls: AmqpTlsArgs,
    /// Certificates for Redis.
    #[command(flatten)]
    pub redis_tls: RedisTlsArgs,
    /// Notices.
    #[command(flatten)]
    pub alerts: AlertArgs,
    /// Traces.
    #[command(flatten)]
    pub traces: TraceArgs,
}

/// Shape of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text, for a terminal.
    Human,
    /// One JSON object a line, for a log collector.
    Json,
}

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

/// Checked settings of every service.
#[derive(Debug, Clone)]
pub struct CommonConfig {
    /// Where the broker is.
    pub amqp: AmqpConfig,
    /// Where Redis is.
    pub redis: RedisConfig,
    /// Prefix of queues and keys.
    pub namespace: Namespace,
    /// Where the admin port listens.
    pub admin_listen: SocketAddr,
    /// What is logged, and how.
    pub log: LogConfig,
    /// Grace period after the first signal.
    pub drain_deadline: Duration,
    /// The ladder of delays between attempts.
    pub retry: RetryPolicy,
    /// Who is told about problems.
    pub alerts: AlertConfig,
    /// Where traces go.
    pub traces: TraceConfig,
}

/// Broker settings.
#[derive(Debug, Clone)]
pub struct AmqpConfig {
    /// `amqp://` or `amqps://`, checked.
    pub url: Secret,
    /// Certificates for `amqps://`.
    pub tls: TlsFiles,
}

/// Redis settings.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// `redis://`, `rediss://` or `unix://`, checked.
    pub url: Secret,
    /// Most connections at a time.
    pub pool_size: usize,
    /// Certificates for `rediss://`.
    pub tls: TlsFiles,
}

/// Log settings.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// `None`: human on a terminal, else JSON.
    pub format: Option<LogFormat>,
    /// A filter that has been checked.
    pub filter: String,
}

/// HTTP client settings.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Limit for establishing a connection.
    pub connect_timeout: Duration,
    /// Certificates beside the system's.
    pub tls: TlsFiles,
}

/// Connections of a process: batches in flight need one for a moment each, sleepers need none.
const REDIS_POOL_SIZE: usize = 32;

impl TryFrom<CommonArgs> for CommonConfig {
    type Error = ConfigError;

    fn try_from(args: CommonArgs) -> Result<Self, ConfigError> {
        let amqp_url = SecretArg::new("AMQP_URL", args.amqp_url.as_ref(), args.amqp_url_file.as_deref());
        let redis_url = SecretArg::new(
            "REDIS_URL",
            args.redis_url.as_ref(),
            args.redis_url_file.as_deref(),
        );
        let namespace = args.namespace.parse().map_err(|problem| {
            ConfigError::new(
                "NAMESPACE",
                problem,
                "choose a short lower-case name such as okki",
            )
        })?;
        let admin_listen = args.admin_listen.parse().map_err(|_| {
            let problem = format!("`{}` is not an address with a port", args.admin_listen);
            ConfigError::new(
                "ADMIN_LISTEN",
                problem,
                "write for example 0.0.0.0:9464, or 127.0.0.1:0 for any port",
            )
        })?;
        let retry = args.retry_delays.parse().map_err(|problem| {
            ConfigError::new("RETRY_DELAYS", problem, "write growing delays such as 5s,1m,10m")
        })?;
        Ok(Self {
            amqp: AmqpConfig {
                url: checked_amqp_url(amqp_url.required()?)?,
                tls: args.amqp_tls.try_into()?,
            },
            redis: RedisConfig {
                url: checked_redis_url(redis_url.required()?)?,
                pool_size: REDIS_POOL_SIZE,
                tls: args.redis_tls.try_into()?,
            },
            namespace,
            admin_listen,
            log: LogConfig {
                format: args.log_format,
                filter: checked_filter(args.log_level)?,
            },
            drain_deadline: positive_duration("DRAIN_DEADLINE", &args.drain_deadline)?,
            retry,
            alerts: args.alerts.try_into()?,
            traces: args.traces.try_into()?,
        })
    }
}

impl TryFrom<HttpArgs> for HttpConfig {
    type Error = ConfigError;

    fn try_from(args: HttpArgs) -> Result<Self, ConfigError> {
        Ok(Self {
            connect_timeout: positive_duration("HTTP_CONNECT_TIMEOUT", &args.http_connect_timeout)?,
            tls: args.tls.try_into()?,
        })
    }
}

/// A secret that may be given as a value (`X`) or as a file that holds it (`X_FILE`), but not as both.
#[derive(Debug, Clone, Copy)]
pub struct SecretArg<'a> {
    name: &'static str,
    value: Option<&'a Secret>,
    file: Option<&'a Path>,
}

impl<'a> SecretArg<'a> {
    /// `name` is the variable's name without `_FILE`.
    pub fn new(name: &'static str, value: Option<&'a Secret>, file: Option<&'a Path>) -> Self {
        let file = file.filter(|path| !path.as_os_str().is_empty());
        Self {
            name,
            value: value.filter(|secret| !secret.is_blank()),
            file,
        }
    }

    /// The secret; an error when neither is given.
    pub fn required(self) -> Result<Secret, ConfigError> {
        let remedy = format!("set {0}, or {0}_FILE to a file that holds it", self.name);
        self.optional()?
            .ok_or_else(|| ConfigError::new(self.name, "is required but not set", remedy))
    }

    /// The secret if one is given; white space around it is dropped, for files end with a line break.
    pub fn optional(self) -> Result<Option<Secret>, ConfigError> {
        match (self.value, self.file) {
            (Some(_), Some(_)) => {
                let problem = format!("is given twice, also as {}_FILE", self.name);
                Err(ConfigError::new(self.name, problem, "keep one of them"))
            }
            (Some(secret), None) => Ok(Some(Secret::new(secret.expose().trim()))),
            (None, Some(path)) => self.read(path).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn read(self, path: &Path) -> Result<Secret, ConfigError> {
        let name = format!("{}_FILE", self.name);
        let remedy = "name a readable text file that holds the secret and nothing else";
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigError::new(
                &name,
                format!("cannot read `{}`: {error}", path.display()),
                remedy,
            )
        })?;
        match text.trim() {
            "" => Err(ConfigError::new(
                &name,
                format!("`{}` is empty", path.display()),
                remedy,
            )),
            secret => Ok(Secret::from_file(secret, path)),
        }
    }
}

/// Reads `500ms`, `5s`, `1m`, `2h` or `1d`; the error is a phrase for people.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let problem = || {
        format!("`{text}` is not a duration, expected a whole number and a unit such as 500ms, 5s, 1m, 2h")
    };
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(problem)?;
    let (number, unit) = text.split_at(split);
    let number: u64 = number.parse().map_err(|_| problem())?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(problem()),
    };
    number
        .checked_mul(unit_ms)
        .map(Duration::from_millis)
        .ok_or_else(problem)
}

/// A duration above zero, or an error that names the variable.
pub fn positive_duration(name: &str, text: &str) -> Result<Duration, ConfigError> {
    let remedy = "write a duration above zero such as 500ms, 5s, 1m or 2h";
    let duration = parse_duration(text.trim()).map_err(|problem| ConfigError::new(name, problem, remedy))?;
    if duration.is_zero() {
        Err(ConfigError::new(name, "must not be zero", remedy))
    } else {
        Ok(duration)
    }
}

/// A vendor's base URL: http(s), a host, perhaps a port, and nothing else; paths come from elsewhere.
pub fn base_url(name: &str, text: &str) -> Result<Url, ConfigError> {
    let refuse = |problem: &str| {
        ConfigError::new(
            name,
            problem,
            "write scheme and host only, for example https://api.example.com",
        )
    };
    let url = Url::parse(text.trim()).map_err(|error| refuse(&format!("is not a URL ({error})")))?;
    match () {
        () if !matches!(url.scheme(), "http" | "https") => Err(refuse("must begin with http:// or https://")),
        () if !url.username().is_empty() || url.password().is_some() => {
            Err(refuse("must not hold credentials"))
        }
        () if url.path() != "/" => Err(refuse("must not hold a path")),
        () if url.query().is_some() || url.fragment().is_some() => Err(refuse("must not hold a query")),
        () => Ok(url),
    }
}

fn checked_amqp_url(secret: Secret) -> Result<Secret, ConfigError> {
    let refuse = |problem: String| {
        ConfigError::new(
            "AMQP_URL",
            problem,
            "write amqp://user:password@host:5672/vhost, special characters %-encoded",
        )
    };
    let url = Url::parse(secret.expose()).map_err(|error| refuse(format!("is not a URL ({error})")))?;
    match () {
        () if !matches!(url.scheme(), "amqp" | "amqps") => {
            Err(refuse("must begin with amqp:// or amqps://".into()))
        }
        () if url.host_str().is_none_or(str::is_empty) => Err(refuse("names no host".into())),
        () => Ok(secret),
    }
}

fn checked_redis_url(secret: Secret) -> Result<Secret, ConfigError> {
    let refuse = |problem: String| {
        ConfigError::new(
            "REDIS_URL",
            problem,
            "write redis://:password@host:6379/0, special characters %-encoded",
        )
    };
    let url = Url::parse(secret.expose()).map_err(|error| refuse(format!("is not a URL ({error})")))?;
    if !matches!(
        url.scheme(),
        "redis" | "rediss" | "unix" | "redis+unix" | "valkey" | "valkeys"
    ) {
        return Err(refuse("must begin with redis:// or rediss://".to_owned()));
    }
    // The category is the client's own fixed text and never holds a part of the URL.
    match redis::IntoConnectionInfo::into_connection_info(url) {
        Ok(_) => Ok(secret),
        Err(error) => Err(refuse(format!("cannot be used ({})", error.category()))),
    }
}

fn checked_filter(text: String) -> Result<String, ConfigError> {
    match tracing_subscriber::EnvFilter::builder().parse(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(ConfigError::new(
            "LOG_LEVEL",
            error,
            "write a level such as info, or info,pipeline=debug",
        )),
    }
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
