//! What the second and the fourth replica of a stage bring when every answer takes 200 ms: of the vendors, and for the transformer of Redis.

use std::time::{Duration, Instant};

use pipeline::broker::Outgoing;
use pipeline::stage::Stage;
use proto::v1::{CompanyRef, CompanySnapshot, FormRecord};

use super::delay::Delay;
use super::floor::{Floor, Ground};
use super::{memory, quota};
use crate::harness::Service;

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
    let ids = floor.simulator.company_ids();
    for (at, ids) in ids.chunks(1_000).enumerate() {
        let messages = (at * 1_000..).zip(ids).map(|(sequence, id)| {
            let company_id = id.to_string();
            match service {
                Service::Extractor => Outgoing::to(
                    Stage::Extract,
                    &CompanyRef {
                        company_id,
                        run_id: "bench".into(),
                        force: true,
                        ..CompanyRef::default()
                    },
                ),
                Service::Transformer => {
                    Outgoing::to(Stage::Transform, &memory::of(snapshot, company_id, sequence))
                }
                Service::Loader => Outgoing::to(Stage::Load, &quota::of(record, company_id, sequence)),
            }
        });
        floor.put(messages.collect()).await?;
    }
    for _ in 0..replicas {
        floor.start(service).await?;
    }
    floor
        .until(
            "work has begun",
            async |floor| Ok(done(floor, service).await? > 0),
        )
        .await?;
    let (start, before) = (Instant::now(), done(&floor, service).await?);
    tokio::time::sleep(SPAN).await;
    let after = done(&floor, service).await?;
    let rate = (after - before) as f64 / start.elapsed().as_secs_f64();
    floor.clear().await?;
    Ok(rate)
}

async fn done(floor: &Floor<'_>, service: Service) -> anyhow::Result<u64> {
    match service {
        Service::Extractor => floor.depth(Stage::Transform).await,
        Service::Transformer => floor.depth(Stage::Load).await,
        Service::Loader => Ok(floor.simulator.form_rows() as u64),
    }
}
