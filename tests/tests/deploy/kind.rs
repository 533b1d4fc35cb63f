//! `deploy/kind.sh` says which part ran, and takes every step where there are Docker, kind and kubectl, here played by scripts.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use kit::config::repository;

/// A program of this name that writes its arguments down and then does this.
pub(crate) fn play(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    let log = folder.join("log");
    let text = format!("#!/bin/sh\necho \"{name} $*\" >> {}\n{script}\n", log.display());
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A script of the repository that finds the played programs before those of the machine.
pub(crate) fn played(folder: &Path, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "PATH=\"$1:$PATH\" exec \"$2\"", "sh"]);
    command.arg(folder).arg(repository().join(script));
    command
}

/// Whether it was well, what it said, and what it called.
fn run(folder: &Path) -> (bool, String, String) {
    let said = played(folder, "deploy/kind.sh")
        .env("PATIENCE", "1")
        .env_remove("KEEP")
        .output()
        .unwrap();
    let text = [said.stdout, said.stderr]
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .concat();
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    (said.status.success(), text, log)
}

fn cluster(folder: &Path, missing: u32) {
    play(folder, "docker", "exit 0");
    play(folder, "kind", "exit 0");
    let verdict = format!(
        r#"{{"source_customers": 9, "missing": {missing}, "duplicates": 0, "stale": 0, "blank": 0, "wrong_cells": 0, "extra": 0, "foreign": 0}}"#
    );
    play(
        folder,
        "kubectl",
        &format!("case \"$*\" in *judge*) echo '{verdict}' ;; esac"),
    );
}

#[test]
fn without_an_engine_it_says_so_and_renders() {
    let folder = tempfile::tempdir().unwrap();
    play(folder.path(), "kubectl", "exit 0");
    play(folder.path(), "docker", "exit 1");
    let (well, said, log) = run(folder.path());
    assert!(well, "{said}");
    assert!(
        said.contains("did not run: a real cluster (no Docker engine that answers)"),
        "{said}"
    );
    assert!(said.contains("ran: overlays rendered"), "{said}");
    assert!(log.contains("kustomize deploy/k8s/overlays/production/"), "{log}");
}

#[test]
fn with_an_engine_it_takes_every_step_and_removes_the_cluster() {
    let folder = tempfile::tempdir().unwrap();
    cluster(folder.path(), 0);
    let (well, said, log) = run(folder.path());
    assert!(well, "{said}");
    let mut rest = log.as_str();
    for step in [
        "SERVICE=extractor",
        "SERVICE=simulator",
        "kind create cluster --name okki-test",
        "kind load docker-image okki/loader:local",
        "apply -k deploy/k8s/overlays/local",
        "rollout status deployment/loader",
        "sim/judge",
        "rollout restart statefulset/rabbitmq",
        "scale deployment/loader --replicas=3",
        "sim/change",
        "sim/judge",
        "service doctor",
        "kind delete cluster --name okki-test",
    ] {
        let at = rest
            .find(step)
            .unwrap_or_else(|| panic!("no {step} in the rest of {log}"));
        rest = &rest[at..];
    }
    assert!(
        said.contains("judge content after a restart of the broker"),
        "{said}"
    );
}

#[test]
fn a_judge_that_is_not_content_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    cluster(folder.path(), 3);
    let (well, said, log) = run(folder.path());
    assert!(!well && said.contains("the judge still says"), "{said}");
    assert!(log.contains("kind delete cluster"), "{log}");
}
