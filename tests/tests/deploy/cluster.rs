//! What a cluster needs beside the stages: who scales them, who may connect, what ends, which operator finds what.

use std::{collections::BTreeSet, fs};

use kit::config::repository;
use serde_json::Value;

use crate::{
    manifests::{components, documents, on_top, with_every_component},
    references::{collect, names, pods, text},
};

pub(crate) fn production() -> Vec<Value> {
    documents(&repository().join("deploy/k8s/overlays/production"))
}

pub(crate) fn of_kind<'a>(documents: &'a [Value], kind: &str) -> Vec<&'a Value> {
    documents
        .iter()
        .filter(|document| text(document, "/kind") == kind)
        .collect()
}

pub(crate) fn settings(documents: &[Value], name: &str) -> Value {
    let is_it = |map: &&&Value| text(map, "/metadata/name").starts_with(name);
    of_kind(documents, "ConfigMap").iter().find(is_it).expect(name)["data"].clone()
}

fn scalers(documents: &[Value]) -> Vec<&Value> {
    let mut found = of_kind(documents, "ScaledObject");
    found.extend(of_kind(documents, "HorizontalPodAutoscaler"));
    found
}

#[test]
fn nobody_sets_the_replicas_of_a_stage_that_is_scaled() {
    let mut all = vec![production()];
    all.extend(
        with_every_component()
            .iter()
            .map(|overlay| documents(&overlay.path)),
    );
    let mut seen = 0;
    for documents in &all {
        for scaler in scalers(documents) {
            let target = text(scaler, "/spec/scaleTargetRef/name");
            let deployments = of_kind(documents, "Deployment");
            let deployment = deployments
                .iter()
                .find(|one| text(one, "/metadata/name") == target);
            let deployment = deployment.unwrap_or_else(|| panic!("{target} is scaled and not there"));
            assert!(
                deployment["spec"].get("replicas").is_none(),
                "{target} has two masters"
            );
            seen += 1;
        }
    }
    assert!(seen > 6, "{seen}");
}

#[test]
fn the_broker_is_asked_where_it_is_by_the_user_that_the_operator_made() {
    for (below, namespace) in [("production", "okki"), ("local", "okki-local")] {
        let overlay = on_top(below, if below == "local" { &["keda"] } else { &[] }, "");
        let documents = documents(&overlay.path);
        let bundle = text(&settings(&documents, "okki-common"), "/BUNDLE_RECORDS")
            .parse::<u64>()
            .unwrap();
        for scaler in of_kind(&documents, "ScaledObject") {
            let messages = text(scaler, "/spec/triggers/0/metadata/value")
                .parse::<u64>()
                .unwrap();
            // Refs travel in eights at most.
            let each = if text(scaler, "/metadata/name") == "extractor" {
                8
            } else {
                bundle
            };
            let records = messages * each;
            assert!(
                (400..=10_000).contains(&records),
                "{records} records before another replica comes"
            );
            let host = text(scaler, "/spec/triggers/0/metadata/host");
            assert_eq!(host, format!("http://rabbitmq.{namespace}.svc:15672/okki"));
            assert!(
                scaler["spec"]["minReplicaCount"].as_u64().unwrap() >= 2,
                "{scaler}"
            );
            assert_eq!(
                scaler["spec"]["fallback"]["replicas"],
                scaler["spec"]["minReplicaCount"]
            );
        }
    }
    let documents = production();
    let users = of_kind(&documents, "User");
    for reference in of_kind(&documents, "TriggerAuthentication")[0]["spec"]["secretTargetRef"]
        .as_array()
        .unwrap()
    {
        let user = reference["name"]
            .as_str()
            .unwrap()
            .strip_suffix("-user-credentials")
            .unwrap();
        let user = users
            .iter()
            .find(|one| text(one, "/metadata/name") == user)
            .expect("a user");
        assert_eq!(user["spec"]["tags"][0], "monitoring");
        assert_eq!(reference["parameter"], reference["key"]);
    }
}

#[test]
fn a_stage_that_became_a_schedule_is_not_scaled() {
    let overlay = on_top("local", &["keda", "extractor-cronjob"], "");
    let documents = documents(&overlay.path);
    let targets: Vec<_> = scalers(&documents)
        .iter()
        .map(|scaler| text(scaler, "/spec/scaleTargetRef/name").to_owned())
        .collect();
    assert_eq!(targets, ["loader", "transformer"]);
    assert_eq!(
        names(&documents, "CronJob"),
        BTreeSet::from(["extractor".to_owned()])
    );
}

#[test]
fn what_runs_once_ends_and_is_well_when_there_was_nothing_to_do() {
    for component in ["extractor-cronjob", "replay-job"] {
        let documents = documents(&on_top("local", &[component], "").path);
        let all = Value::Array(documents.clone());
        let mut found = Vec::new();
        collect(&all, "activeDeadlineSeconds", &mut found);
        assert_eq!(found.len(), 1, "{component} may run for ever");
        if component == "replay-job" {
            let args = &pods(&documents)
                .iter()
                .find(|(name, _)| name == "replay-load")
                .unwrap()
                .1["containers"][0]["args"];
            assert!(args.as_array().unwrap().contains(&"--if-any".into()), "{args}");
        }
    }
}

#[test]
fn policies_let_out_what_is_needed_and_in_whom_the_overlay_names() {
    let overlay = on_top(
        "production",
        &["network-policy-managed"],
        "patches:\n  - target: {kind: NetworkPolicy, name: okki-stages}\n    patch: |\n      - op: replace\n        \
         path: /spec/ingress/0/from/0/namespaceSelector/matchLabels/kubernetes.io~1metadata.name\n        value: watchers\n",
    );
    let documents = documents(&overlay.path);
    let policies = of_kind(&documents, "NetworkPolicy");
    let policy = |name: &str| {
        policies
            .iter()
            .find(|one| text(one, "/metadata/name") == name)
            .expect("a policy")
    };
    let stages = policy("okki-stages").to_string();
    assert!(
        stages.contains("watchers") && !stages.contains("\"monitoring\""),
        "{stages}"
    );
    assert!(
        stages.contains("169.254.20.10/32"),
        "NodeLocal DNSCache is shut out"
    );
    let managed = policy("okki-managed");
    assert_eq!(
        managed["spec"]["podSelector"],
        policy("okki-stages")["spec"]["podSelector"]
    );
    let mut ports = Vec::new();
    collect(managed, "port", &mut ports);
    for port in [5671, 5672, 6379, 6380] {
        assert!(ports.contains(&&port.into()), "{port} is shut");
    }
    let workloads = policy("okki-stages")["spec"]["podSelector"]["matchExpressions"][0]["values"].clone();
    for component in ["desk", "replay-job", "extractor-cronjob"] {
        let rendered = crate::manifests::documents(&on_top("local", &[component], "").path);
        for workload in rendered
            .iter()
            .filter(|one| ["Deployment", "Job", "CronJob"].contains(&text(one, "/kind")))
        {
            let mut labels = Vec::new();
            collect(workload, "app.kubernetes.io/name", &mut labels);
            let simulated = labels.contains(&&"simulator".into());
            assert!(
                simulated || workloads.as_array().unwrap().contains(labels[0]),
                "{component}: no policy for {labels:?}"
            );
        }
    }
}

#[test]
fn the_operators_find_what_is_theirs() {
    let documents = production();
    for kind in ["PodMonitor", "PrometheusRule"] {
        let found = of_kind(&documents, kind);
        assert_eq!(
            text(found[0], "/metadata/labels/release"),
            "kube-prometheus-stack",
            "{kind}"
        );
    }
    assert!(names(&documents, "PodDisruptionBudget").contains("rabbitmq"));
}

#[test]
fn everything_speaks_tls_with_one_component() {
    let documents = documents(&on_top("production", &["tls"], "").path);
    let common = settings(&documents, "okki-common");
    assert!(text(&common, "/AMQP_HOST").starts_with("amqps://"));
    assert!(text(&common, "/REDIS_HOST").starts_with("rediss://"));
    for name in ["AMQP_CA_FILE", "REDIS_CA_FILE"] {
        assert!(common[name].is_string(), "{name}");
    }
    let cluster = of_kind(&documents, "RabbitmqCluster")[0];
    assert_eq!(text(cluster, "/spec/tls/secretName"), "okki-broker-server-tls");
}

#[test]
fn production_names_every_component_that_fits_it() {
    let shown =
        fs::read_to_string(repository().join("deploy/k8s/overlays/production/kustomization.yaml")).unwrap();
    for component in components() {
        let elsewhere = [
            "hpa",
            "replay-job",
            "webhook",
            "grafana-dashboard",
            "services-monitor",
        ];
        let elsewhere = elsewhere.contains(&component.as_str());
        assert!(
            elsewhere || shown.contains(&format!("- ../../components/{component}\n")),
            "{component}"
        );
    }
}
