//! What every measurement stands on: private services, a namespace of its own, replicas of release builds, and what the
//! kernel says about them.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Parser;
use pipeline::config::{CommonArgs, CommonConfig};
use pipeline::message::Outgoing;
use pipeline::names::Namespace;
use pipeline::service::Runtime;
use pipeline::shutdown::Shutdown;
use pipeline::stage::Stage;
use url::Url;

use kit::config::ServicesArgs;
use kit::harness::{Queues, Replica, Service, Settings, forget, vendor_settings};
use kit::process::Group;
use kit::services::Services;
use kit::simulator::{Options as Vendors, Simulator};

/// How long anything may take before a measurement is given up.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How often counts are looked at; the error of a measured time.
pub const LOOK: Duration = Duration::from_millis(20);
/// Messages published at a time.
const PUBLISHED: usize = 1_000;
/// Clock ticks a second in `/proc`, the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;
const STOPPED: Duration = Duration::from_secs(40);

/// RabbitMQ and Redis for all measurements, and where logs go.
pub struct Ground {
    services: Services,
    folder: tempfile::TempDir,
}

impl Ground {
    pub async fn lay() -> anyhow::Result<Self> {
        Ok(Self {
            services: Services::obtain(&ServicesArgs::default()).await?,
            folder: tempfile::Builder::new()
                .prefix("okki-bench-")
                .tempdir()
                .context("make a folder for logs")?,
        })
    }

    pub fn amqp_url(&self) -> &str {
        self.services.amqp_url()
    }

    pub fn redis_url(&self) -> &str {
        self.services.redis_url()
    }

    pub fn redis_address(&self) -> anyhow::Result<SocketAddr> {
        let url = Url::parse(self.redis_url()).context("the URL of Redis")?;
        let port = url.port().context("the port of Redis")?;
        Ok(SocketAddr::from(([127, 0, 0, 1], port)))
    }
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: CommonArgs,
}

/// One measurement's own pipeline; everything it left in the services goes when it is dropped.
pub struct Floor<'a> {
    pub simulator: Simulator,
    pub runtime: Runtime,
    pub queues: Queues,
    pub namespace: Namespace,
    pub replicas: Vec<Replica>,
    settings: Vec<(String, String)>,
    ground: &'a Ground,
}

impl<'a> Floor<'a> {
    /// Vendors without quotas that answer at once, unless `change` says otherwise.
    pub async fn new(
        ground: &'a Ground,
        customers: u32,
        change: impl FnOnce(&mut Vendors),
    ) -> anyhow::Result<Self> {
        let mut vendors = Vendors {
            customers,
            ..Vendors::default()
        };
        vendors.settings.okki.per_second = None;
        vendors.settings.jdy.company_per_second = None;
        vendors.settings.jdy.concurrency = None;
        vendors
            .settings
            .jdy
            .limits
            .values_mut()
            .for_each(|limit| *limit = None);
        change(&mut vendors);
        let namespace: Namespace =
            format!("bench-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]).parse()?;
        let name = namespace.to_string();
        let common = Arguments::parse_from([
            "bench",
            "--amqp-url",
            ground.amqp_url(),
            "--redis-url",
            ground.redis_url(),
            "--namespace",
            &name,
        ]);
        let common = CommonConfig::try_from(common.common)?;
        let runtime = Runtime::assemble("bench", &common, Shutdown::manual(Duration::from_secs(5)))?;
        for stage in Stage::ALL {
            runtime.declare(stage).await?;
        }
        Ok(Self {
            simulator: Simulator::start(vendors).await?,
            runtime,
            queues: Queues::new(ground.amqp_url(), namespace.clone(), Vec::new()),
            namespace,
            replicas: Vec::new(),
            settings: Vec::new(),
            ground,
        })
    }

    /// Lets the loaders that start from now on write as fast as they can.
    pub fn lift_quotas(&mut self) {
        for rate in ["COMPANY", "BATCH_CREATE", "WRITE", "READ"] {
            self.set(&format!("JDY_RATE_{rate}"), 100_000);
        }
    }

    /// Sets a variable for the replicas that start from now on.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.settings.push((name.to_owned(), value.to_string()));
    }

    /// Starts a replica and waits until it is ready; how long that took.
    pub async fn start(&mut self, service: Service) -> anyhow::Result<Duration> {
        let start = Instant::now();
        self.spawn(service)?;
        let replica = self.replicas.last().context("the replica just started")?;
        loop {
            if matches!(replica.get("/readyz").await, Ok((200, _))) {
                return Ok(start.elapsed());
            }
            if start.elapsed() > PATIENCE {
                bail!("{} is not ready; its log:\n{}", replica.name(), replica.log());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Starts a replica.
    pub fn spawn(&mut self, service: Service) -> anyhow::Result<()> {
        let name = format!("{}-{}-{}", self.namespace, service.name(), self.replicas.len());
        let settings = self.settings_of(service);
        let folder: &Path = self.ground.folder.path();
        self.replicas
            .push(Replica::start(service, &name, &settings, folder, Group::Own)?);
        Ok(())
    }

    /// Ends all replicas.
    pub async fn clear(&mut self) -> anyhow::Result<()> {
        for replica in &mut self.replicas {
            replica.process().sigterm()?;
        }
        for replica in &mut self.replicas {
            replica.process().stop(STOPPED).await?;
        }
        self.replicas.clear();
        Ok(())
    }

    /// Publishes with confirms.
    pub async fn put(&self, messages: Vec<Outgoing>) -> anyhow::Result<()> {
        self.runtime.publisher.publish(messages).await.context("publish")
    }

    /// Publishes a message for each customer, made of its id and a number of its own.
    pub async fn feed(&self, message: impl Fn(String, u64) -> Outgoing) -> anyhow::Result<()> {
        self.feed_to(None, message).await
    }

    /// The same to another queue than the messages' own.
    pub async fn feed_to(
        &self,
        queue: Option<&str>,
        message: impl Fn(String, u64) -> Outgoing,
    ) -> anyhow::Result<()> {
        let mut sequences = 1..;
        for ids in self.simulator.company_ids().chunks(PUBLISHED) {
            let numbered = ids.iter().map(ToString::to_string).zip(sequences.by_ref());
            let messages = numbered.map(|(id, sequence)| message(id, sequence)).collect();
            match queue {
                Some(queue) => self.runtime.publisher.publish_to(queue, messages).await,
                None => self.runtime.publisher.publish(messages).await,
            }
            .context("publish")?;
        }
        Ok(())
    }

    /// Records that have left a service's stage.
    pub async fn done(&self, service: Service) -> anyhow::Result<u64> {
        match service {
            Service::Extractor => self.depth(Stage::Transform).await,
            Service::Transformer => self.depth(Stage::Load).await,
            Service::Loader => Ok(self.simulator.form_rows() as u64),
        }
    }

    /// Messages ready in a stage's queue.
    pub async fn depth(&self, stage: Stage) -> anyhow::Result<u64> {
        Ok(self.queues.waiting(stage).await?.unwrap_or(0).into())
    }

    /// Waits until `done` says so; how long it took.
    pub async fn until(
        &self,
        what: &str,
        mut done: impl AsyncFnMut(&Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<Duration> {
        let start = Instant::now();
        while !done(self).await? {
            if start.elapsed() > PATIENCE {
                let logs: Vec<_> = self
                    .replicas
                    .iter()
                    .map(|replica| kit::process::tail(&replica.log(), 5))
                    .collect();
                bail!("not within {PATIENCE:?}: {what}; logs end:\n{}", logs.join("\n"));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(start.elapsed())
    }

    /// What a service runs with, for tools as well.
    pub fn settings_of(&self, service: Service) -> Settings {
        let mut settings: Vec<(&str, String)> = vec![
            ("AMQP_URL", self.ground.amqp_url().to_owned()),
            ("REDIS_URL", self.ground.redis_url().to_owned()),
            ("NAMESPACE", self.namespace.to_string()),
            ("ADMIN_LISTEN", "127.0.0.1:0".into()),
            ("LOG_FORMAT", "json".into()),
        ];
        settings.extend(vendor_settings(service, self.simulator.url()));
        match service {
            Service::Extractor => settings.extend([
                ("OKKI_RATE", "100000".into()),
                ("OKKI_BURST", "1000".into()),
                ("OKKI_CONCURRENCY", "32".into()),
                ("OKKI_PAGE_SIZE", "500".into()),
                ("EVERY", "1s".into()),
                ("SETTLE_DELAY", "1s".into()),
            ]),
            Service::Transformer => {}
            Service::Loader => settings.extend([("INDEX_SETTLE", "0s".into())]),
        }
        let mut settings: Settings = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        settings.extend(self.settings.iter().cloned());
        settings
    }
}

impl Drop for Floor<'_> {
    fn drop(&mut self) {
        self.replicas.clear();
        forget(
            self.queues.clone(),
            self.ground.redis_url().to_owned(),
            self.namespace.clone(),
        );
    }
}

/// User and system time of a process so far.
pub fn cpu_seconds(replica: &mut Replica) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", replica.process().id()))
        .context("ask the kernel")?;
    // The program's name stands in brackets and may hold spaces.
    let (_, rest) = stat.rsplit_once(')').context("the kernel's answer")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    Ok((ticks(11) + ticks(12)) / TICKS)
}

/// The most memory that a process ever had.
pub fn peak_rss_mib(replica: &mut Replica) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", replica.process().id()))
        .context("ask the kernel")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("the kernel's answer")?;
    let kib: f64 = line
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse()
        .context("the kernel's answer")?;
    Ok(kib / 1024.0)
}
