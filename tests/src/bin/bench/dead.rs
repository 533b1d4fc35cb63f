//! Dead letters: how fast a hundred thousand are browsed and planned, and how fast they are replayed.

use std::time::{Duration, Instant};

use anyhow::ensure;
use pipeline::stage::Stage;
use proto::v1::FormRecord;

use super::fixture::Fixture;
use super::quota;
use kit::pipeline::Service;
use kit::services::Services;

/// Letters browsed.
pub(crate) const LETTERS: u32 = 100_000;
/// Of which so many are replayed.
const REPLAYED: u32 = 20_000;

/// What was measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dead {
    pub groups: Duration,
    pub plan: Duration,
    pub replayed_per_second: f64,
}

pub(crate) async fn letters(services: &Services, record: &FormRecord) -> anyhow::Result<Dead> {
    let mut fixture = Fixture::new(services, LETTERS, |_| {}).await?;
    fixture.lift_quotas();
    let queue = fixture.pipeline.namespace.dead_queue(Stage::Load);
    fixture
        .feed_to(Some(&queue), |id, sequence| quota::record(record, id, sequence))
        .await?;
    let groups = timed(&fixture, &["groups", "--json"]).await?;
    let plan = timed(&fixture, &["plan", "--reason", "a bench", "--json"]).await?;
    fixture.start(Service::Loader).await?;
    let limit = REPLAYED.to_string();
    let replay = timed(
        &fixture,
        &["replay", "--limit", &limit, "--reason", "a bench", "--json"],
    )
    .await?;
    ensure!(
        fixture.pipeline.simulator.form_rows() >= REPLAYED as usize,
        "{} rows only",
        fixture.pipeline.simulator.form_rows()
    );
    fixture.stop().await?;
    Ok(Dead {
        groups,
        plan,
        replayed_per_second: f64::from(REPLAYED) / replay.as_secs_f64(),
    })
}

/// How long a command on the loader's dead letters takes.
async fn timed(fixture: &Fixture, arguments: &[&str]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let arguments = [&["dead"], arguments].concat();
    fixture.pipeline.tool(Service::Loader, &arguments).await?;
    Ok(start.elapsed())
}
