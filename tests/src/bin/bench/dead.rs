//! Dead letters: how fast a hundred thousand are looked at and planned, and how fast they are put back.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use pipeline::stage::Stage;
use proto::v1::FormRecord;

use super::floor::{Floor, Ground};
use super::quota;
use kit::harness::{Service, command};

/// Letters looked at.
pub const LETTERS: u32 = 100_000;
/// Of which so many are put back.
const REPLAYED: u32 = 20_000;

/// What was measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dead {
    pub groups: Duration,
    pub plan: Duration,
    pub replayed_per_second: f64,
}

pub async fn letters(ground: &Ground, record: &FormRecord) -> anyhow::Result<Dead> {
    let mut floor = Floor::new(ground, LETTERS, |_| {}).await?;
    floor.lift_quotas();
    let queue = floor.namespace.dead_queue(Stage::Load);
    floor
        .feed_to(Some(&queue), |id, sequence| quota::record(record, id, sequence))
        .await?;
    let groups = tool(&floor, &["groups", "--json"]).await?;
    let plan = tool(&floor, &["plan", "--reason", "a bench", "--json"]).await?;
    floor.start(Service::Loader).await?;
    let limit = REPLAYED.to_string();
    let replay = tool(
        &floor,
        &["replay", "--limit", &limit, "--reason", "a bench", "--json"],
    )
    .await?;
    ensure!(
        floor.simulator.form_rows() >= REPLAYED as usize,
        "{} rows only",
        floor.simulator.form_rows()
    );
    floor.clear().await?;
    Ok(Dead {
        groups,
        plan,
        replayed_per_second: f64::from(REPLAYED) / replay.as_secs_f64(),
    })
}

async fn tool(floor: &Floor<'_>, arguments: &[&str]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let output =
        tokio::process::Command::from(command(Service::Loader, &floor.settings_of(Service::Loader))?)
            .arg("dead")
            .args(arguments)
            .output()
            .await
            .context("run loader dead")?;
    ensure!(
        output.status.success(),
        "loader dead {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(start.elapsed())
}
