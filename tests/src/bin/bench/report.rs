//! What the bench leaves: `target/bench/report.json` for machines, plots beside it, a table with the aims for people.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;

use super::plot::bars;
use kit::config::repository;

type Named = BTreeMap<String, f64>;

/// Every figure. The keys are read by other tools: rename nothing.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report {
    /// The ceiling: consume, publish, confirm, acknowledge, nothing else.
    pub raw_relay_msgs_per_s: f64,
    /// The transformer's throughput in parts of that.
    pub transformer_ratio: f64,
    /// Each stage alone, without quotas.
    pub stage_records_per_s: Named,
    /// From listing to row, one replica of each, without quotas.
    pub end_to_end_records_per_s: f64,
    /// The same in parts of the bare relay.
    pub end_to_end_ratio: f64,
    /// User and system time of everybody in the run of all three together, by 1,000 records: the services, the broker, Redis
    /// and the simulator, and their sum.
    pub cpu_all: Named,
    /// User and system time, by stage and in all.
    pub cpu_seconds_per_1000_records: Named,
    /// Rows written in parts of rows allowed, by number of loaders.
    pub quota_use: Named,
    /// In any sliding second, by the simulator's count.
    pub quota_violations: u64,
    /// By stage and backlog.
    pub peak_rss_mib: BTreeMap<String, Named>,
    /// Speed-up for each replica, by stage and number of replicas.
    pub scaling: BTreeMap<String, Named>,
    /// From arrival at the transformer to the row, at half the quota; with the aim for p99.
    pub lag_ms: Named,
    /// From the change in the CRM to the row, in an account of a hundred thousand customers that allows ten calls a second: by
    /// polling, and by webhooks where they are measured; and the share of the calls that are made while nothing changes.
    pub freshness_ms: Named,
    /// Dead letters grouped a second, of a hundred thousand.
    pub dead_scan_per_s: f64,
    /// Dead letters planned a second, of a hundred thousand.
    pub dead_plan_per_s: f64,
    /// Dead letters put back and written a second.
    pub replay_per_s: f64,
    /// A loss of Redis before a form of half a million rows: seconds until rows land again, and what the loader does and
    /// takes while the form is read.
    pub index: Named,
    /// With the account of events, in parts of without: throughput and processor time, by stage.
    pub events: Named,
    /// The read model: events and letters a second, milliseconds of pages, groups and texts, memory and size.
    pub read_model: Named,
    /// The desk beside many letters and customers: seconds until it has read everything, milliseconds to the first byte of its
    /// pages, and its memory.
    pub desk: Named,
    /// The fourteen fields of one customer.
    pub mapping_ns_per_record: Option<f64>,
    /// From start to ready, by service.
    pub ready_ms: Named,
    /// Sizes of the binaries.
    pub image_mib: Named,
    /// What the simulator serves by itself: details, and rows.
    pub simulator_per_s: Named,
    /// The whole bench.
    pub seconds: f64,
}

struct Line {
    what: String,
    value: String,
    aim: &'static str,
    met: Option<bool>,
}

impl Report {
    /// Writes the report and the plots where other tools find them.
    pub(crate) fn write(&self) -> anyhow::Result<PathBuf> {
        let folder = repository().join("target/bench");
        std::fs::create_dir_all(&folder).context("make target/bench")?;
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text)
                .with_context(|| format!("write {}", path.display()))
                .map(|()| path)
        };
        let mut throughput = vec![("bare relay".to_owned(), self.raw_relay_msgs_per_s)];
        throughput.extend(self.stage_records_per_s.clone());
        throughput.push(("all three together".to_owned(), self.end_to_end_records_per_s));
        write(
            "throughput.svg",
            bars("Throughput beside the broker's own", "per s", &throughput),
        )?;
        write(
            "scaling.svg",
            bars("Speed-up for each replica at 200 ms", "", &flat(&self.scaling)),
        )?;
        write(
            "memory.svg",
            bars("Peak memory by backlog", "MiB", &flat(&self.peak_rss_mib)),
        )?;
        let lags: Vec<_> = self.lag_ms.clone().into_iter().collect();
        write(
            "lag.svg",
            bars("From arrival to row at half the quota", "ms", &lags),
        )?;
        let json = serde_json::to_string_pretty(&rounded(self)?).context("write the report")? + "\n";
        write("report.json", json)
    }

    /// The table.
    pub(crate) fn table(&self) -> String {
        let line = |line: Line| {
            let mark = match line.met {
                Some(true) => "✓",
                Some(false) => "✗",
                None => " ",
            };
            format!("  {mark} {:<44} {:>12}   {}\n", line.what, line.value, line.aim)
        };
        self.lines().into_iter().map(line).collect()
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut add = |what: String, value: f64, digits: usize, aim: &'static str, met: Option<bool>| {
            lines.push(Line {
                what,
                value: format!("{value:.digits$}"),
                aim,
                met,
            });
        };
        add(
            "raw relay, messages/s".into(),
            self.raw_relay_msgs_per_s,
            0,
            "the ceiling",
            None,
        );
        for (stage, rate) in &self.stage_records_per_s {
            add(format!("{stage} alone, records/s"), *rate, 0, "", None);
        }
        add(
            "transformer / ceiling".into(),
            self.transformer_ratio,
            2,
            "≥ 2",
            Some(self.transformer_ratio >= 2.0),
        );
        add(
            "end to end, records/s".into(),
            self.end_to_end_records_per_s,
            0,
            "",
            None,
        );
        add(
            "end to end / ceiling".into(),
            self.end_to_end_ratio,
            2,
            "≥ 0.6",
            Some(self.end_to_end_ratio >= 0.6),
        );
        for (who, cpu) in &self.cpu_all {
            let (aim, met) = match who.as_str() {
                "all" => ("≤ 0.35", Some(*cpu <= 0.35)),
                "redis" => ("≤ 0.05", Some(*cpu <= 0.05)),
                _ => ("", None),
            };
            add(
                format!("CPU s per 1,000 records, together, {who}"),
                *cpu,
                3,
                aim,
                met,
            );
        }
        for (stage, cpu) in &self.cpu_seconds_per_1000_records {
            let met = (stage == "all").then_some(*cpu <= 0.15);
            add(
                format!("CPU s per 1,000 records, {stage}"),
                *cpu,
                3,
                "≤ 0.15 in all",
                met,
            );
        }
        for (loaders, used) in &self.quota_use {
            add(
                format!("quota used by {loaders} loaders"),
                *used,
                3,
                "≥ 0.98",
                Some(*used >= 0.98),
            );
        }
        let violations = self.quota_violations;
        add(
            "quota violations".into(),
            violations as f64,
            0,
            "0",
            Some(violations == 0),
        );
        for (stage, peaks) in &self.peak_rss_mib {
            let (low, high) = (extreme(peaks, f64::min), extreme(peaks, f64::max));
            let met = high <= 40.0 && high <= low * 1.1;
            for (backlog, peak) in peaks {
                add(
                    format!("peak MiB, {stage}, backlog {backlog}"),
                    *peak,
                    1,
                    "≤ 40, growth ≤ 10 %",
                    Some(met),
                );
            }
        }
        for (stage, speed) in &self.scaling {
            for (replicas, share) in speed {
                add(
                    format!("speed-up, {stage} × {replicas}, each"),
                    *share,
                    2,
                    "≥ 0.9",
                    Some(*share >= 0.9),
                );
            }
        }
        let aim = self.lag_ms.get("aim").copied().unwrap_or(f64::MAX);
        for (name, lag) in &self.lag_ms {
            let met = (name == "p99").then_some(*lag <= aim);
            add(
                format!("lag ms, {name}"),
                *lag,
                0,
                "p99 ≤ 2 × linger + one call",
                met,
            );
        }
        for (what, value) in &self.freshness_ms {
            let (digits, aim, met) = match what.as_str() {
                "webhook_p99" => (0, "≤ 3,000", Some(*value <= 3_000.0)),
                "polling_p99" => (0, "≤ 20,000", Some(*value <= 20_000.0)),
                what if what.ends_with("share") => (3, "≤ 0.1 of the calls", Some(*value <= 0.1)),
                _ => (0, "", None),
            };
            add(format!("from change to row, {what}"), *value, digits, aim, met);
        }
        add(
            "dead letters grouped/s".into(),
            self.dead_scan_per_s,
            0,
            "100,000 in 10 s",
            Some(self.dead_scan_per_s >= 10_000.0),
        );
        add(
            "dead letters planned/s".into(),
            self.dead_plan_per_s,
            0,
            "100,000 in 10 s",
            Some(self.dead_plan_per_s >= 10_000.0),
        );
        add(
            "dead letters replayed/s".into(),
            self.replay_per_s,
            0,
            "≥ 3,000",
            Some(self.replay_per_s >= 3_000.0),
        );
        for (what, value) in &self.index {
            let (aim, met) = match what.as_str() {
                "emptied_s" => ("≤ 60", *value <= 60.0),
                "walk_share" => ("≥ 0.8", *value >= 0.8),
                "peak_mib" => ("≤ 40", *value <= 40.0),
                _ => ("≤ 5", *value <= 5.0),
            };
            add(format!("loss of Redis, {what}"), *value, 2, aim, Some(met));
        }
        for (what, share) in &self.events {
            let aim = what.ends_with("throughput").then_some(*share >= 0.97);
            add(
                format!("with events, {what}"),
                *share,
                3,
                "throughput ≥ 0.97",
                aim,
            );
        }
        for (what, value) in &self.read_model {
            let (aim, met) = match what.as_str() {
                "events_per_s" => ("≥ 20,000", Some(*value >= 20_000.0)),
                "page_ms" => ("≤ 100", Some(*value <= 100.0)),
                "groups_ms" => ("≤ 50", Some(*value <= 50.0)),
                "text_ms" => ("≤ 500", Some(*value <= 500.0)),
                "peak_mib" => ("≤ 100", Some(*value <= 100.0)),
                _ => ("", None),
            };
            add(format!("read model, {what}"), *value, 1, aim, met);
        }
        for (what, value) in &self.desk {
            let (aim, met) = match what.as_str() {
                "first_byte_ms" => ("≤ 100", Some(*value <= 100.0)),
                "peak_mib" => ("≤ 120", Some(*value <= 120.0)),
                _ => ("", None),
            };
            add(format!("desk, {what}"), *value, 1, aim, met);
        }
        if let Some(ns) = self.mapping_ns_per_record {
            add(
                "mapping, ns per record".into(),
                ns,
                0,
                "≤ 10,000",
                Some(ns <= 10_000.0),
            );
        }
        for (service, ms) in &self.ready_ms {
            add(format!("ready ms, {service}"), *ms, 0, "", None);
        }
        for (service, size) in &self.image_mib {
            add(format!("binary MiB, {service}"), *size, 1, "", None);
        }
        for (what, rate) in &self.simulator_per_s {
            add(
                format!("simulator alone, {what}/s"),
                *rate,
                0,
                "not the bottleneck",
                None,
            );
        }
        lines
    }
}

fn extreme(values: &Named, choose: fn(f64, f64) -> f64) -> f64 {
    values.values().copied().reduce(choose).unwrap_or(0.0)
}

fn flat(values: &BTreeMap<String, Named>) -> Vec<(String, f64)> {
    let of = |(outer, inner): (&String, &Named)| {
        let outer = outer.clone();
        inner
            .iter()
            .map(move |(name, value)| (format!("{outer} × {name}"), *value))
            .collect::<Vec<_>>()
    };
    values.iter().flat_map(of).collect()
}

/// Three digits behind the point are more than any of these figures is worth.
fn rounded(report: &Report) -> anyhow::Result<serde_json::Value> {
    fn round(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Number(number) if number.is_f64() => {
                let rounded = number.as_f64().map(|value| (value * 1000.0).round() / 1000.0);
                *value = rounded.map_or(serde_json::Value::Null, serde_json::Value::from);
            }
            serde_json::Value::Object(fields) => fields.values_mut().for_each(round),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(report).context("write the report")?;
    round(&mut value);
    Ok(value)
}
