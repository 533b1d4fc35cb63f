//! What a manifest refers to exists, and what the programs need of a supervisor is kept.

use std::{collections::BTreeSet, fs};

use kit::config::repository;
use serde_json::Value;

use crate::manifests::{documents, overlays};

const STAGES: [&str; 3] = ["extractor", "transformer", "loader"];

pub(crate) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn names(documents: &[Value], kind: &str) -> BTreeSet<String> {
    let of_kind = documents
        .iter()
        .filter(|document| text(document, "/kind") == kind);
    of_kind
        .map(|document| text(document, "/metadata/name").to_owned())
        .collect()
}

/// Every pod of the rendered documents: who makes it, and its specification.
pub(crate) fn pods(documents: &[Value]) -> Vec<(String, &Value)> {
    let pod = |document: &Value| match text(document, "/kind") {
        "Deployment" | "StatefulSet" | "Job" => Some("/spec/template/spec"),
        "CronJob" => Some("/spec/jobTemplate/spec/template/spec"),
        _ => None,
    };
    let found = documents.iter().filter_map(|document| {
        let spec = document.pointer(pod(document)?)?;
        Some((text(document, "/metadata/name").to_owned(), spec))
    });
    found.collect()
}

/// Values of every member called `key`, at any depth.
pub(crate) fn collect<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name == key {
                    found.push(member);
                }
                collect(member, key, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, found)),
        _ => {}
    }
}

fn referred(spec: &Value, keys: [&str; 2]) -> BTreeSet<String> {
    let mut found = Vec::new();
    for key in keys {
        collect(spec, key, &mut found);
    }
    let required = found
        .into_iter()
        .filter(|reference| reference.get("optional") != Some(&Value::Bool(true)));
    let name = |reference: &Value| reference.get("name").and_then(Value::as_str).map(str::to_owned);
    required.filter_map(name).collect()
}

#[test]
fn whatever_a_pod_refers_to_exists() {
    let example =
        fs::read_to_string(repository().join("deploy/k8s/overlays/production/secrets.example.yaml")).unwrap();
    let example: Vec<Value> = serde_saphyr::from_multiple(&example).unwrap();
    for overlay in overlays() {
        let documents = documents(&overlay);
        let (maps, accounts) = (
            names(&documents, "ConfigMap"),
            names(&documents, "ServiceAccount"),
        );
        let mut secrets = names(&documents, "Secret");
        if overlay.ends_with("production") {
            secrets.extend(names(&example, "Secret"));
            // The topology operator makes these.
            let users = names(&documents, "User").into_iter();
            secrets.extend(users.map(|user| format!("{user}-user-credentials")));
        }
        for (name, spec) in pods(&documents) {
            let name = format!("{} {name}", overlay.display());
            let missing: Vec<_> = referred(spec, ["configMapRef", "configMap"])
                .difference(&maps)
                .cloned()
                .collect();
            assert!(
                missing.is_empty(),
                "{name} refers to ConfigMaps that are not there: {missing:?}"
            );
            let missing: Vec<_> = referred(spec, ["secretRef", "secret"])
                .difference(&secrets)
                .cloned()
                .collect();
            assert!(
                missing.is_empty(),
                "{name} refers to Secrets that are not documented: {missing:?}"
            );
            let account = text(spec, "/serviceAccountName");
            assert!(
                account.is_empty() || accounts.contains(account),
                "{name}: no account {account}"
            );
        }
        let workloads = [names(&documents, "Deployment"), names(&documents, "StatefulSet")].concat_sets();
        for scaled in documents.iter().filter(|document| {
            matches!(
                text(document, "/kind"),
                "ScaledObject" | "HorizontalPodAutoscaler"
            )
        }) {
            let target = text(scaled, "/spec/scaleTargetRef/name");
            assert!(workloads.contains(target), "{target} is scaled and not there");
        }
    }
}

trait Sets {
    fn concat_sets(self) -> BTreeSet<String>;
}

impl Sets for [BTreeSet<String>; 2] {
    fn concat_sets(self) -> BTreeSet<String> {
        self.into_iter().flatten().collect()
    }
}

#[test]
fn every_stage_is_locked_down_and_has_time_to_drain() {
    for overlay in overlays() {
        let documents = documents(&overlay);
        let common = documents
            .iter()
            .find(|document| text(document, "/metadata/name").starts_with("okki-common"));
        let drain = text(common.expect("common settings"), "/data/DRAIN_DEADLINE");
        let drain = pipeline::setting::parse_duration(drain).unwrap().as_secs();
        let pods = pods(&documents);
        for stage in STAGES {
            let (_, spec) = pods.iter().find(|(name, _)| name == stage).expect(stage);
            let grace = spec["terminationGracePeriodSeconds"].as_u64().unwrap();
            assert!(
                grace >= drain + 10,
                "{stage}: {grace} s are too short for a drain of {drain} s"
            );
            assert_eq!(spec["automountServiceAccountToken"], false, "{stage}");
            assert_eq!(spec["securityContext"]["runAsNonRoot"], true, "{stage}");
            assert_eq!(
                spec["securityContext"]["seccompProfile"]["type"], "RuntimeDefault",
                "{stage}"
            );
            let container = &spec["containers"][0];
            let security = &container["securityContext"];
            assert_eq!(security["readOnlyRootFilesystem"], true, "{stage}");
            assert_eq!(security["allowPrivilegeEscalation"], false, "{stage}");
            assert_eq!(security["capabilities"]["drop"][0], "ALL", "{stage}");
            for probe in ["startupProbe", "livenessProbe"] {
                // An outage must not restart a pod, so only what the process itself knows may.
                assert_eq!(container[probe]["httpGet"]["path"], "/livez", "{stage} {probe}");
            }
            assert_eq!(
                container["readinessProbe"]["httpGet"]["path"], "/readyz",
                "{stage}"
            );
            assert!(container["resources"]["limits"].get("cpu").is_none(), "{stage}");
        }
        let budgets = names(&documents, "PodDisruptionBudget");
        assert!(
            budgets.is_superset(&STAGES.map(str::to_owned).into()),
            "{budgets:?}"
        );
    }
}

#[test]
fn queues_are_named_as_the_programs_name_them() {
    let production = documents(&repository().join("deploy/k8s/overlays/production"));
    let namespace: pipeline::names::Namespace = "okki".parse().unwrap();
    for stage in pipeline::stage::Stage::ALL {
        let queue = namespace.queue(stage);
        let mut found = Vec::new();
        production
            .iter()
            .for_each(|document| collect(document, "queueName", &mut found));
        assert!(
            found.iter().any(|name| **name == queue),
            "nothing scales on {queue}"
        );
    }
}
