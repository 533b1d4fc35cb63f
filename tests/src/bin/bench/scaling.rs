//! What the second and the fourth replica of a stage bring when every answer takes 200 ms: of the vendors, and for the transformer of Redis.

use std::time::{Duration, Instant};

use proto::v1::{CompanySnapshot, FormRecord};

use super::fixture::Fixture;
use super::{memory, quota};
use kit::pipeline::Service;
use kit::proxy::Proxy;
use kit::services::Services;

/// Of a vendor's answer.
const LATENCY_MS: u64 = 200;
/// How long is measured.
const SPAN: Duration = Duration::from_secs(6);
/// Enough for four replicas, with their start.
const BACKLOG: u32 = 6_000;

/// Records a second of a stage with so many replicas, each with the same small number of calls at a time.
pub(crate) async fn rate(
    services: &Services,
    service: Service,
    replicas: usize,
    snapshot: &CompanySnapshot,
    record: &FormRecord,
) -> anyhow::Result<f64> {
    let mut fixture = Fixture::new(services, BACKLOG, |vendors| {
        vendors.settings.okki.latency_ms = LATENCY_MS;
        vendors.settings.jdy.latency_ms = LATENCY_MS;
    })
    .await?;
    // A transformer asks no vendor; what it waits for is Redis.
    let far = Proxy::before_far(services.redis_url(), Duration::from_millis(LATENCY_MS / 2)).await?;
    if service == Service::Transformer {
        fixture.set("REDIS_URL", far.redirected(services.redis_url())?);
    }
    fixture.set("OKKI_CONCURRENCY", 8);
    fixture.set("EVERY", "1h");
    fixture.set("START", "2099-01-01");
    if service != Service::Extractor {
        fixture.set("BATCH_SIZE", 10);
        fixture.set("CONCURRENCY", 2);
    }
    fixture.lift_quotas();
    fixture
        .feed(|id, sequence| match service {
            Service::Extractor => memory::reference(id, sequence),
            Service::Transformer => memory::snapshot(snapshot, id, sequence),
            Service::Loader => quota::record(record, id, sequence),
        })
        .await?;
    for _ in 0..replicas {
        fixture.start(service).await?;
    }
    fixture
        .until("work has begun", async |fixture| {
            Ok(fixture.done(service).await? > 0)
        })
        .await?;
    let (start, before) = (Instant::now(), fixture.done(service).await?);
    tokio::time::sleep(SPAN).await;
    let after = fixture.done(service).await?;
    let rate = (after - before) as f64 / start.elapsed().as_secs_f64();
    fixture.stop().await?;
    Ok(rate)
}
