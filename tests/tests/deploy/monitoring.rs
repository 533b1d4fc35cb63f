//! Alert rules are valid and fire when they should, each has a runbook paragraph, and rules and dashboard use metrics
//! that exist.

use std::{collections::BTreeSet, fs, process::Command};

use kit::config::repository;
use pipeline::telemetry::names::{self, Kind};
use regex::Regex;
use serde_json::Value;

use crate::tools::{output, promtool};

fn read(path: &str) -> String {
    fs::read_to_string(repository().join("deploy").join(path)).unwrap()
}

fn rules() -> Value {
    serde_saphyr::from_str(&read("prometheus/alerts.yaml")).unwrap()
}

fn alerts() -> Vec<Value> {
    rules()["groups"][0]["rules"].as_array().unwrap().clone()
}

#[test]
fn the_rules_are_valid_and_fire_when_they_should() {
    let folder = repository().join("deploy/prometheus");
    let promtool = promtool();
    output(
        Command::new(&promtool)
            .args(["check", "rules", "alerts.yaml"])
            .current_dir(&folder),
    );
    output(
        Command::new(&promtool)
            .args(["check", "config", "--syntax-only", "prometheus.yml"])
            .current_dir(&folder),
    );
    output(
        Command::new(&promtool)
            .args(["test", "rules", "alerts.test.yaml"])
            .current_dir(&folder),
    );
}

#[test]
fn every_alert_has_a_test_and_a_paragraph_of_the_runbook() {
    let tests = read("prometheus/alerts.test.yaml");
    // A Chinese character says as much as a few letters, and takes three bytes.
    let runbooks = ["runbook.md", "runbook.zh-CN.md"].map(|name| (name, read(name)));
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        assert!(
            tests.contains(&format!("alertname: {name}\n")),
            "{name} has no test"
        );
        for (file, runbook) in &runbooks {
            let paragraph = runbook.split(&format!("\n## {name}\n")).nth(1);
            let paragraph = paragraph.unwrap_or_else(|| panic!("{name} is not in {file}"));
            assert!(
                paragraph.trim_start().split("\n\n").next().unwrap().len() > 150,
                "{file}, {name}: what shall one do?"
            );
        }
        let link = format!("deploy/runbook.md#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook"], link.as_str());
    }
}

#[test]
fn the_operator_gets_the_same_rules() {
    let resource: Value = serde_saphyr::from_str(&read("k8s/components/pod-monitor/rules.yaml")).unwrap();
    assert_eq!(
        resource["spec"],
        rules(),
        "copy the groups of prometheus/alerts.yaml"
    );
}

/// Metrics that an expression asks for must exist, with the labels it selects by.
#[test]
fn rules_and_dashboard_ask_for_metrics_that_exist() {
    let dashboard: Value = serde_json::from_str(&read("grafana/dashboard.json")).unwrap();
    let mut expressions: Vec<String> = alerts()
        .iter()
        .map(|alert| alert["expr"].as_str().unwrap().to_owned())
        .collect();
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert!(
            !panel["description"].as_str().unwrap().is_empty(),
            "{}",
            panel["title"]
        );
        let targets = panel["targets"].as_array().unwrap();
        expressions.extend(
            targets
                .iter()
                .map(|target| target["expr"].as_str().unwrap().to_owned()),
        );
    }
    let used = Regex::new(r"\b(okki_[a-z_]+)(?:\{([^}]*)\})?").unwrap();
    let label = Regex::new(r"([a-z]+)\s*(?:=~|!~|!=|=)").unwrap();
    let mut seen = BTreeSet::new();
    for expression in &expressions {
        for found in used.captures_iter(expression) {
            let name = &found[1];
            let metric = names::ALL.iter().find(|metric| match metric.kind {
                Kind::Histogram(_) => ["_bucket", "_count", "_sum"]
                    .iter()
                    .any(|end| name == format!("{}{end}", metric.name)),
                _ => name == metric.name,
            });
            let metric = metric.unwrap_or_else(|| panic!("no metric {name}: {expression}"));
            seen.insert(metric.name);
            let selectors = found.get(2).map_or("", |selectors| selectors.as_str());
            for selected in label.captures_iter(selectors) {
                let from_scrape = ["service", "instance", "le"].contains(&&selected[1]);
                assert!(
                    from_scrape || metric.labels.contains(&&selected[1]),
                    "{name} has no label {}",
                    &selected[1]
                );
            }
        }
    }
    for metric in names::ALL {
        let hidden = [names::BUILD_INFO, names::REPUBLISHED];
        let shown = seen.contains(metric.name) || hidden.contains(&metric.name) || is_detail(metric.name);
        assert!(shown, "{} is on no panel and in no rule", metric.name);
    }
}

/// Counters of one vendor's particulars, which no dashboard shows.
fn is_detail(name: &str) -> bool {
    name.starts_with("okki_quota_") || name.starts_with("okki_loader_")
}

#[test]
fn one_file_alone_writes_the_names_of_metrics() {
    let literal = Regex::new(r#"\b(?:counter|gauge|histogram)!\(\s*""#).unwrap();
    let mut open = ["crates", "extractor/src", "transformer/src", "loader/src"]
        .map(|part| repository().join(part))
        .to_vec();
    assert!(open.iter().all(|path| path.is_dir()), "{open:?}");
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(
                !literal.is_match(&text),
                "{} names a metric; names live in pipeline::telemetry::names",
                path.display()
            );
        }
    }
}
