//! The examples for Argo CD and Flux are valid, lead to folders that exist, and undo nobody's scaling.

use std::fs;

use kit::config::repository;
use serde_json::Value;

use crate::{
    chart::production,
    manifests::validate,
    references::{collect, text},
    tools::chart,
};

fn example(name: &str) -> Vec<Value> {
    let path = repository().join(format!("deploy/gitops/{name}.yaml"));
    serde_saphyr::from_multiple(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_examples_are_valid_and_lead_to_what_exists() {
    let folder = repository().join("deploy/gitops");
    validate(&["argocd", "flux"].map(|name| folder.join(format!("{name}.yaml"))));
    let all = Value::Array([example("argocd"), example("flux")].concat());
    let mut paths = Vec::new();
    collect(&all, "path", &mut paths);
    collect(&all, "chart", &mut paths);
    let paths: Vec<_> = paths.into_iter().filter_map(Value::as_str).collect();
    assert_eq!(paths.len(), 4, "{paths:?}");
    for path in paths {
        let folder = repository().join(path);
        let root = ["kustomization.yaml", "Chart.yaml"]
            .iter()
            .any(|file| folder.join(file).is_file());
        assert!(root, "{path} is nothing that can be applied");
    }
}

#[test]
fn argo_leaves_replicas_to_whoever_scales() {
    let applications = example("argocd");
    let overlay = &applications[0]["spec"];
    assert_eq!(
        text(overlay, "/ignoreDifferences/0/jsonPointers/0"),
        "/spec/replicas"
    );
    assert!(
        overlay["syncPolicy"]["syncOptions"]
            .as_array()
            .unwrap()
            .contains(&"RespectIgnoreDifferences=true".into())
    );
    let values = text(&applications[1], "/spec/source/helm/valueFiles/0");
    assert!(
        repository().join("deploy/helm/okki").join(values).is_file(),
        "{values}"
    );
}

#[test]
fn the_release_of_flux_is_taken_by_the_chart() {
    let documents = example("flux");
    let release = documents
        .iter()
        .find(|one| text(one, "/kind") == "HelmRelease")
        .unwrap();
    assert_eq!(
        release["spec"]["values"],
        production(),
        "deploy/helm/production.values.yaml says something else"
    );
    chart(&release["spec"]["values"], "okki").unwrap();
}
