//! What every measurement stands on: private services, a pipeline of its own with release builds, and messages made by
//! hand.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Parser;
use pipeline::config::{CommonArgs, CommonConfig};
use pipeline::events::Event;
use pipeline::message::Outgoing;
use pipeline::service::Runtime;
use pipeline::shutdown::Shutdown;
use pipeline::stage::Stage;

use kit::config::ServicesArgs;
use kit::pipeline::{PipelineUnderTest, ReplicaId, Service};
use kit::services::Services;
use kit::simulator::Options as Vendors;

/// How long anything may take before a measurement is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How often counts are polled; the error of a measured time.
const POLL: Duration = Duration::from_millis(20);
/// How often a starting replica is polled.
const POLL_START: Duration = Duration::from_millis(5);
/// Messages published at a time.
const PUBLISHED: usize = 1_000;

const EXTRACTOR: [(&str, &str); 7] = [
    ("OKKI_RATE", "100000"),
    ("OKKI_BURST", "1000"),
    ("OKKI_CONCURRENCY", "32"),
    ("OKKI_PAGE_SIZE", "500"),
    ("EVERY", "1s"),
    ("SETTLE_DELAY", "1s"),
    // A first load that is measured must not wait for anybody.
    ("BACKFILL_AHEAD", "20000"),
];

/// RabbitMQ and Redis for all measurements.
pub(crate) async fn services() -> anyhow::Result<Services> {
    Services::obtain(&ServicesArgs::default()).await
}

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    common: CommonArgs,
}

/// One measurement's own pipeline; everything it left in the services goes when it is dropped.
pub(crate) struct Fixture {
    pub pipeline: PipelineUnderTest,
    runtime: Runtime,
}

impl Fixture {
    /// Vendors without quotas that answer at once, unless `change` says otherwise.
    pub(crate) async fn new(
        services: &Services,
        customers: u32,
        change: impl FnOnce(&mut Vendors),
    ) -> anyhow::Result<Self> {
        let pipeline = PipelineUnderTest::named("bench")
            .services(services.amqp_url(), services.redis_url())
            .customers(customers)
            .simulator(|vendors| {
                lift_limits(vendors);
                change(vendors);
            })
            .set_all_for(Service::Extractor, &EXTRACTOR)
            .set_for(Service::Loader, "INDEX_SETTLE", "0s")
            .try_start()
            .await?;
        let common = Arguments::parse_from([
            "bench",
            "--amqp-url",
            services.amqp_url(),
            "--redis-url",
            services.redis_url(),
            "--namespace",
            &pipeline.namespace.to_string(),
        ]);
        let common = CommonConfig::try_from(common.common)?;
        let runtime = Runtime::assemble("bench", &common, Shutdown::manual(Duration::from_secs(5)))?;
        for stage in Stage::ALL {
            runtime.declare(stage).await?;
        }
        Ok(Self { pipeline, runtime })
    }

    /// Lets the loaders that start from now on write as fast as they can.
    pub(crate) fn lift_quotas(&mut self) {
        for rate in ["COMPANY", "BATCH_CREATE", "WRITE", "READ"] {
            self.set(&format!("JDY_RATE_{rate}"), 100_000);
        }
    }

    /// Sets a variable for the replicas that start from now on.
    pub(crate) fn set(&mut self, name: &str, value: impl ToString) {
        self.pipeline.set(name, value.to_string());
    }

    /// Starts a replica and waits until it is ready; how long that took.
    pub(crate) async fn start(&mut self, service: Service) -> anyhow::Result<(ReplicaId, Duration)> {
        let start = Instant::now();
        let id = self.pipeline.try_run(service)?;
        let replica = &self.pipeline[id];
        loop {
            if replica.is_ready().await {
                return Ok((id, start.elapsed()));
            }
            if start.elapsed() > PATIENCE {
                bail!("{} is not ready; its log:\n{}", replica.name(), replica.log());
            }
            tokio::time::sleep(POLL_START).await;
        }
    }

    /// Ends all replicas.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        self.pipeline.try_drain().await
    }

    /// Says in the account of events what became of customers.
    pub(crate) async fn tell(&self, stage: Stage, events: Vec<Event>) {
        self.runtime.events.write(stage, events).await;
    }

    /// Publishes with confirms.
    pub(crate) async fn put(&self, messages: Vec<Outgoing>) -> anyhow::Result<()> {
        self.runtime.publisher.publish(messages).await.context("publish")
    }

    /// Publishes a message for each customer, made of its id and a number of its own.
    pub(crate) async fn feed(&self, message: impl Fn(String, u64) -> Outgoing) -> anyhow::Result<()> {
        self.feed_to(None, message).await
    }

    /// The same to another queue than the messages' own.
    pub(crate) async fn feed_to(
        &self,
        queue: Option<&str>,
        message: impl Fn(String, u64) -> Outgoing,
    ) -> anyhow::Result<()> {
        let mut sequences = 1..;
        for ids in self.pipeline.simulator.company_ids().chunks(PUBLISHED) {
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

    /// Records that have left a service's stage since its replicas began; messages would be fewer.
    pub(crate) async fn done(&self, service: Service) -> anyhow::Result<u64> {
        match service {
            Service::Extractor | Service::Transformer => {
                Ok(self.pipeline.metric("okki_records_total", service).await)
            }
            Service::Loader => Ok(self.pipeline.simulator.form_rows() as u64),
        }
    }

    /// Waits until `done` says so; how long it took.
    pub(crate) async fn until(
        &self,
        what: &str,
        mut done: impl AsyncFnMut(&Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<Duration> {
        let start = Instant::now();
        while !done(self).await? {
            if start.elapsed() > PATIENCE {
                let logs = self.pipeline.logs(5);
                bail!(
                    "not within {PATIENCE:?}: {what}; logs end:
{logs}"
                );
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(start.elapsed())
    }
}

fn lift_limits(vendors: &mut Vendors) {
    let settings = &mut vendors.settings;
    settings.okki.per_second = None;
    settings.jdy.company_per_second = None;
    settings.jdy.concurrency = None;
    settings.jdy.limits.values_mut().for_each(|limit| *limit = None);
}
