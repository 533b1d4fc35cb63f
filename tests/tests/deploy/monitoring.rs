//! Alert rules are valid and fire when they should, each has a runbook paragraph, and rules and dashboard use metrics
//! that exist.

use std::{collections::BTreeSet, fs, process::Command};

use kit::config::repository;
use pipeline::telemetry::names::{self, Kind};
use regex::Regex;
use serde_json::Value;

use crate::tools::{amtool, output, promtool};

/// Where the project is; whoever has a copy of his own puts its address here and into the rules.
const PROJECT: &str = "https://git.example.com/okki/blob/main";
/// What names a pipeline: NAMESPACE, and where the scrape has a namespace of its own, that one, too.
const PIPELINE: [&str; 2] = ["namespace", "exported_namespace"];

fn read(path: &str) -> String {
    fs::read_to_string(repository().join("deploy").join(path)).unwrap()
}

fn rules(file: &str) -> Value {
    serde_saphyr::from_str(&read(&format!("prometheus/{file}.yaml"))).unwrap()
}

fn alerts_of(file: &str) -> Vec<Value> {
    rules(file)["groups"][0]["rules"].as_array().unwrap().clone()
}

/// Those about the pipeline itself.
fn alerts() -> Vec<Value> {
    alerts_of("alerts")
}

fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&read("grafana/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().clone();
    panels
        .into_iter()
        .filter(|panel| panel["type"] != "row")
        .collect()
}

fn expressions(panel: &Value) -> Vec<String> {
    let targets = panel["targets"].as_array().unwrap();
    let expression = |target: &Value| target["expr"].as_str().unwrap().to_owned();
    targets.iter().map(expression).collect()
}

#[test]
fn the_rules_are_valid_and_fire_when_they_should() {
    let folder = repository().join("deploy/prometheus");
    let promtool = promtool();
    output(
        Command::new(&promtool)
            .args(["check", "rules", "alerts.yaml", "services.yaml"])
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
    output(
        Command::new(amtool())
            .args(["check-config", "alertmanager.example.yml"])
            .current_dir(&folder),
    );
}

/// Two pipelines on one Prometheus must not mask each other.
#[test]
fn every_rule_groups_by_the_pipeline_and_every_panel_selects_it() {
    let grouping = Regex::new(r"\b(?:sum|max|min|count|group|avg)\b(?:\s*by\s*\(([^)]*)\))?").unwrap();
    let joined = Regex::new(r"\bon\s*\(([^)]*)\)").unwrap();
    let names_it = |labels: &str| {
        let labels: Vec<_> = labels.split(',').map(str::trim).collect();
        PIPELINE.iter().all(|label| labels.contains(label))
    };
    let alerts = alerts();
    let of_rules = alerts
        .iter()
        .map(|alert| alert["expr"].as_str().unwrap().to_owned());
    for expression in of_rules.chain(panels().iter().flat_map(expressions)) {
        for found in grouping.captures_iter(&expression) {
            let labels = found.get(1).map_or("", |labels| labels.as_str());
            assert!(names_it(labels), "{} in {expression}", &found[0]);
        }
        for found in joined.captures_iter(&expression) {
            assert!(names_it(&found[1]), "{} in {expression}", &found[0]);
        }
    }
    let metric = Regex::new(r"\bokki_[a-z_]+(\{[^}]*\})?").unwrap();
    for expression in panels().iter().flat_map(expressions) {
        for found in metric.captures_iter(&expression) {
            let selectors = found.get(1).map_or("", |selectors| selectors.as_str());
            for label in PIPELINE {
                let variable = format!("{label}=~\"${label}\"");
                assert!(selectors.contains(&variable), "{} in {expression}", &found[0]);
            }
        }
    }
    let dashboard: Value = serde_json::from_str(&read("grafana/dashboard.json")).unwrap();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    for label in PIPELINE {
        assert!(
            variables.iter().any(|variable| variable["name"] == label),
            "{label}"
        );
    }
}

#[test]
fn the_dashboard_comes_as_a_config_map_that_grafanas_sidecar_finds() {
    let overlays = crate::manifests::with_every_component();
    let with = overlays
        .iter()
        .find(|overlay| overlay.path.ends_with("grafana-dashboard"));
    let documents = crate::manifests::documents(&with.expect("a component for it").path);
    let found = documents
        .iter()
        .find(|document| document["metadata"]["name"] == "okki-dashboard")
        .expect("a ConfigMap");
    assert_eq!(found["metadata"]["labels"]["grafana_dashboard"], "1");
    let text = found["data"]["okki.json"].as_str().unwrap();
    let shown: Value = serde_json::from_str(text).unwrap();
    let kept: Value = serde_json::from_str(&read("grafana/dashboard.json")).unwrap();
    assert_eq!(shown, kept);
}

#[test]
fn every_alert_has_a_test_and_a_paragraph_of_the_runbook() {
    let tests = read("prometheus/alerts.test.yaml");
    // A Chinese character says as much as a few letters, and takes three bytes.
    let runbooks = ["runbook.md", "runbook.zh-CN.md"].map(|name| (name, read(name)));
    for alert in [alerts(), alerts_of("services")].concat() {
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
        let link = format!("{PROJECT}/deploy/runbook.md#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook_url"], link.as_str());
    }
}

#[test]
fn the_operator_gets_the_same_rules() {
    for (component, file) in [("pod-monitor", "alerts"), ("services-monitor", "services")] {
        let resource = read(&format!("k8s/components/{component}/rules.yaml"));
        let resource: Value = serde_saphyr::from_str(&resource).unwrap();
        assert_eq!(
            resource["spec"],
            rules(file),
            "copy the groups of prometheus/{file}.yaml"
        );
    }
}

/// Metrics that an expression asks for must exist, with the labels it selects by.
#[test]
fn rules_and_dashboard_ask_for_metrics_that_exist() {
    let mut asked: Vec<String> = alerts()
        .iter()
        .map(|alert| alert["expr"].as_str().unwrap().to_owned())
        .collect();
    for panel in panels() {
        assert!(
            !panel["description"].as_str().unwrap().is_empty(),
            "{}",
            panel["title"]
        );
        asked.extend(expressions(&panel));
    }
    let used = Regex::new(r"\b(okki_[a-z_]+)(?:\{([^}]*)\})?").unwrap();
    let label = Regex::new(r"([a-z_]+)\s*(?:=~|!~|!=|=)").unwrap();
    let mut seen = BTreeSet::new();
    for expression in &asked {
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
                let from_scrape =
                    ["service", "instance", "le"].contains(&&selected[1]) || PIPELINE.contains(&&selected[1]);
                assert!(
                    from_scrape || metric.labels.contains(&&selected[1]),
                    "{name} has no label {}",
                    &selected[1]
                );
            }
        }
    }
    for metric in names::ALL {
        let hidden = [names::REPUBLISHED];
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
