//! What the second and the fourth replica of a stage bring when every answer takes 200 ms: of the vendors, and for the transformer of Redis.

use std::time::{Duration, Instant};

use proto::v1::{CompanySnapshot, FormRecord};

use super::delay::Delay;
use super::floor::{Floor, Ground};
use super::{memory, quota};
use kit::harness::Service;

/// Of a vendor's answer.
const LATENCY_MS: u64 = 200;
/// How long is measured.
const SPAN: Duration = Duration::from_secs(6);
/// Enough for four replicas, with their start.
const BACKLOG: u32 = 6_000;

/// Records a second of a stage with so many replicas, each with the same small number of calls at a time.
pub async fn rate(
    ground: &Ground,
    service: Service,
    replicas: usize,
    snapshot: &CompanySnapshot,
    record: &FormRecord,
) -> anyhow::Result<f64> {
    let mut floor = Floor::new(ground, BACKLOG, |vendors| {
        vendors.settings.okki.latency_ms = LATENCY_MS;
        vendors.settings.jdy.latency_ms = LATENCY_MS;
    })
    .await?;
    // A transformer asks no vendor; what it waits for is Redis.
    let far = Delay::start(ground.redis_address()?, Duration::from_millis(LATENCY_MS / 2)).await?;
    if service == Service::Transformer {
        floor.set("REDIS_URL", format!("redis://{}/0", far.address));
    }
    floor.set("OKKI_CONCURRENCY", 8);
    floor.set("EVERY", "1h");
    floor.set("START", "2099-01-01");
    if service != Service::Extractor {
        floor.set("BATCH_SIZE", 10);
        floor.set("CONCURRENCY", 2);
    }
    floor.lift_quotas();
    floor
        .feed(|id, sequence| match service {
            Service::Extractor => memory::reference(id, sequence),
            Service::Transformer => memory::snapshot(snapshot, id, sequence),
            Service::Loader => quota::record(record, id, sequence),
        })
        .await?;
    for _ in 0..replicas {
        floor.start(service).await?;
    }
    floor
        .until("work has begun", async |floor| Ok(floor.done(service).await? > 0))
        .await?;
    let (start, before) = (Instant::now(), floor.done(service).await?);
    tokio::time::sleep(SPAN).await;
    let after = floor.done(service).await?;
    let rate = (after - before) as f64 / start.elapsed().as_secs_f64();
    floor.clear().await?;
    Ok(rate)
}
