//! The desk at its size: the first byte of every page, and its memory, beside a broker full of letters and an account of many
//! customers.

use super::{
    fixture::Fixture,
    read_model::{BATCH, died, event, sealed},
};
use anyhow::{Context, bail};
use kit::{config::repository, desk::Desk, services::Services};
use pipeline::{events::What, message::Outgoing, stage::Stage};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Letters and customers.
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(id = "desk-size")]
pub(crate) struct Size {
    /// Open dead letters before the desk; its aims are meant for 100000
    #[arg(id = "desk-letters", long = "desk-letters", default_value_t = 100_000)]
    letters: u64,
    /// Customers of the account of events; its aims are meant for 200000
    #[arg(id = "desk-customers", long = "desk-customers", default_value_t = 200_000)]
    customers: u64,
}

/// How long it may take until the desk has read everything.
const CAUGHT_UP: Duration = Duration::from_secs(900);
/// Looks at each page.
const LOOKS: usize = 10;

/// Figures by name.
pub(crate) async fn measure(
    services: &Services,
    size: Size,
    say: &impl Fn(&str),
) -> anyhow::Result<BTreeMap<String, f64>> {
    let fixture = Fixture::new(services, 1, |_| {}).await?;
    fill(&fixture, size).await?;
    let folder = repository().join("target/bench/desk");
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).context("make target/bench/desk")?;
    let begun = Instant::now();
    let desk = Desk::start(&fixture.pipeline, &folder, &[]).await?;
    let page = caught_up(&desk, size).await?;
    let mut figures = BTreeMap::new();
    let mut add = |name: &str, value: f64| {
        say(&format!("  {name}: {value:.1}"));
        figures.insert(name.to_owned(), value);
    };
    add("caught_up_s", begun.elapsed().as_secs_f64());
    let (mut usual, mut slowest) = (Vec::new(), 0.0_f64);
    for path in pages(&page)? {
        let (middle, last) = looked_at(&desk, &path).await?;
        say(&format!("  {path}: {middle:.1} ms, {last:.1} ms at most"));
        usual.push(middle);
        slowest = slowest.max(last);
    }
    usual.sort_by(f64::total_cmp);
    add("first_byte_ms_usual", usual[usual.len() / 2]);
    add("first_byte_ms", slowest);
    add(
        "search_ms",
        looked_at(&desk, "/customers?q=%E4%B8%8A%E6%B5%B7").await?.1,
    );
    add("peak_mib", mib(&desk, "VmHWM:")?);
    add("rss_mib", mib(&desk, "VmRSS:")?);
    drop(desk);
    drop(std::fs::remove_dir_all(&folder));
    Ok(figures)
}

/// Every customer goes through all stages, and the last of so many dies.
async fn fill(fixture: &Fixture, size: Size) -> anyhow::Result<()> {
    for round in 0..size.customers / BATCH {
        for (stage, what) in [
            (Stage::Extract, What::Listed),
            (Stage::Extract, What::Fetched),
            (Stage::Transform, What::Mapped),
            (Stage::Load, What::Created),
        ] {
            let events = (0..BATCH).map(|at| match what {
                What::Created if round * BATCH + at < size.letters => died(round * BATCH + at),
                _ => event(round, at, round * BATCH + at, what),
            });
            fixture.tell(stage, events.collect()).await;
        }
    }
    let queue = fixture.pipeline.namespace.dead_queue(Stage::Load);
    let numbers: Vec<u64> = (0..size.letters).collect();
    for numbers in numbers.chunks(1_000) {
        let letter = |number: &u64| {
            let (envelope, body) = sealed(*number);
            Outgoing::raw(queue.clone(), envelope, body)
        };
        fixture.put(numbers.iter().map(letter).collect()).await?;
    }
    Ok(())
}

async fn ask(desk: &Desk, path: &str) -> anyhow::Result<Value> {
    let url = format!("{}/api/v1/{path}", desk.url);
    Ok(kit::http::client().get(url).send().await?.json().await?)
}

/// Waits until it has read the account and seen every letter; a page of letters.
async fn caught_up(desk: &Desk, size: Size) -> anyhow::Result<Value> {
    let begun = Instant::now();
    loop {
        let page = ask(desk, "dead/load/letters?limit=50").await?;
        let health = ask(desk, "health").await?;
        let known = &page["known"];
        if known["letters"] == size.letters && known["unseen"] == 0 && health["model"]["current"] == true {
            return Ok(page);
        }
        if begun.elapsed() > CAUGHT_UP {
            bail!("the desk has not caught up: {known} {}", health["model"]);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn pages(page: &Value) -> anyhow::Result<Vec<String>> {
    let letter = &page["letters"][0];
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a letter without it");
    let (id, group) = (text(&letter["record"]["id"])?, text(&letter["group"])?);
    let customer = text(&letter["record"]["company_id"])?;
    let digits = id.rsplit('~').next().unwrap_or(&id);
    let fixed = [
        "/",
        "/dead",
        "/dead/load",
        "/dead/load?where=code%3Drare",
        "/customers",
        "/plans",
        "/rules",
        "/runs",
        "/wishes",
        "/health",
        "/audit",
        "/mapping",
        "/setup",
    ];
    let mut pages: Vec<String> = fixed.iter().map(|&path| path.to_owned()).collect();
    pages.push(format!("/dead/load/{group}"));
    pages.push(format!("/dead/load/letter?id={digits}"));
    pages.push(format!("/customers/{customer}"));
    Ok(pages)
}

/// Milliseconds to the first byte of the body: of the look in the middle, and of the slowest.
async fn looked_at(desk: &Desk, path: &str) -> anyhow::Result<(f64, f64)> {
    let http = kit::http::client();
    let mut all = Vec::new();
    for _ in 0..LOOKS {
        let begun = Instant::now();
        let mut answer = http.get(format!("{}{path}", desk.url)).send().await?;
        answer.chunk().await?.context("an empty page")?;
        all.push(begun.elapsed().as_secs_f64() * 1_000.0);
        anyhow::ensure!(answer.status().is_success(), "{path}: {}", answer.status());
        while answer.chunk().await?.is_some() {}
    }
    all.sort_by(f64::total_cmp);
    Ok((all[LOOKS / 2], all[LOOKS - 1]))
}

fn mib(desk: &Desk, what: &str) -> anyhow::Result<f64> {
    let path = format!("/proc/{}/status", desk.process.id());
    let status = std::fs::read_to_string(path).context("ask the kernel")?;
    let line = status.lines().find_map(|line| line.strip_prefix(what));
    let kib: f64 = line
        .and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
        .context("the kernel's answer")?;
    Ok(kib / 1024.0)
}
