//! Settings every service shares: what may be typed, and the checked form that the rest of the program gets.
//!
//! A flag's environment variable is its own name in upper case. What clap reads is only text in the right places
//! (`CommonArgs`); `CommonConfig::try_from` turns it into values that cannot be wrong, or into a [`ConfigError`]
//! that names the variable, what is wrong with it and what to do. Secrets pass clap unchecked, so that no error
//! message of clap can quote them. Services add their own groups in their own `config.rs` the same way.

use std::net::SocketAddr;
use std::time::Duration;

mod args;
mod bundle;
mod parts;
mod stream;
mod value;

pub use args::{CommonArgs, SharedArgs};
pub use parts::{AmqpPartsArgs, RedisPartsArgs};

use crate::{
    alert::AlertConfig,
    broker::{AmqpConfig, StreamConfig},
    message::BundleConfig,
    names::Namespace,
    retry::RetryPolicy,
    setting::{ConfigError, SecretArg, duration_within, positive_duration, refused},
    settings,
    snapshots::SnapshotKeys,
    store::RedisConfig,
    telemetry::{LogConfig, trace::TraceConfig},
};
use bundle::bundle_config;
use stream::stream_config;
use value::{checked_amqp_url, checked_filter, checked_management_url, checked_redis_url};

/// Checked settings of every service.
#[derive(Debug, Clone)]
pub struct CommonConfig {
    /// Where the broker is.
    pub amqp: AmqpConfig,
    /// Where Redis is.
    pub redis: RedisConfig,
    /// Prefix of queues and keys.
    pub namespace: Namespace,
    /// Prefix of the keys of vendor accounts.
    pub accounts: Namespace,
    /// What encrypts kept snapshots.
    pub snapshot_keys: SnapshotKeys,
    /// Where the admin port listens.
    pub admin_listen: SocketAddr,
    /// What is logged, and how.
    pub log: LogConfig,
    /// Grace period after the first signal.
    pub drain_deadline: Duration,
    /// How long a paused consumer keeps unsettled deliveries.
    pub hold_at_most: Duration,
    /// The ladder of delays between attempts.
    pub retry: RetryPolicy,
    /// Which events are kept, and how long.
    pub stream: StreamConfig,
    /// How many records one message carries.
    pub bundle: BundleConfig,
    /// Where notices of problems go.
    pub alerts: AlertConfig,
    /// Where traces go.
    pub traces: TraceConfig,
}

/// Checked settings that lead to what the programs of a pipeline share.
#[derive(Debug, Clone)]
pub struct SharedConfig {
    /// Where Redis is.
    pub redis: RedisConfig,
    /// Prefix of queues and keys.
    pub namespace: Namespace,
    /// Prefix of the keys of vendor accounts.
    pub accounts: Namespace,
    /// What encrypts kept snapshots.
    pub snapshot_keys: SnapshotKeys,
}

/// Connections of a process: batches in flight need one for a moment each, sleepers need none.
const REDIS_POOL_SIZE: usize = 32;

impl TryFrom<CommonArgs> for CommonConfig {
    type Error = ConfigError;

    fn try_from(args: CommonArgs) -> Result<Self, ConfigError> {
        let amqp_url = SecretArg::new("AMQP_URL", args.amqp_url.as_ref(), args.amqp_url_file.as_deref());
        let management = SecretArg::new(
            "AMQP_MANAGEMENT_URL",
            args.amqp_management_url.as_ref(),
            args.amqp_management_url_file.as_deref(),
        );
        settings! {
            // First, for it stands first in the command line, too.
            _typed = refused();
            url = args.amqp_parts.url(amqp_url).and_then(checked_amqp_url);
            tls = args.amqp_tls.try_into();
            management = management.optional().and_then(|url| url.map(checked_management_url).transpose());
            shared = SharedConfig::try_from(args.shared);
            admin_listen = admin_listen(&args.admin_listen);
            retry = retry(&args.retry_delays);
            filter = checked_filter(args.log_level);
            drain_deadline = positive_duration("DRAIN_DEADLINE", &args.drain_deadline);
            hold_at_most = hold_at_most(&args.hold_at_most);
            stream = stream_config(&args.events, &args.events_max_age, &args.events_max_bytes);
            bundle = bundle_config(&args.bundle_records, &args.bundle_bytes);
            alerts = args.alerts.try_into();
            traces = args.traces.try_into();
        }
        Ok(Self {
            amqp: AmqpConfig { url, tls, management },
            redis: shared.redis,
            namespace: shared.namespace,
            accounts: shared.accounts,
            snapshot_keys: shared.snapshot_keys,
            admin_listen,
            log: LogConfig {
                format: args.log_format,
                filter,
            },
            drain_deadline,
            hold_at_most,
            retry,
            stream,
            bundle,
            alerts,
            traces,
        })
    }
}

fn admin_listen(text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_| {
        let problem = words::tr!("`{}` is not an address with a port", text);
        ConfigError::new(
            "ADMIN_LISTEN",
            problem,
            words::tr!("write for example 0.0.0.0:9464, or 127.0.0.1:0 for any port"),
        )
    })
}

fn retry(text: &str) -> Result<RetryPolicy, ConfigError> {
    text.parse().map_err(|problem| {
        ConfigError::new(
            "RETRY_DELAYS",
            problem,
            words::tr!("write growing delays such as 5s,1m,10m"),
        )
    })
}

/// RabbitMQ closes the channel of a consumer that keeps a delivery for 30 minutes, unless it is told otherwise.
const LONGEST_HOLD: Duration = Duration::from_secs(25 * 60);

fn hold_at_most(text: &str) -> Result<Duration, ConfigError> {
    let hold = positive_duration("HOLD_AT_MOST", text)?;
    let problem = words::text!("is too close to the 30 minutes after which RabbitMQ gives up a consumer");
    duration_within(
        "HOLD_AT_MOST",
        hold,
        ..=LONGEST_HOLD,
        problem,
        words::text!("write at most 25m"),
    )
}

impl TryFrom<SharedArgs> for SharedConfig {
    type Error = ConfigError;

    fn try_from(args: SharedArgs) -> Result<Self, ConfigError> {
        let url = SecretArg::new(
            "REDIS_URL",
            args.redis_url.as_ref(),
            args.redis_url_file.as_deref(),
        );
        let sealing = SecretArg::new(
            "SNAPSHOT_KEY",
            args.snapshot_key.as_ref(),
            args.snapshot_key_file.as_deref(),
        );
        let parsed = |name: &str, text: &str| {
            let remedy = words::text!("choose a short lower-case name such as okki");
            text.parse::<Namespace>()
                .map_err(|problem| ConfigError::new(name, problem, remedy))
        };
        settings! {
            _typed = refused();
            url = args.redis_parts.url(url).and_then(checked_redis_url);
            tls = args.redis_tls.try_into();
            namespace = parsed("NAMESPACE", &args.namespace);
            accounts = parsed("ACCOUNT_NAMESPACE", &args.account_namespace);
            snapshot_keys = sealing.optional().and_then(|key| SnapshotKeys::read(key.as_ref()));
        }
        Ok(Self {
            redis: RedisConfig {
                url,
                namespace: namespace.clone(),
                pool_size: REDIS_POOL_SIZE,
                tls,
            },
            namespace,
            accounts,
            snapshot_keys,
        })
    }
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
