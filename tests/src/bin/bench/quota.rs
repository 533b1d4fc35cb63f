//! How much of the vendor's quota loaders use, and whether they ever pass it, by the simulator's own count.

use std::time::{Duration, Instant};

use pipeline::message::Outgoing;
use pipeline::stage::Stage;
use proto::v1::{FormRecord, Version};

use super::fixture::Fixture;
use kit::pipeline::Service;
use kit::services::Services;
use kit::simulator::JdySettings;

/// Rows of a full batch.
const ROWS_PER_BATCH: u64 = 100;
/// Rows that the vendor's limit of 10 batches of 100 allows.
const ROWS_PER_SECOND: u64 = 1_000;

/// What loaders made of their quota.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    pub share: f64,
    pub violations: u64,
    /// Rows of a batch in parts of a full one.
    pub fullness: f64,
    /// Calls in the median of the whole seconds: a disk or a stall that holds up the broker or Redis for a moment
    /// spoils the seconds it happens in, while a quota that is not used up shows in every one.
    pub usual_second: u32,
}

/// So many loaders with an endless backlog for so long.
pub(crate) async fn used(
    services: &Services,
    loaders: usize,
    time: Duration,
    record: &FormRecord,
) -> anyhow::Result<Use> {
    let rows = ROWS_PER_SECOND * (time.as_secs() + 4);
    let customers = u32::try_from(rows)?;
    let mut fixture = Fixture::new(services, customers, |vendors| {
        vendors.settings.jdy = JdySettings::default()
    })
    .await?;
    fixture
        .feed(|id, sequence| self::record(record, id, sequence))
        .await?;
    for _ in 0..loaders {
        fixture.start(Service::Loader).await?;
    }
    fixture
        .until("the first rows", async |fixture| {
            Ok(fixture.pipeline.simulator.form_rows() > 0)
        })
        .await?;
    let (start, before) = (Instant::now(), fixture.pipeline.simulator.form_rows());
    tokio::time::sleep(time).await;
    let (seconds, after) = (
        start.elapsed().as_secs_f64(),
        fixture.pipeline.simulator.form_rows(),
    );
    let creates = fixture.pipeline.simulator.stats().jdy.calls["batch_create"].clone();
    let batches = creates.answers.get("ok").copied().unwrap_or(0);
    fixture.stop().await?;
    Ok(Use {
        share: (after - before) as f64 / (seconds * ROWS_PER_SECOND as f64),
        violations: fixture.pipeline.simulator.stats().jdy.quota_violations,
        fullness: after as f64 / (batches * ROWS_PER_BATCH).max(1) as f64,
        usual_second: usual_second(&creates.per_second),
    })
}

/// The median of the whole seconds.
fn usual_second(calls: &[u32]) -> u32 {
    let mut whole = calls[..calls.len().saturating_sub(1)].to_vec();
    whole.sort_unstable();
    whole.get(whole.len() / 2).copied().unwrap_or(0)
}

/// The same row for another customer.
pub(crate) fn record(record: &FormRecord, company_id: String, sequence: u64) -> Outgoing {
    let version = record.version.unwrap_or_default();
    let record = FormRecord {
        company_id,
        version: Some(Version { sequence, ..version }),
        ..record.clone()
    };
    Outgoing::to(Stage::Load, &record)
}
