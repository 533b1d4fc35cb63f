//! Throughput and processor time of each stage alone, then of all three together, without quotas.

use std::time::{Duration, Instant};

use pipeline::stage::Stage;

use super::fixture::Fixture;
use super::proc::cpu_seconds;
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

/// Records a second from the first listing to the last row, one replica of each.
pub(crate) async fn together(services: &Services, customers: u32) -> anyhow::Result<f64> {
    let mut fixture = Fixture::new(services, customers, |_| {}).await?;
    fixture.lift_quotas();
    for service in [Service::Transformer, Service::Loader] {
        fixture.start(service).await?;
    }
    let start = Instant::now();
    fixture.pipeline.try_run(Service::Extractor)?;
    fixture
        .until("every row", async |fixture| {
            Ok(fixture.pipeline.simulator.form_rows() >= customers as usize)
        })
        .await?;
    let seconds = start.elapsed().as_secs_f64();
    let judged = fixture.pipeline.simulator.judge().await;
    anyhow::ensure!(
        judged.is_equal(),
        "the form is not what the customers are: {judged:?}"
    );
    fixture.stop().await?;
    Ok(f64::from(customers) / seconds)
}
