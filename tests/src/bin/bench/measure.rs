//! All measurements in one run, because figures of different runs of a small machine cannot be compared.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use prost::Message;
use proto::v1::{CompanySnapshot, FormRecord};

use super::freshness::Way;
use super::report::Report;
use super::{
    ceiling, dead, desk, events, fixture, freshness, index, lag, memory, quota, read_model, scaling, stages,
};
use kit::config::{binary, repository};
use kit::pipeline::Service;
use kit::services::Services;

/// Records of the short and of the long backlog.
const BACKLOGS: [u32; 2] = [10_000, 200_000];
const REPLICAS: [usize; 3] = [1, 2, 4];
/// What the loader's linger adds at most, twice, and one call of the simulator, which answers at once.
const LAG_AIM_MS: f64 = 2.0 * 200.0 + 100.0;

/// How much is measured.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// Customers that go through the whole pipeline
    #[arg(long, default_value_t = 20_000)]
    pub customers: u32,
    /// Seconds for which the quota is used up, for each number of loaders
    #[arg(long, default_value_t = 30)]
    pub quota_seconds: u64,
    /// Only these parts, comma-separated: ceiling, stages, quota, memory, scaling, lag, dead, index, freshness, events,
    /// read_model, desk
    /// [default: all]
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    /// Of the read model.
    #[command(flatten)]
    pub read_model: read_model::Size,
    /// Of what lies before the desk.
    #[command(flatten)]
    pub desk: desk::Size,
    /// Measure freshness with webhooks, too
    #[arg(long)]
    pub webhooks: bool,
}

/// Measures everything.
pub(crate) async fn measure(options: &Options) -> anyhow::Result<Report> {
    let start = Instant::now();
    let say = |text: &str| println!("[{:>5.1} s] {text}", start.elapsed().as_secs_f64());
    let wants = |part: &str| options.only.is_empty() || options.only.iter().any(|only| only == part);
    let mut report = Report::default();
    // First, while this process has no memory of anything else.
    if wants("read_model") {
        say("the read model …");
        report.read_model = read_model::measure(options.read_model, &say)?;
    }
    let before_stages = ["freshness", "read_model", "desk"];
    let is_done = !options.only.is_empty()
        && options
            .only
            .iter()
            .all(|part| before_stages.contains(&part.as_str()));
    if is_done && !wants("freshness") && !wants("desk") {
        report.seconds = start.elapsed().as_secs_f64();
        return Ok(report);
    }
    say("starting RabbitMQ and Redis …");
    let services = fixture::services().await?;

    if wants("freshness") {
        report.freshness_ms = freshness_of(&services, options.webhooks, &say).await?;
    }
    if wants("desk") {
        say("the desk …");
        report.desk = desk::measure(&services, options.desk, &say).await?;
    }
    if is_done {
        report.seconds = start.elapsed().as_secs_f64();
        return Ok(report);
    }
    say("each stage alone …");
    let (passes, snapshot, record) = stages::alone(&services, options.customers).await?;
    let (snapshot_body, snapshot) = (
        snapshot.clone(),
        CompanySnapshot::decode(&*snapshot).context("a snapshot")?,
    );
    let record = FormRecord::decode(&*record).context("a record")?;
    let mut all = 0.0;
    for pass in passes {
        let name = pass.service.name().to_owned();
        say(&format!("  {name}: {:.0} records/s", pass.per_second));
        all += pass.cpu_seconds_per_1000;
        report.stage_records_per_s.insert(name.clone(), pass.per_second);
        report
            .cpu_seconds_per_1000_records
            .insert(name.clone(), pass.cpu_seconds_per_1000);
        report.ready_ms.insert(name, pass.ready.as_secs_f64() * 1000.0);
    }
    report.cpu_seconds_per_1000_records.insert("all".into(), all);
    if wants("ceiling") {
        say("the broker's and the simulator's own limits …");
        let relayed = ceiling::relay(&services, &snapshot_body, options.customers as usize).await?;
        report.raw_relay_msgs_per_s = relayed;
        report.transformer_ratio = report.stage_records_per_s["transformer"] / relayed;
        let (details, rows) = ceiling::simulator(&services, Duration::from_secs(2)).await?;
        report.simulator_per_s = [("details".to_owned(), details), ("rows".to_owned(), rows)].into();
        say(&format!(
            "  relay {relayed:.0}/s, ratio {:.2}",
            report.transformer_ratio
        ));
    }
    if wants("stages") {
        say("all three together …");
        let together = stages::together(&services, options.customers).await?;
        report.end_to_end_records_per_s = together.per_second;
        report.end_to_end_ratio = together.per_second / report.raw_relay_msgs_per_s;
        report.cpu_all = together.cpu_seconds_per_1000;
        let all = report.cpu_all.values().sum();
        report.cpu_all.insert("all".into(), all);
        say(&format!("  {:.0} records/s", together.per_second));
    }
    if wants("quota") {
        for loaders in [1, 4] {
            say(&format!("the quota with {loaders} loaders …"));
            let time = Duration::from_secs(options.quota_seconds);
            let used = quota::used(&services, loaders, time, &record).await?;
            report.quota_use.insert(loaders.to_string(), used.share);
            report.quota_violations += used.violations;
            say(&format!(
                "  {:.3} used, {} violations; batches {:.0} % full, {} of 10 calls in the usual second",
                used.share,
                used.violations,
                used.fullness * 100.0,
                used.usual_second
            ));
        }
    }
    if wants("memory") {
        for service in Service::ALL {
            for backlog in BACKLOGS {
                say(&format!("memory of the {} before {backlog} …", service.name()));
                let peak = memory::peak(&services, service, backlog, &snapshot).await?;
                let peaks = report.peak_rss_mib.entry(service.name().into()).or_default();
                peaks.insert(backlog.to_string(), peak);
            }
        }
    }
    if wants("scaling") {
        for service in Service::ALL {
            let mut one = f64::NAN;
            for replicas in REPLICAS {
                let rate = scaling::rate(&services, service, replicas, &snapshot, &record).await?;
                say(&format!("  {} × {replicas}: {rate:.0} records/s", service.name()));
                if replicas == 1 {
                    one = rate;
                }
                let shares = report.scaling.entry(service.name().into()).or_default();
                shares.insert(replicas.to_string(), rate / one / replicas as f64);
            }
        }
    }
    if wants("lag") {
        say("lag at half the quota …");
        let lags = lag::lags(&services, &snapshot).await?;
        let of = |percent| lag::percentile(&lags, percent);
        report.lag_ms = [
            ("p50".to_owned(), of(50)),
            ("p99".to_owned(), of(99)),
            ("aim".to_owned(), LAG_AIM_MS),
        ]
        .into();
    }
    if wants("dead") {
        say("a hundred thousand dead letters …");
        let measured = dead::letters(&services, &record).await?;
        report.dead_scan_per_s = f64::from(dead::LETTERS) / measured.groups.as_secs_f64();
        report.dead_plan_per_s = f64::from(dead::LETTERS) / measured.plan.as_secs_f64();
        report.replay_per_s = measured.replayed_per_second;
    }
    if wants("index") {
        say("a loss of Redis before a form of half a million rows …");
        let loss = index::loss(&services, &record).await?;
        report.index = [
            ("emptied_s".to_owned(), loss.emptied.as_secs_f64()),
            ("restarted_changed_s".to_owned(), loss.changed.as_secs_f64()),
            ("restarted_new_s".to_owned(), loss.created.as_secs_f64()),
            ("walk_share".to_owned(), loss.share),
            ("peak_mib".to_owned(), loss.peak_mib),
        ]
        .into();
    }
    if wants("events") {
        say("with and without the account of events …");
        for cost in events::cost(&services, options.customers, &snapshot, say).await? {
            let name = cost.service.name();
            report
                .events
                .insert(format!("{name}_throughput"), cost.throughput);
            report.events.insert(format!("{name}_cpu"), cost.cpu);
        }
    }
    for service in Service::ALL {
        let size = std::fs::metadata(binary(service.name())?)
            .context("a binary's size")?
            .len();
        report
            .image_mib
            .insert(service.name().into(), size as f64 / 1_048_576.0);
    }
    report.mapping_ns_per_record = mapping();
    report.seconds = start.elapsed().as_secs_f64();
    Ok(report)
}

/// From a change in the CRM to its row, with the product's own waits.
async fn freshness_of(
    services: &Services,
    webhooks: bool,
    say: &impl Fn(&str),
) -> anyhow::Result<BTreeMap<String, f64>> {
    let mut figures = BTreeMap::new();
    for way in [Way::Polling, Way::Webhooks] {
        if way == Way::Polling || webhooks {
            say(&format!("from change to row by {way:?}, about eight minutes …"));
            freshness::measure(services, way).await?.report(way, &mut figures);
        }
    }
    Ok(figures)
}

/// Criterion's own figure, if its bench has run.
fn mapping() -> Option<f64> {
    let path = repository().join("target/criterion/map 14 fields/new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    estimates.pointer("/mean/point_estimate")?.as_f64()
}
