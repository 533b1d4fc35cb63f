//! How much of the vendor's quota loaders use, and whether they ever pass it, by the simulator's own count.

use std::time::{Duration, Instant};

use pipeline::message::Outgoing;
use pipeline::stage::Stage;
use proto::v1::{FormRecord, Version};

use super::floor::{Floor, Ground};
use kit::harness::Service;
use kit::simulator::JdySettings;

/// Rows that the vendor's limit of 10 batches of 100 allows.
const ROWS_PER_SECOND: u64 = 1_000;

/// What loaders made of their quota.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    pub share: f64,
    pub violations: u64,
}

/// So many loaders with an endless backlog for so long.
pub async fn used(
    ground: &Ground,
    loaders: usize,
    time: Duration,
    record: &FormRecord,
) -> anyhow::Result<Use> {
    let rows = ROWS_PER_SECOND * (time.as_secs() + 4);
    let customers = u32::try_from(rows)?;
    let mut floor = Floor::new(ground, customers, |vendors| {
        vendors.settings.jdy = JdySettings::default()
    })
    .await?;
    floor
        .feed(|id, sequence| self::record(record, id, sequence))
        .await?;
    for _ in 0..loaders {
        floor.start(Service::Loader).await?;
    }
    floor
        .until(
            "the first rows",
            async |floor| Ok(floor.simulator.form_rows() > 0),
        )
        .await?;
    let (start, before) = (Instant::now(), floor.simulator.form_rows());
    tokio::time::sleep(time).await;
    let (seconds, after) = (start.elapsed().as_secs_f64(), floor.simulator.form_rows());
    floor.clear().await?;
    Ok(Use {
        share: (after - before) as f64 / (seconds * ROWS_PER_SECOND as f64),
        violations: floor.simulator.stats().jdy.quota_violations,
    })
}

/// The same row for another customer.
pub fn record(record: &FormRecord, company_id: String, sequence: u64) -> Outgoing {
    let version = record.version.unwrap_or_default();
    let record = FormRecord {
        company_id,
        version: Some(Version { sequence, ..version }),
        ..record.clone()
    };
    Outgoing::to(Stage::Load, &record)
}
