//! The pipeline under test, for end-to-end tests, demo, chaos and bench alike: the real programs as processes in a
//! namespace of their own, with RabbitMQ, Redis and the simulated vendors.
//!
//! However its owner ends, the processes are gone and queues and keys are deleted; after a failed test the end of every
//! process's log is printed.
#![allow(clippy::expect_used)]

mod builder;
mod cleanup;
mod expectations;
mod proxies;
mod replica;
mod settings;
mod state;

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, ensure};
use pipeline::names::Namespace;

use self::builder::Logs;
use crate::process::{Group, tail};
use crate::queues::Queues;
use crate::services::Services;
use crate::simulator::Simulator;

pub use self::builder::Builder;
pub use self::proxies::Proxies;
pub use self::replica::{Replica, Service, command};
pub use self::settings::Settings;

/// How long a process may take to drain; the product's own deadline is below this.
const DRAINED: Duration = Duration::from_secs(40);

/// A running pipeline. `V` is the simulator: in this process, or a process of its own.
pub struct PipelineUnderTest<V = Simulator> {
    /// Its namespace.
    pub namespace: Namespace,
    /// Both vendors, and the judge.
    pub simulator: V,
    /// Its queues, seen from outside.
    pub queues: Queues,
    /// RabbitMQ and Redis, if they are its own.
    pub services: Option<Services>,
    /// Between the replicas and everything else, if they were asked for.
    pub proxies: Option<Proxies>,
    settings: BTreeMap<Service, Settings>,
    redis_url: String,
    places: Vec<Place>,
    group: Group,
    logs: Logs,
}

/// Where one replica runs, and the next one after it.
struct Place {
    replica: Replica,
    /// Which of its service, from 0.
    number: usize,
    /// Replicas that ran here before.
    before: usize,
    own: Vec<(String, String)>,
}

/// Names a replica of a [`PipelineUnderTest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicaId(usize);

impl<V> Index<ReplicaId> for PipelineUnderTest<V> {
    type Output = Replica;

    fn index(&self, id: ReplicaId) -> &Replica {
        &self.places[id.0].replica
    }
}

impl<V> IndexMut<ReplicaId> for PipelineUnderTest<V> {
    fn index_mut(&mut self, id: ReplicaId) -> &mut Replica {
        &mut self.places[id.0].replica
    }
}

impl PipelineUnderTest {
    /// A pipeline with services of its own and the product's own settings; `name` is the beginning of its namespace.
    pub fn named(name: &str) -> Builder {
        Builder::named(name)
    }

    /// A pipeline for a test of this executable: against the services that all tests share, with short waits.
    pub fn for_test() -> Builder {
        Builder::for_test()
    }
}

impl<V> PipelineUnderTest<V> {
    /// Starts one more replica.
    ///
    /// # Panics
    /// When that fails: for tests.
    pub fn run(&mut self, service: Service) -> ReplicaId {
        self.run_with(service, &[])
    }

    /// Starts one more replica with some settings of its own.
    ///
    /// # Panics
    /// When that fails: for tests.
    pub fn run_with(&mut self, service: Service, own: &[(&str, &str)]) -> ReplicaId {
        self.try_run_with(service, own).expect("start a replica")
    }

    /// Starts one replica of each service.
    ///
    /// # Panics
    /// When that fails: for tests.
    pub fn run_all(&mut self) -> [ReplicaId; 3] {
        Service::ALL.map(|service| self.run(service))
    }

    /// Starts one more replica.
    pub fn try_run(&mut self, service: Service) -> anyhow::Result<ReplicaId> {
        self.try_run_with(service, &[])
    }

    /// Starts one more replica with some settings of its own.
    pub fn try_run_with(&mut self, service: Service, own: &[(&str, &str)]) -> anyhow::Result<ReplicaId> {
        let of_service = self.replicas().filter(|replica| replica.service == service);
        let number = of_service.count();
        let own: Vec<_> = own
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let name = format!("{}-{number}", service.name());
        let replica = self.start_replica(service, &name, &own)?;
        self.places.push(Place {
            replica,
            number,
            before: 0,
            own,
        });
        Ok(ReplicaId(self.places.len() - 1))
    }

    /// Starts the next replica in the place of one that has ended, with the settings of now; its log is a new one.
    pub fn restart(&mut self, id: ReplicaId) -> anyhow::Result<()> {
        let place = &self.places[id.0];
        let (service, before) = (place.replica.service, place.before + 1);
        let name = format!("{}-{}.{before}", service.name(), place.number);
        let replica = self.start_replica(service, &name, &place.own)?;
        let place = &mut self.places[id.0];
        (place.replica, place.before) = (replica, before);
        Ok(())
    }

    fn start_replica(
        &self,
        service: Service,
        name: &str,
        own: &[(String, String)],
    ) -> anyhow::Result<Replica> {
        let mut settings = self.settings(service);
        settings.extend(own.iter().cloned());
        if let Some(proxies) = &self.proxies {
            proxies.redirect(&mut settings)?;
        }
        Replica::start(service, name, &settings, &self.logs.folder, self.group)
            .with_context(|| format!("start {name}"))
    }

    /// All replicas in the order in which they were started.
    pub fn replicas(&self) -> impl Iterator<Item = &Replica> {
        self.places.iter().map(|place| &place.replica)
    }

    /// A service's variables as tools get them: past the proxies.
    pub fn settings(&self, service: Service) -> Settings {
        self.settings[&service].clone()
    }

    /// Sets a variable for every process that starts from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        for settings in self.settings.values_mut() {
            settings.insert(name.to_owned(), value.clone());
        }
    }

    /// Sets a variable for every process of one service that starts from now on.
    pub fn set_for(&mut self, service: Service, name: &str, value: impl Into<String>) {
        let settings = self.settings.entry(service).or_default();
        settings.insert(name.to_owned(), value.into());
    }

    /// Takes a variable of one service away again.
    pub fn unset_for(&mut self, service: Service, name: &str) {
        self.settings.entry(service).or_default().remove(name);
    }

    /// The last lines of every replica's log.
    pub fn logs(&self, lines: usize) -> String {
        let of = |replica: &Replica| format!("--- {} ---\n{}", replica.name(), tail(&replica.log(), lines));
        self.replicas().map(of).collect::<Vec<_>>().join("\n")
    }

    /// A subcommand of a service, as an operator would type it; what it printed, once it succeeded. What `status` says is
    /// an answer, well or not.
    pub async fn tool(&self, service: Service, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.tool_output(service, arguments).await?;
        let is_verdict = arguments.first() == Some(&"status") && output.status.code() == Some(1);
        ensure!(
            output.status.success() || is_verdict,
            "{} {}: {}\n{}",
            service.name(),
            arguments.join(" "),
            output.status,
            tail(&String::from_utf8_lossy(&output.stderr), 20)
        );
        String::from_utf8(output.stdout).context("read what the tool printed")
    }

    /// A subcommand of a service, whether it succeeds or not.
    pub async fn tool_output(&self, service: Service, arguments: &[&str]) -> anyhow::Result<Output> {
        tokio::process::Command::from(command(service, &self.settings[&service])?)
            .args(arguments)
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("run {} {}", service.name(), arguments.join(" ")))
    }

    /// Asks every replica that still runs to end: an error unless each drains and exits with 0.
    pub async fn try_drain(&mut self) -> anyhow::Result<()> {
        for place in &mut self.places {
            place.replica.process().sigterm()?;
        }
        for Place { replica, .. } in &mut self.places {
            if replica.killed() {
                continue;
            }
            let status = replica.process().wait(DRAINED).await?;
            ensure!(
                status.success(),
                "{} ended with {status} after SIGTERM",
                replica.name()
            );
        }
        Ok(())
    }
}

impl<V> Drop for PipelineUnderTest<V> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "\n{}\n(queues and keys of {} are deleted)",
                self.logs(25),
                self.namespace
            );
        }
        // What still runs is killed: this is also the way out after Ctrl-C and after a failure.
        self.places.clear();
        cleanup::delete(
            self.queues.clone(),
            self.redis_url.clone(),
            self.namespace.clone(),
        );
    }
}
