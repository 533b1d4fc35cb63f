//! Who takes part in the demo: the services, the vendors, and the replicas of the three binaries.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use pipeline::names::Namespace;
use pipeline::telemetry::names;
use tempfile::TempDir;

use super::vendors::Vendors;
use kit::config::{ServicesArgs, mapping_document};
use kit::harness::{Queues, Replica, Service, Settings, command, forget};
use kit::process::{Group, tail};
use kit::services::Services;

const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
];
const DRAINED: Duration = Duration::from_secs(30);

/// Everything that runs, in the order in which it must end.
pub struct Cast {
    pub vendors: Vendors,
    pub queues: Queues,
    replicas: Vec<Replica>,
    namespace: Namespace,
    services: Services,
    folder: TempDir,
}

impl Cast {
    /// The services and the vendors; the product does not run yet.
    pub async fn gather(services: &ServicesArgs, customers: u32, seed: u64) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("okki-demo-")
            .tempdir()
            .context("make a folder for logs")?;
        let (services, vendors) = tokio::try_join!(
            Services::obtain(services),
            Vendors::start(folder.path(), customers, seed)
        )?;
        let random = uuid::Uuid::new_v4().simple().to_string();
        let namespace: Namespace = format!("demo-{}", &random[..8]).parse()?;
        let queues = Queues::new(services.amqp_url(), namespace.clone(), RETRY_DELAYS.to_vec());
        Ok(Self {
            vendors,
            queues,
            replicas: Vec::new(),
            namespace,
            services,
            folder,
        })
    }

    /// Starts one more replica.
    pub fn enter(&mut self, service: Service) -> anyhow::Result<()> {
        let number = self
            .replicas
            .iter()
            .filter(|replica| replica.service == service)
            .count()
            + 1;
        let name = format!("{}-{number}", service.name());
        let settings = self.settings(service);
        self.replicas.push(Replica::start(
            service,
            &name,
            &settings,
            self.folder.path(),
            Group::Own,
        )?);
        Ok(())
    }

    /// An error, with its log, if one of them has ended.
    pub fn check(&mut self) -> anyhow::Result<()> {
        for replica in &mut self.replicas {
            let status = replica.process().exited()?;
            let process = replica.process();
            ensure!(
                status.is_none(),
                "{} ended by itself ({}); its log ends:\n{}",
                process.name(),
                status.map(|status| status.to_string()).unwrap_or_default(),
                process.log_tail(15)
            );
        }
        Ok(())
    }

    /// The last lines of everybody's log, for a failure.
    pub fn logs(&mut self) -> String {
        let of = |replica: &mut Replica| {
            let process = replica.process();
            format!("--- {} ---\n{}", process.name(), process.log_tail(12))
        };
        self.replicas.iter_mut().map(of).collect::<Vec<_>>().join("\n")
    }

    /// A subcommand of one of the binaries, as a user would type it; what it printed.
    pub async fn tool(&self, service: Service, arguments: &[&str]) -> anyhow::Result<String> {
        let mut tool = tokio::process::Command::from(command(service, &self.settings(service))?);
        let output = tool
            .args(arguments)
            .kill_on_drop(true)
            .output()
            .await
            .context("run a tool")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{} {}: {}\n{}",
            service.name(),
            arguments.join(" "),
            output.status,
            tail(&errors, 15)
        );
        String::from_utf8(output.stdout).context("read what the tool printed")
    }

    /// The sum of a metric over the replicas of a service, or over all of them; what cannot be read counts nothing.
    pub async fn metric(&self, name: &str, service: Option<Service>) -> u64 {
        let mut sum = 0.0;
        for replica in self
            .replicas
            .iter()
            .filter(|replica| service.is_none_or(|only| only == replica.service))
        {
            let Ok((200, metrics)) = replica.get("/metrics").await else {
                continue;
            };
            let values = metrics
                .lines()
                .filter_map(|line| line.strip_prefix(name)?.strip_prefix('{')?.rsplit(' ').next());
            sum += values.filter_map(|value| value.parse::<f64>().ok()).sum::<f64>();
        }
        // Counts of records, far below what a float holds exactly.
        sum as u64
    }

    /// Whether no record waits in a queue or is in somebody's hands.
    pub async fn is_idle(&self) -> anyhow::Result<bool> {
        Ok(self.queues.waiting_in_all().await? == 0 && self.metric(names::IN_FLIGHT, None).await == 0)
    }

    /// Asks everybody to finish, and leaves nothing behind.
    pub async fn bow(mut self) -> anyhow::Result<()> {
        for replica in &mut self.replicas {
            replica.process().sigterm()?;
        }
        for replica in &mut self.replicas {
            let status = replica.process().wait(DRAINED).await?;
            ensure!(
                status.success(),
                "{} ended with {status} after SIGTERM",
                replica.name()
            );
        }
        Ok(())
    }

    fn settings(&self, service: Service) -> Settings {
        let delays: Vec<_> = RETRY_DELAYS
            .iter()
            .map(|delay| format!("{}s", delay.as_secs()))
            .collect();
        let mut settings: Settings = [
            ("AMQP_URL", self.services.amqp_url().to_owned()),
            ("REDIS_URL", self.services.redis_url().to_owned()),
            ("NAMESPACE", self.namespace.to_string()),
            ("LOG_FORMAT", "json".into()),
            ("RETRY_DELAYS", delays.join(",")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        // OKKI publishes no limits, so the account's owner sets them; the demo's account is a generous one.
        // A short time-out also shortens the wait for late writes of a predecessor when the loader finds no index.
        let own: &[(&str, &str)] = match service {
            Service::Extractor => &[
                ("OKKI_RATE", "250"),
                ("OKKI_BURST", "10"),
                ("OKKI_CONCURRENCY", "16"),
                ("EVERY", "1s"),
                ("SETTLE_DELAY", "2s"),
                ("BACKFILL_AHEAD", "2000"),
            ],
            Service::Transformer => &[],
            Service::Loader => &[("JDY_TIMEOUT", "5s"), ("INDEX_SETTLE", "2s")],
        };
        settings.extend(
            own.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        if service == Service::Transformer {
            settings.insert("MAPPING".into(), mapping_document());
        }
        let vendor = match service {
            Service::Extractor => "OKKI_",
            Service::Transformer => return settings,
            Service::Loader => "JDY_",
        };
        let named = self
            .vendors
            .exports
            .iter()
            .filter(|(name, _)| name.starts_with(vendor));
        settings.extend(named.map(|(name, value)| (name.clone(), value.clone())));
        settings
    }

    /// Where the logs are while the demo runs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Cast {
    fn drop(&mut self) {
        // Whoever still runs is killed: this is also the way out after Ctrl-C and after a failure.
        self.replicas.clear();
        forget(
            self.queues.clone(),
            self.services.redis_url().to_owned(),
            self.namespace.clone(),
        );
    }
}
