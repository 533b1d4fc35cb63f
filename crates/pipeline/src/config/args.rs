//! What every command takes: text in the right places, unchecked.

use std::path::PathBuf;

use clap::Args;

use super::parts::{AmqpPartsArgs, RedisPartsArgs};
use crate::alert::AlertArgs;
use crate::broker::StreamConfig;
use crate::message::BundleConfig;
use crate::names::Namespace;
use crate::setting::Secret;
use crate::telemetry::{LogFormat, trace::TraceArgs};
use crate::tls::{AmqpTlsArgs, RedisTlsArgs};

/// Flags of every service.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct CommonArgs {
    /// RabbitMQ as amqp://user:password@host:5672/vhost, amqps:// for TLS; several hosts, separated by commas, are tried in
    /// turn (required, here or as a file)
    #[arg(long, env = "AMQP_URL", hide_env_values = true, value_name = "URL")]
    pub amqp_url: Option<Secret>,
    /// File that holds AMQP_URL
    #[arg(long, env = "AMQP_URL_FILE", value_name = "FILE")]
    pub amqp_url_file: Option<PathBuf>,
    /// The same in parts.
    #[command(flatten)]
    pub amqp_parts: AmqpPartsArgs,
    /// RabbitMQ's management plugin as http://user:password@host:15672, to see policies that could drop messages;
    /// AMQP does not show them
    #[arg(long, env = "AMQP_MANAGEMENT_URL", hide_env_values = true, value_name = "URL")]
    pub amqp_management_url: Option<Secret>,
    /// File that holds AMQP_MANAGEMENT_URL
    #[arg(long, env = "AMQP_MANAGEMENT_URL_FILE", value_name = "FILE")]
    pub amqp_management_url_file: Option<PathBuf>,
    /// Redis and the namespace.
    #[command(flatten)]
    pub shared: SharedArgs,
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
    /// How long a paused service keeps messages before it gives them back; far below the broker's consumer_timeout
    #[arg(long, env = "HOLD_AT_MOST", default_value = "10m", value_name = "DURATION")]
    pub hold_at_most: String,
    /// Waits between the attempts of a failing message; after the last one it is dead
    #[arg(
        long,
        env = "RETRY_DELAYS",
        default_value = "5s,1m,10m",
        value_name = "DURATIONS"
    )]
    pub retry_delays: String,
    /// `on` to write down in the stream `{NAMESPACE}.events` what became of every customer; `off` for a broker that has no
    /// streams
    #[arg(long, env = "EVENTS", default_value = "on", value_name = "on|off")]
    pub events: String,
    /// How long events are kept: a number and Y, M, D, h, m or s, as RabbitMQ writes it
    #[arg(
        long,
        env = "EVENTS_MAX_AGE",
        default_value = StreamConfig::DEFAULT_AGE,
        value_name = "AGE"
    )]
    pub events_max_age: String,
    /// Bytes that events may take in the broker; the oldest go first
    #[arg(long, env = "EVENTS_MAX_BYTES", default_value = "2GB", value_name = "BYTES")]
    pub events_max_bytes: String,
    /// Records of one kind that may travel in one message of the broker when they are published together; 1: each alone
    #[arg(
        long,
        env = "BUNDLE_RECORDS",
        default_value = BundleConfig::DEFAULT_RECORDS,
        value_name = "COUNT"
    )]
    pub bundle_records: String,
    /// Bytes of such a message; a record that is larger travels alone
    #[arg(
        long,
        env = "BUNDLE_BYTES",
        default_value = BundleConfig::DEFAULT_BYTES,
        value_name = "BYTES"
    )]
    pub bundle_bytes: String,
    /// Certificates for the broker.
    #[command(flatten)]
    pub amqp_tls: AmqpTlsArgs,
    /// Notices.
    #[command(flatten)]
    pub alerts: AlertArgs,
    /// Traces.
    #[command(flatten)]
    pub traces: TraceArgs,
}

/// Flags that lead to what the programs of a pipeline share; enough for a command that only reads it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct SharedArgs {
    /// Redis as redis://:password@host:6379/0, redis+sentinel://:password@host1,host2/MASTER/0 or
    /// redis+cluster://:password@host1,host2, rediss for TLS (required, here or as a file)
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis_url: Option<Secret>,
    /// File that holds REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE", value_name = "FILE")]
    pub redis_url_file: Option<PathBuf>,
    /// The same in parts.
    #[command(flatten)]
    pub redis_parts: RedisPartsArgs,
    /// Prefix of every queue and of every Redis key but those of vendor accounts; one pipeline, one namespace
    #[arg(long, env = "NAMESPACE", default_value = "okki")]
    pub namespace: String,
    /// Prefix of the Redis keys of vendor accounts (quotas, the day's count, token), which all pipelines with the same
    /// value share
    #[arg(
        long,
        env = "ACCOUNT_NAMESPACE",
        default_value = Namespace::ACCOUNTS,
        value_name = "NAMESPACE"
    )]
    pub account_namespace: String,
    /// Encrypts the snapshots that transformers keep (KEEP_SNAPSHOTS): 32 bytes in Base64; several, separated by commas, to
    /// change it: the first one encrypts, all of them decrypt
    #[arg(long, env = "SNAPSHOT_KEY", hide_env_values = true, value_name = "KEY")]
    pub snapshot_key: Option<Secret>,
    /// File that holds SNAPSHOT_KEY
    #[arg(long, env = "SNAPSHOT_KEY_FILE", value_name = "FILE")]
    pub snapshot_key_file: Option<PathBuf>,
    /// Certificates for Redis.
    #[command(flatten)]
    pub redis_tls: RedisTlsArgs,
}

impl SharedArgs {
    /// Whether any Redis is named.
    #[must_use]
    pub fn names_redis(&self) -> bool {
        self.redis_url.is_some() || self.redis_url_file.is_some() || self.redis_parts.redis_host.is_some()
    }
}
