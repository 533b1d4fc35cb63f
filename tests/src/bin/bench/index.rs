//! What a loss of Redis costs the loader of a form with half a million rows, before a vendor that takes its time.

use std::time::{Duration, Instant, UNIX_EPOCH};

use anyhow::Context;
use proto::v1::field_value::Value;
use proto::v1::{FormRecord, Version};
use serde_json::json;

use super::fixture::Fixture;
use super::proc::peak_rss_mib;
use super::quota;
use kit::pipeline::Service;
use kit::services::Services;
use kit::simulator::{JdySettings, KEY_WIDGET};
use pipeline::message::Outgoing;
use pipeline::stage::Stage;

/// Rows in the form beforehand, of customers that nobody asks for.
const ROWS: usize = 500_000;
/// Of each answer of the vendor.
const LATENCY_MS: u64 = 300;
/// Customers that are written.
const CUSTOMERS: u32 = 20_000;
/// How long writes are counted.
const SPAN: Duration = Duration::from_secs(10);
/// How long ago others have written their rows.
const AGE: Duration = Duration::from_secs(30 * 86_400);
/// Customers that change, and new ones, after a restart.
const AFTERWARDS: usize = 100;

/// What was measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Loss {
    /// From the start of a loader with an empty Redis to the first new row.
    pub emptied: Duration,
    /// From the moment a restarted Redis answers to the first changed row, and to the first new one.
    pub changed: Duration,
    pub created: Duration,
    /// Rows a second while the form is read, in parts of what is usual.
    pub share: f64,
    /// The most memory of the loader.
    pub peak_mib: f64,
}

/// Everything about the index.
pub(crate) async fn loss(services: &Services, record: &FormRecord) -> anyhow::Result<Loss> {
    let usual = usual(services, record).await?;
    // A Redis that can be restarted.
    let mut private = Services::private().await?;
    let mut fixture = fixture(&private).await?;
    let form = fixture.pipeline.simulator.fill(
        ROWS,
        AGE,
        |row| json!({ KEY_WIDGET: {"value": format!("7{row:013}")} }),
    );
    form.context("fill the form")?;
    fixture.set("INDEX_SETTLE", "50s");
    fixture
        .feed(|id, sequence| quota::record(record, id, sequence))
        .await?;
    let start = Instant::now();
    let (loader, _) = fixture.start(Service::Loader).await?;
    rows(&fixture, ROWS + 1).await?;
    let emptied = start.elapsed();
    let walking = rate(&fixture).await?;
    rows(&fixture, ROWS + CUSTOMERS as usize).await?;

    private.redis().context("no Redis of our own")?.restart().await?;
    let restarted = Instant::now();
    let ids = fixture.pipeline.simulator.company_ids();
    let known = ids.iter().take(AFTERWARDS).map(ToString::to_string);
    let new = (0..AFTERWARDS).map(|row| format!("8{row:013}"));
    let messages = known.chain(new).map(|id| changed(record, id));
    fixture.put(messages.collect::<anyhow::Result<_>>()?).await?;
    fixture
        .until("a changed row", async |fixture| Ok(updates(fixture) > 0))
        .await?;
    let changed = restarted.elapsed();
    rows(&fixture, ROWS + CUSTOMERS as usize + 1).await?;
    let created = restarted.elapsed();
    let peak_mib = peak_rss_mib(&mut fixture.pipeline[loader])?;
    fixture.stop().await?;
    Ok(Loss {
        emptied,
        changed,
        created,
        share: walking / usual,
        peak_mib,
    })
}

/// Rows a second in an empty form, of which everything is known.
async fn usual(services: &Services, record: &FormRecord) -> anyhow::Result<f64> {
    let mut fixture = fixture(services).await?;
    fixture
        .feed(|id, sequence| quota::record(record, id, sequence))
        .await?;
    fixture.start(Service::Loader).await?;
    rows(&fixture, 1).await?;
    let rate = rate(&fixture).await?;
    fixture.stop().await?;
    Ok(rate)
}

/// A vendor with its limits and its distance.
async fn fixture(services: &Services) -> anyhow::Result<Fixture> {
    Fixture::new(services, CUSTOMERS, |vendors| {
        vendors.settings.jdy = JdySettings {
            latency_ms: LATENCY_MS,
            ..JdySettings::default()
        };
    })
    .await
}

async fn rows(fixture: &Fixture, count: usize) -> anyhow::Result<Duration> {
    fixture
        .until("rows", async |fixture| {
            Ok(fixture.pipeline.simulator.form_rows() >= count)
        })
        .await
}

async fn rate(fixture: &Fixture) -> anyhow::Result<f64> {
    let (start, before) = (Instant::now(), fixture.pipeline.simulator.form_rows());
    tokio::time::sleep(SPAN).await;
    let written = fixture.pipeline.simulator.form_rows() - before;
    Ok(written as f64 / start.elapsed().as_secs_f64())
}

/// Updates that the vendor has taken.
fn updates(fixture: &Fixture) -> u64 {
    let calls = fixture.pipeline.simulator.stats().jdy.calls;
    let update = calls.get("update");
    update
        .and_then(|calls| calls.answers.get("ok").copied())
        .unwrap_or(0)
}

/// The same row with other texts, fetched now.
fn changed(record: &FormRecord, company_id: String) -> anyhow::Result<Outgoing> {
    let now = UNIX_EPOCH.elapsed()?;
    let mut record = FormRecord {
        company_id,
        version: Some(Version {
            update_time: i64::try_from(now.as_secs())?,
            sequence: u64::try_from(now.as_micros())?,
        }),
        ..record.clone()
    };
    for field in &mut record.fields {
        if let Some(Value::Text(text)) = &mut field.value {
            text.push_str(" now");
        }
    }
    Ok(Outgoing::to(Stage::Load, &record))
}
