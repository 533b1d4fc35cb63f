//! What a pipeline under test is made of, before it is started.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use pipeline::names::Namespace;
use tempfile::TempDir;

use super::PipelineUnderTest;
use super::proxies::Proxies;
use super::replica::Service;
use super::settings::{self, Settings};
use crate::config::ServicesArgs;
use crate::process::Group;
use crate::queues::Queues;
use crate::services::{Services, shared};
use crate::simulator::{Options, Simulator, SimulatorProcess};

/// Retry ladder of the tests: the same number of steps as in production, in a thousandth of the time.
const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// Where RabbitMQ and Redis come from.
#[derive(Debug)]
enum Source {
    /// The pair of this test executable.
    Shared,
    /// Somebody else's, who also ends them.
    Given { amqp_url: String, redis_url: String },
    /// Obtained for this pipeline alone, and ended with it.
    Own(ServicesArgs),
}

/// What a pipeline is started with.
#[derive(Debug)]
pub struct Builder {
    name: String,
    options: Options,
    source: Source,
    settings: Vec<(Option<Service>, String, String)>,
    retry_delays: Vec<Duration>,
    proxies: bool,
    logs: Option<PathBuf>,
    group: Group,
}

/// Where logs go; a temporary folder unless the caller named one.
#[derive(Debug)]
pub(super) struct Logs {
    pub(super) folder: PathBuf,
    _temporary: Option<TempDir>,
}

impl Builder {
    /// Services of its own with the product's own settings; `name` is the beginning of its namespace.
    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            options: Options::default(),
            source: Source::Own(ServicesArgs::default()),
            settings: Vec::new(),
            retry_delays: Vec::new(),
            proxies: false,
            logs: None,
            group: Group::Own,
        }
    }

    /// The shared services, and settings that make waits short.
    pub(super) fn for_test() -> Self {
        let settings = settings::OF_TESTS
            .map(|(service, name, value)| (Some(service), name.to_owned(), value.to_owned()));
        Self {
            source: Source::Shared,
            settings: settings.into(),
            group: Group::Inherited,
            ..Self::named("t")
        }
        .retry_delays(RETRY_DELAYS)
    }

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

    /// Sets several variables for one service.
    pub fn set_all_for(self, service: Service, settings: &[(&str, &str)]) -> Self {
        settings.iter().fold(self, |builder, (name, value)| {
            builder.set_for(service, name, *value)
        })
    }

    /// Sets the retry ladder, after which queues are named.
    pub fn retry_delays(mut self, delays: impl Into<Vec<Duration>>) -> Self {
        self.retry_delays = delays.into();
        let texts: Vec<_> = self
            .retry_delays
            .iter()
            .map(|delay| format!("{}ms", delay.as_millis()))
            .collect();
        self.set("RETRY_DELAYS", texts.join(","))
    }

    /// Runs against services that the caller holds, and may kill.
    pub fn services(mut self, amqp_url: &str, redis_url: &str) -> Self {
        self.source = Source::Given {
            amqp_url: amqp_url.to_owned(),
            redis_url: redis_url.to_owned(),
        };
        self
    }

    /// Runs against the services that the arguments name; those that they do not name are started for it alone.
    pub fn own_services(mut self, args: &ServicesArgs) -> Self {
        self.source = Source::Own(args.clone());
        self
    }

    /// Puts proxies between the replicas and everything that they talk to. Tools go past them.
    pub fn proxies(mut self) -> Self {
        self.proxies = true;
        self
    }

    /// Writes logs into this folder, which stays.
    pub fn logs(mut self, folder: impl Into<PathBuf>) -> Self {
        self.logs = Some(folder.into());
        self
    }

    /// Starts the simulator in this process; no service runs yet.
    ///
    /// # Panics
    /// When that fails: for tests.
    pub async fn start(self) -> PipelineUnderTest {
        self.try_start().await.expect("start a pipeline")
    }

    /// Starts the simulator in this process; no service runs yet.
    pub async fn try_start(self) -> anyhow::Result<PipelineUnderTest> {
        let logs = Logs::open(self.logs.clone())?;
        let simulator = Simulator::start(self.options.clone())
            .await
            .context("start the simulator")?;
        let url = simulator.url();
        self.assemble(simulator, &url, logs).await
    }

    /// Starts the simulator as a process of its own; no service runs yet.
    pub async fn try_start_apart(self) -> anyhow::Result<PipelineUnderTest<SimulatorProcess>> {
        let logs = Logs::open(self.logs.clone())?;
        let simulator = SimulatorProcess::start(&self.options, &logs.folder).await?;
        let url = simulator.url().to_owned();
        self.assemble(simulator, &url, logs).await
    }

    async fn assemble<V>(
        self,
        simulator: V,
        vendors: &str,
        logs: Logs,
    ) -> anyhow::Result<PipelineUnderTest<V>> {
        let mut services = None;
        let (amqp_url, redis_url) = match &self.source {
            Source::Given { amqp_url, redis_url } => (amqp_url.clone(), redis_url.clone()),
            Source::Shared => {
                let shared = shared().await?;
                (shared.amqp_url.clone(), shared.redis_url.clone())
            }
            Source::Own(args) => {
                let own = services.insert(Services::obtain(args).await?);
                (own.amqp_url().to_owned(), own.redis_url().to_owned())
            }
        };
        let random = uuid::Uuid::new_v4().simple().to_string();
        let namespace: Namespace = format!("{}-{}", self.name, &random[..12]).parse()?;
        let proxies = match self.proxies {
            true => Some(Proxies::start(&amqp_url, &redis_url, vendors).await?),
            false => None,
        };
        let mut settings: BTreeMap<Service, Settings> = Service::ALL
            .into_iter()
            .map(|service| (service, settings::needed(service, vendors)))
            .collect();
        for values in settings.values_mut() {
            values.insert("AMQP_URL".into(), amqp_url.clone());
            values.insert("REDIS_URL".into(), redis_url.clone());
            values.insert("NAMESPACE".into(), namespace.to_string());
            // Another test may get the port of this one's vendors.
            values.insert("ACCOUNT_NAMESPACE".into(), namespace.to_string());
        }
        let queues = Queues::new(amqp_url, namespace.clone(), self.retry_delays);
        let mut pipeline = PipelineUnderTest {
            namespace,
            simulator,
            queues,
            services,
            proxies,
            settings,
            redis_url,
            places: Vec::new(),
            group: self.group,
            logs,
        };
        for (service, name, value) in &self.settings {
            match service {
                Some(service) => pipeline.set_for(*service, name, value),
                None => pipeline.set(name, value),
            }
        }
        Ok(pipeline)
    }
}

impl Logs {
    fn open(named: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(folder) = named {
            return Ok(Self {
                folder,
                _temporary: None,
            });
        }
        let temporary = tempfile::Builder::new()
            .prefix("okki-test-")
            .tempdir()
            .context("make a folder for logs")?;
        Ok(Self {
            folder: temporary.path().to_path_buf(),
            _temporary: Some(temporary),
        })
    }
}
