//! One whole pipeline for one test: its namespace, the simulator it runs against, and the replicas started so far.
//!
//! However the test ends, its processes are gone, its queues and keys are deleted, and after a failure the end of every
//! process's log is printed.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};
use std::time::Duration;

use anyhow::{Context, ensure};
use pipeline::names::Namespace;
use tempfile::TempDir;

use super::eventually::{eventually, expect};
use super::forget::forget;
use super::queues::Queues;
use super::replica::{Replica, Service, Settings, command};
use super::vendors::vendor_settings;
use crate::process::{Group, tail};
use crate::services::shared;
use crate::simulator::{Options, Report, Simulator};

/// Retry ladder of the tests: the same number of steps as in production, in a thousandth of the time.
const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// How a process may take to drain; the product's own deadline is below this.
const DRAINED: Duration = Duration::from_secs(40);

/// What a pipeline is started with.
#[derive(Debug, Default)]
pub struct Builder {
    options: Options,
    urls: Option<(String, String)>,
    settings: Vec<(Option<Service>, String, String)>,
}

impl Builder {
    /// Customers of the simulated account; all changed within the last 90 days.
    pub fn customers(mut self, customers: u32) -> Self {
        self.options.customers = customers;
        self
    }

    /// Seed of their contents.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }

    /// Changes how the simulator starts.
    pub fn simulator(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Sets a variable for every service.
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((None, name.to_owned(), value.into()));
        self
    }

    /// Sets a variable for one service.
    pub fn set_for(mut self, service: Service, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((Some(service), name.to_owned(), value.into()));
        self
    }

    /// Runs against these instead of the shared services, for tests that kill theirs.
    pub fn services(mut self, amqp_url: &str, redis_url: &str) -> Self {
        self.urls = Some((amqp_url.to_owned(), redis_url.to_owned()));
        self
    }

    /// Starts the simulator; no service runs yet.
    pub async fn start(self) -> Pipeline {
        self.try_start().await.expect("start a pipeline")
    }

    async fn try_start(self) -> anyhow::Result<Pipeline> {
        let (amqp_url, redis_url) = match self.urls {
            Some(urls) => urls,
            None => {
                let shared = shared().await?;
                (shared.amqp_url.clone(), shared.redis_url.clone())
            }
        };
        let namespace: Namespace =
            format!("t-{}", &uuid::Uuid::new_v4().simple().to_string()[..12]).parse()?;
        let simulator = Simulator::start(self.options)
            .await
            .context("start the simulator")?;
        let queues = Queues::new(&amqp_url, namespace.clone(), RETRY_DELAYS.to_vec());
        let folder = tempfile::Builder::new()
            .prefix("okki-test-")
            .tempdir()
            .context("make a folder for logs")?;
        let mut settings: BTreeMap<Service, Settings> = Service::ALL
            .into_iter()
            .map(|service| (service, defaults(service, &simulator)))
            .collect();
        for values in settings.values_mut() {
            values.insert("AMQP_URL".into(), amqp_url.clone());
            values.insert("REDIS_URL".into(), redis_url.clone());
            values.insert("NAMESPACE".into(), namespace.to_string());
        }
        for (service, name, value) in self.settings {
            for (_, values) in settings
                .iter_mut()
                .filter(|(known, _)| service.is_none_or(|only| only == **known))
            {
                values.insert(name.clone(), value.clone());
            }
        }
        Ok(Pipeline {
            namespace,
            simulator,
            queues,
            settings,
            redis_url,
            replicas: Vec::new(),
            folder,
        })
    }
}

fn defaults(service: Service, simulator: &Simulator) -> Settings {
    let delays: Vec<_> = RETRY_DELAYS
        .iter()
        .map(|delay| format!("{}ms", delay.as_millis()))
        .collect();
    let mut settings: Vec<(&str, String)> = vec![
        ("ADMIN_LISTEN", "127.0.0.1:0".into()),
        ("LOG_FORMAT", "json".into()),
        ("RETRY_DELAYS", delays.join(",")),
    ];
    settings.extend(vendor_settings(service, simulator.url()));
    settings.extend(match service {
        Service::Extractor => vec![
            ("OKKI_RATE", "90".into()),
            ("OKKI_TIMEOUT", "5s".into()),
            ("EVERY", "1s".into()),
            ("SETTLE_DELAY", "2s".into()),
            ("LEASE_TTL", "3s".into()),
        ],
        Service::Transformer => vec![],
        Service::Loader => vec![
            ("JDY_TIMEOUT", "2s".into()),
            ("INDEX_SETTLE", "2500ms".into()),
            ("LEASE", "10s".into()),
        ],
    });
    settings
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A running pipeline.
pub struct Pipeline {
    /// Its namespace.
    pub namespace: Namespace,
    /// Both vendors, and the judge.
    pub simulator: Simulator,
    /// Its queues, seen from outside.
    pub queues: Queues,
    settings: BTreeMap<Service, Settings>,
    redis_url: String,
    replicas: Vec<Replica>,
    folder: TempDir,
}

/// Names a replica of a [`Pipeline`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(usize);

impl Index<Id> for Pipeline {
    type Output = Replica;

    fn index(&self, id: Id) -> &Replica {
        &self.replicas[id.0]
    }
}

impl IndexMut<Id> for Pipeline {
    fn index_mut(&mut self, id: Id) -> &mut Replica {
        &mut self.replicas[id.0]
    }
}

impl Pipeline {
    /// A pipeline to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts one more replica.
    pub fn run(&mut self, service: Service) -> Id {
        self.run_with(service, &[])
    }

    /// Starts one more replica with some settings of its own.
    pub fn run_with(&mut self, service: Service, own: &[(&str, &str)]) -> Id {
        let mut settings = self.settings[&service].clone();
        settings.extend(
            own.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let name = format!("{}-{}", service.name(), self.replicas.len());
        let replica = Replica::start(service, &name, &settings, self.folder.path(), Group::Inherited);
        self.replicas.push(replica.expect("start a replica"));
        Id(self.replicas.len() - 1)
    }

    /// Starts one replica of each service.
    pub fn run_all(&mut self) -> [Id; 3] {
        Service::ALL.map(|service| self.run(service))
    }

    /// A subcommand of a service with the settings that its replicas have; what it printed, once it succeeded.
    pub async fn tool(&self, service: Service, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = tokio::process::Command::from(command(service, &self.settings[&service])?);
        let output = command
            .args(arguments)
            .kill_on_drop(true)
            .output()
            .await
            .context("run a tool")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{} {arguments:?}: {}\n{}",
            service.name(),
            output.status,
            tail(&errors, 20)
        );
        String::from_utf8(output.stdout).context("read what the tool printed")
    }

    /// A service's variables, for tests that leave some out.
    pub fn settings(&self, service: Service) -> Settings {
        self.settings[&service].clone()
    }

    /// Fails at once when a replica that nobody killed has ended with an error, instead of waiting for what it would do.
    fn check(&mut self) {
        for replica in self.replicas.iter_mut().filter(|replica| !replica.killed()) {
            let status = replica.process().exited().expect("ask for an exit status");
            let failed = status.filter(|status| !status.success());
            assert!(failed.is_none(), "{} ended by itself: {failed:?}", replica.name());
        }
    }

    /// Waits until the form is exactly what the customers are.
    pub async fn settled(&mut self, limit: Duration) -> Report {
        eventually(limit, "the form equals the customers", async || {
            self.check();
            let report = self.simulator.judge().await;
            if report.is_equal() {
                Ok(report)
            } else {
                Err(format!("{report:?}"))
            }
        })
        .await
    }

    /// Waits until at least `rows` rows are in the form.
    pub async fn rows(&mut self, limit: Duration, rows: usize) {
        eventually(limit, &format!("{rows} rows in the form"), async || {
            self.check();
            let seen = self.simulator.form_rows();
            expect(seen >= rows, || format!("{seen} rows"))
        })
        .await;
    }

    /// Waits until nothing is ready in any work or retry queue, and `dead` letters lie in all dead-letter queues.
    pub async fn quiet(&mut self, limit: Duration, dead: u32) {
        self.quiet_with(limit, dead..=dead).await;
    }

    /// The same with a number of dead letters within these bounds.
    pub async fn quiet_with(&mut self, limit: Duration, dead: std::ops::RangeInclusive<u32>) {
        eventually(
            limit,
            &format!("empty queues and {dead:?} dead letters"),
            async || {
                let waiting = self
                    .queues
                    .waiting_in_all()
                    .await
                    .map_err(|error| format!("{error:#}"))?;
                let lying = self
                    .queues
                    .dead_in_all()
                    .await
                    .map_err(|error| format!("{error:#}"))?;
                expect(waiting == 0 && dead.contains(&lying), || {
                    format!("{waiting} waiting, {lying} dead")
                })
            },
        )
        .await;
    }

    /// Asks every replica that still runs to end: each must drain and exit with 0.
    pub async fn drain(&mut self) {
        for replica in &mut self.replicas {
            replica.process().sigterm().expect("send SIGTERM");
        }
        for replica in &mut self.replicas {
            if replica.killed() {
                continue;
            }
            let name = replica.name().to_owned();
            let status = replica
                .process()
                .wait(DRAINED)
                .await
                .expect("a drained process ends");
            assert!(status.success(), "{name} ended with {status} after SIGTERM");
        }
    }

    /// Log lines of all replicas at WARN or ERROR.
    pub fn complaints(&self) -> Vec<String> {
        let is_complaint =
            |line: &&str| line.contains(r#""level":"WARN""#) || line.contains(r#""level":"ERROR""#);
        let of = |replica: &Replica| {
            let log = replica.log();
            let lines = log.lines().filter(is_complaint);
            lines
                .map(|line| format!("{}: {line}", replica.name()))
                .collect::<Vec<_>>()
        };
        self.replicas.iter().flat_map(of).collect()
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for replica in &mut self.replicas {
                let tail = replica.process().log_tail(25);
                eprintln!("\n--- {} ---\n{tail}", replica.name());
            }
            eprintln!("\n(queues and keys of {} are deleted)", self.namespace);
        }
        self.replicas.clear();
        forget(
            self.queues.clone(),
            self.redis_url.clone(),
            self.namespace.clone(),
        );
    }
}
