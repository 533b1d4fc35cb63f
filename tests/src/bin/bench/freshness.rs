//! How long a change in OKKI takes to its row, in an account of a hundred thousand customers that allows ten calls a second; and
//! what polling costs while nothing changes.
//!
//! Rates, intervals and margins are the product's own defaults. Both times are the simulator's: when the customer changed, and
//! when its row was written.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::lag::percentile;
use kit::pipeline::Service;
use kit::services::Services;
use kit::simulator::{KEY_WIDGET, Limiter};

const CUSTOMERS: u32 = 100_000;
const RATE: u32 = 10;
/// Customers that change, one at a time.
const CHANGES: usize = 30;
/// Shortest and longest time between two changes: shorter than polls become rare, and longer.
const GAPS_MS: (u64, u64) = (1_000, 25_000);
/// How long calls are counted while nothing changes, when polls have become rare.
const IDLE: Duration = Duration::from_secs(60);
const UNTIL_RARE: Duration = Duration::from_secs(25);
const POLL: Duration = Duration::from_millis(200);
const HOOK_TOKEN: &str = "token-of-the-bench";

/// How changes become known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By nothing but the listing.
    Polling,
    /// By webhooks beside it, one for each change.
    Webhooks,
}

/// What was measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Freshness {
    /// From change to row, milliseconds in order.
    pub waits: Vec<f64>,
    /// Calls while nothing changes, in parts of what the account allows.
    pub idle_share: f64,
}

impl Freshness {
    /// Adds its figures under the report's keys.
    pub(crate) fn report(&self, way: Way, figures: &mut BTreeMap<String, f64>) {
        let name = match way {
            Way::Polling => "polling",
            Way::Webhooks => "webhook",
        };
        for percent in [50, 99] {
            figures.insert(format!("{name}_p{percent}"), percentile(&self.waits, percent));
        }
        let idle = match way {
            Way::Polling => "idle_share",
            Way::Webhooks => "webhook_idle_share",
        };
        figures.insert(idle.to_owned(), self.idle_share);
    }
}

/// Changes customers one by one, then lets them rest.
pub(crate) async fn measure(services: &Services, way: Way) -> anyhow::Result<Freshness> {
    let mut fixture = Fixture::new(services, CUSTOMERS, |vendors| {
        vendors.settings.okki.per_second = Some(f64::from(RATE));
        vendors.settings.okki.limiter = Limiter::Sliding;
    })
    .await?;
    // Everything of before is somebody else's: loading it would take hours at this rate.
    fixture.set("START", Timestamp::now());
    for (name, value) in [
        ("OKKI_RATE", "10"),
        ("OKKI_BURST", "1"),
        ("OKKI_CONCURRENCY", "8"),
        ("OKKI_PAGE_SIZE", "200"),
        ("EVERY", "5m"),
        ("SETTLE_DELAY", "5s"),
    ] {
        fixture.set(name, value);
    }
    if way == Way::Webhooks {
        fixture.set("HOOK_LISTEN", "127.0.0.1:0");
        fixture.set("HOOK_TOKEN", HOOK_TOKEN);
        // The loader listens as well then, for a form that says nothing here.
        fixture.set("JDY_HOOK_SECRET", "secret-of-the-bench");
    }
    for service in Service::ALL {
        fixture.start(service).await?;
    }
    let changed = change(&fixture, way).await?;
    tokio::time::sleep(UNTIL_RARE).await;
    let calls = || fixture.pipeline.simulator.stats().okki.total_calls;
    let (before, start) = (calls(), Instant::now());
    tokio::time::sleep(IDLE).await;
    let idle_share = (calls() - before) as f64 / (start.elapsed().as_secs_f64() * f64::from(RATE));
    let mut waits = waits(&fixture, &changed)?;
    waits.sort_unstable_by(f64::total_cmp);
    let violations = fixture.pipeline.simulator.stats().okki.quota_violations;
    anyhow::ensure!(violations == 0, "{violations} calls over OKKI's limit");
    fixture.stop().await?;
    Ok(Freshness { waits, idle_share })
}

/// Changes customers with gaps of all lengths, the same in every bench; when each of them changed, in milliseconds.
async fn change(fixture: &Fixture, way: Way) -> anyhow::Result<BTreeMap<String, i64>> {
    let simulator = &fixture.pipeline.simulator;
    let ids = simulator.company_ids();
    let mut changed = BTreeMap::new();
    for n in 0..CHANGES {
        let id = ids[n * (ids.len() / CHANGES)];
        let at = Timestamp::now().as_millisecond();
        simulator.change_one(id, None)?;
        changed.insert(id.to_string(), at);
        if way == Way::Webhooks {
            tell(fixture, id).await?;
        }
        // Multiples of the golden ratio fill the range evenly, in no order.
        let part = (n as f64 * 0.618_033_988_75).fract();
        let gap = GAPS_MS.0 as f64 + part * (GAPS_MS.1 - GAPS_MS.0) as f64;
        tokio::time::sleep(Duration::from_millis(gap as u64)).await;
    }
    let start = Instant::now();
    while simulator.form_rows() < CHANGES {
        anyhow::ensure!(
            start.elapsed() < super::fixture::PATIENCE,
            "{} of {CHANGES} rows; logs end:\n{}",
            simulator.form_rows(),
            fixture.pipeline.logs(5)
        );
        tokio::time::sleep(POLL).await;
    }
    Ok(changed)
}

/// What OKKI sends when a customer has changed, to the listener that the extractor's log names.
async fn tell(fixture: &Fixture, id: i64) -> anyhow::Result<()> {
    let replica = fixture
        .pipeline
        .replicas()
        .find(|one| one.service == Service::Extractor);
    let log = replica.context("an extractor runs")?.log();
    let line = log.lines().find(|line| line.contains("webhook listening"));
    let line: Value = serde_json::from_str(line.context("the extractor listens for webhooks")?)?;
    let addr = line["fields"]["addr"].as_str().or(line["addr"].as_str());
    let url = format!("http://{}/hook/{HOOK_TOKEN}", addr.context("an address")?);
    let event = json!({ "event": "xiaoman.crm.company.update", "data": { "company_id": id } });
    let answer = reqwest::Client::new().post(url).json(&event).send().await?;
    answer.error_for_status()?;
    Ok(())
}

/// Milliseconds from each change to the row that it made.
fn waits(fixture: &Fixture, changed: &BTreeMap<String, i64>) -> anyhow::Result<Vec<f64>> {
    let rows = fixture.pipeline.simulator.rows(CHANGES + 100);
    let made = |id: &String| {
        let row = rows.iter().find(|row| row[KEY_WIDGET] == id.as_str());
        let time = row.and_then(|row| row["createTime"].as_str());
        let time: Timestamp = time.with_context(|| format!("no row of {id}"))?.parse()?;
        anyhow::Ok(time.as_millisecond())
    };
    changed
        .iter()
        .map(|(id, at)| Ok((made(id)? - at) as f64))
        .collect()
}
