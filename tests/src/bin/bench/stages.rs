//! Throughput and processor time of each stage alone, then of all three together, without quotas.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pipeline::stage::Stage;

use super::fixture::Fixture;
use super::proc::{cpu_seconds, own_cpu_seconds, peak_rss_mib, tree_cpu_seconds};
use kit::pipeline::Service;
use kit::services::Services;

/// What one stage did with all customers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pass {
    pub service: Service,
    pub per_second: f64,
    pub cpu_seconds_per_1000: f64,
    pub ready: Duration,
}

/// Each stage alone over the same customers, in flow order; and a body as it lies before the transformer and before the loader.
pub(crate) async fn alone(
    services: &Services,
    customers: u32,
) -> anyhow::Result<(Vec<Pass>, Vec<u8>, Vec<u8>)> {
    let mut fixture = Fixture::new(services, customers, |_| {}).await?;
    fixture.lift_quotas();
    let wanted = u64::from(customers);
    let mut passes = Vec::new();
    let (mut snapshot, mut record) = (Vec::new(), Vec::new());
    for service in Service::ALL {
        let (id, ready) = fixture.start(service).await?;
        // The first record is the start: a loader walks the form before, an extractor fetches a token.
        fixture
            .until("the first record", async |fixture| {
                Ok(fixture.done(service).await? > 0)
            })
            .await?;
        let before = fixture.done(service).await?;
        let start = Instant::now();
        fixture
            .until("every record", async |fixture| {
                Ok(fixture.done(service).await? >= wanted)
            })
            .await?;
        let seconds = start.elapsed().as_secs_f64();
        passes.push(Pass {
            service,
            per_second: (wanted - before) as f64 / seconds,
            cpu_seconds_per_1000: cpu_seconds(&mut fixture.pipeline[id])? * 1000.0 / wanted as f64,
            ready,
        });
        fixture.stop().await?;
        let out = |stage| fixture.pipeline.namespace.queue(stage);
        match service {
            Service::Extractor => snapshot = fixture.pipeline.queues.peek(&out(Stage::Transform)).await?,
            Service::Transformer => record = fixture.pipeline.queues.peek(&out(Stage::Load)).await?,
            Service::Loader => {}
        }
    }
    Ok((passes, snapshot, record))
}

/// What all three did together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Together {
    pub per_second: f64,
    /// Processor time of everybody who took part, by name: the services, the broker, Redis, the simulator.
    pub cpu_seconds_per_1000: BTreeMap<String, f64>,
    /// The most memory of each service, by its name.
    pub peak_mib: BTreeMap<String, f64>,
}

/// From the first listing to the last row, one replica of each; whoever starts in it is counted from its start.
pub(crate) async fn together(services: &Services, customers: u32) -> anyhow::Result<Together> {
    let mut fixture = Fixture::new(services, customers, |_| {}).await?;
    fixture.lift_quotas();
    let mut ids = Vec::new();
    for service in [Service::Transformer, Service::Loader] {
        ids.push((service, fixture.start(service).await?.0));
    }
    let before = bystanders(services)?;
    let start = Instant::now();
    ids.push((Service::Extractor, fixture.pipeline.try_run(Service::Extractor)?));
    fixture
        .until("every row", async |fixture| {
            Ok(fixture.pipeline.simulator.form_rows() >= customers as usize)
        })
        .await?;
    let seconds = start.elapsed().as_secs_f64();
    let after = bystanders(services)?;
    let thousands = f64::from(customers) / 1000.0;
    let mut done = Together {
        per_second: f64::from(customers) / seconds,
        ..Together::default()
    };
    for ((name, before), (_, after)) in before.into_iter().zip(after) {
        done.cpu_seconds_per_1000
            .insert(name.to_owned(), (after - before) / thousands);
    }
    for (service, id) in ids {
        let replica = &mut fixture.pipeline[id];
        done.cpu_seconds_per_1000
            .insert(service.name().to_owned(), cpu_seconds(replica)? / thousands);
        done.peak_mib
            .insert(service.name().to_owned(), peak_rss_mib(replica)?);
    }
    let judged = fixture.pipeline.simulator.judge().await;
    anyhow::ensure!(
        judged.is_equal(),
        "the form is not what the customers are: {judged:?}"
    );
    fixture.stop().await?;
    Ok(done)
}

/// Processor time so far of those who are not ours but work for every record; the simulator counts what this program takes.
fn bystanders(services: &Services) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let mut seconds = vec![("simulator", own_cpu_seconds()?)];
    for (name, id) in services.process_ids() {
        seconds.push((name, tree_cpu_seconds(id)?));
    }
    Ok(seconds)
}
