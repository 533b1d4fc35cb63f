//! Throughput and processor time of each stage alone, then of all three together, without quotas.

use std::time::{Duration, Instant};

use anyhow::Context;
use pipeline::stage::Stage;

use super::floor::{Floor, Ground, cpu_seconds};
use kit::harness::Service;

/// What one stage did with everybody.
#[derive(Debug, Clone, Copy)]
pub struct Pass {
    pub service: Service,
    pub per_second: f64,
    pub cpu_seconds_per_1000: f64,
    pub ready: Duration,
}

/// Each stage alone over the same customers, in flow order; and a body as it lies before the transformer and before the loader.
pub async fn alone(ground: &Ground, customers: u32) -> anyhow::Result<(Vec<Pass>, Vec<u8>, Vec<u8>)> {
    let mut floor = Floor::new(ground, customers, |_| {}).await?;
    floor.lift_quotas();
    let wanted = u64::from(customers);
    let mut passes = Vec::new();
    let (mut snapshot, mut record) = (Vec::new(), Vec::new());
    for service in Service::ALL {
        let ready = floor.start(service).await?;
        // The first record is the start: a loader reads the form before, an extractor fetches a token.
        floor
            .until("the first record", async |floor| {
                Ok(floor.done(service).await? > 0)
            })
            .await?;
        let before = floor.done(service).await?;
        let start = Instant::now();
        floor
            .until("every record", async |floor| {
                Ok(floor.done(service).await? >= wanted)
            })
            .await?;
        let seconds = start.elapsed().as_secs_f64();
        let replica = floor.replicas.last_mut().context("the replica")?;
        passes.push(Pass {
            service,
            per_second: (wanted - before) as f64 / seconds,
            cpu_seconds_per_1000: cpu_seconds(replica)? * 1000.0 / wanted as f64,
            ready,
        });
        floor.clear().await?;
        let out = |stage| floor.namespace.queue(stage);
        match service {
            Service::Extractor => snapshot = floor.queues.peek(&out(Stage::Transform)).await?,
            Service::Transformer => record = floor.queues.peek(&out(Stage::Load)).await?,
            Service::Loader => {}
        }
    }
    Ok((passes, snapshot, record))
}

/// Records a second from the first listing to the last row, one replica of each.
pub async fn together(ground: &Ground, customers: u32) -> anyhow::Result<f64> {
    let mut floor = Floor::new(ground, customers, |_| {}).await?;
    floor.lift_quotas();
    for service in [Service::Transformer, Service::Loader] {
        floor.start(service).await?;
    }
    let start = Instant::now();
    floor.spawn(Service::Extractor)?;
    floor
        .until("every row", async |floor| {
            Ok(floor.simulator.form_rows() >= customers as usize)
        })
        .await?;
    let seconds = start.elapsed().as_secs_f64();
    let verdict = floor.simulator.judge().await;
    anyhow::ensure!(
        verdict.is_equal(),
        "the form is not what the customers are: {verdict:?}"
    );
    floor.clear().await?;
    Ok(f64::from(customers) / seconds)
}
