//! RabbitMQ and Redis for tests and the demo: those named in `AMQP_URL` and `REDIS_URL`, else private ones on free
//! loopback ports with their data in a temporary folder. The system's own services are never touched.

mod broker;
mod cache;
mod cluster;
pub(crate) mod install;
pub mod port;
mod sentinels;
mod shared;
mod users;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use pipeline::{config::CommonConfig, setting::Secret};
use tempfile::TempDir;

pub use self::broker::RabbitMq;
pub use self::cache::{PASSWORD, Redis};
pub use self::cluster::Cluster;
pub use self::port::free as free_ports;
pub use self::sentinels::Sentinels;
pub use self::shared::shared;
use crate::config::ServicesArgs;

/// How long a service may take until it answers; a loaded machine with a cold disk needs most of it.
const READY: Duration = Duration::from_secs(240);

/// RabbitMQ and Redis. What was started is ended and deleted when this is dropped.
#[derive(Debug)]
pub struct Services {
    amqp_url: String,
    redis_url: String,
    broker: Option<RabbitMq>,
    redis: Option<Redis>,
    // After the processes: a folder can only be removed when no process writes into it any more.
    _folder: Option<TempDir>,
}

impl Services {
    /// A broker for one test alone, which may restart it: `common` is changed to it, and keeps its Redis.
    pub async fn with_own_broker(common: &mut CommonConfig) -> anyhow::Result<Self> {
        let services = Self::obtain(&ServicesArgs {
            amqp_url: None,
            redis_url: Some(common.redis.url.expose().to_owned()),
        })
        .await?;
        common.amqp.url = Secret::new(services.amqp_url());
        Ok(services)
    }

    /// Uses what `args` names and starts the rest, installing it first where that is possible.
    pub async fn obtain(args: &ServicesArgs) -> anyhow::Result<Self> {
        let programs = install::programs(args.amqp_url.is_none(), args.redis_url.is_none()).await?;
        let folder = tempfile::Builder::new()
            .prefix("okki-services-")
            .tempdir()
            .context("make a temporary folder for the services")?;
        let (broker, redis) = tokio::try_join!(
            async {
                match &programs.broker {
                    Some(programs) => RabbitMq::start(programs, &folder.path().join("rabbitmq"))
                        .await
                        .map(Some),
                    None => Ok(None),
                }
            },
            async {
                match &programs.redis {
                    Some(program) => Redis::start(program, &folder.path().join("redis"))
                        .await
                        .map(Some),
                    None => Ok(None),
                }
            }
        )?;
        let url = |given: &Option<String>, own: Option<String>| given.clone().or(own).unwrap_or_default();
        Ok(Self {
            amqp_url: url(&args.amqp_url, broker.as_ref().map(RabbitMq::url)),
            redis_url: url(&args.redis_url, redis.as_ref().map(Redis::url)),
            broker,
            redis,
            _folder: Some(folder),
        })
    }

    /// A pair of its own, for tests that kill and restart it.
    pub async fn private() -> anyhow::Result<Self> {
        Self::obtain(&ServicesArgs::default()).await
    }

    /// Copies the broker's log into `folder`, so that a failure can be explained after everything is gone; where it
    /// is then, if the broker is ours.
    pub fn keep_log(&self, folder: &Path) -> anyhow::Result<Option<PathBuf>> {
        let Some(broker) = &self.broker else {
            return Ok(None);
        };
        std::fs::create_dir_all(folder).context("make a folder for the broker's log")?;
        let kept = folder.join("rabbitmq.log");
        std::fs::copy(broker.log_path(), &kept).context("copy the broker's log")?;
        Ok(Some(kept))
    }

    /// Where the broker is.
    pub fn amqp_url(&self) -> &str {
        &self.amqp_url
    }

    /// Where Redis is.
    pub fn redis_url(&self) -> &str {
        &self.redis_url
    }

    /// The first process of each service that is ours, by its name; it may have children.
    pub fn process_ids(&self) -> Vec<(&'static str, u32)> {
        let broker = self.broker.as_ref().map(|broker| ("broker", broker.process_id()));
        let redis = self.redis.as_ref().map(|redis| ("redis", redis.process_id()));
        broker.into_iter().chain(redis).collect()
    }

    /// The broker, if it is ours to kill and restart.
    pub fn broker(&mut self) -> Option<&mut RabbitMq> {
        self.broker.as_mut()
    }

    /// Redis, if it is ours to kill, empty and restart.
    pub fn redis(&mut self) -> Option<&mut Redis> {
        self.redis.as_mut()
    }
}
