//! Every variable that a manifest sets exists in the program that gets it, and every variable that a program knows is
//! set or at least mentioned in the settings of its stage.

use std::{collections::BTreeSet, fs, process::Command};

use kit::config::{binary, repository};
use regex::Regex;
use serde_json::Value;

use crate::{
    compose,
    manifests::{documents, overlays},
};

const STAGES: [&str; 3] = ["extractor", "transformer", "loader"];

/// Variables in the help of a program and all its subcommands.
pub(crate) fn known(service: &str) -> BTreeSet<String> {
    let named = Regex::new(r"\[env: ([A-Z0-9_]+)").unwrap();
    let mut found = BTreeSet::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(words) = open.pop() {
        let output = Command::new(binary(service).unwrap())
            .args(&words)
            .arg("--help")
            .env_clear()
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        found.extend(named.captures_iter(&help).map(|found| found[1].to_owned()));
        let commands = help
            .lines()
            .skip_while(|line| !line.starts_with("Commands:"))
            .skip(1);
        for line in commands.take_while(|line| !line.is_empty()) {
            let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
            match name.and_then(|rest| rest.split_whitespace().next()) {
                Some("help") | None => {}
                Some(name) => open.push(words.iter().cloned().chain([name.to_owned()]).collect()),
            }
        }
    }
    assert!(found.len() > 10, "{service} --help: {found:?}");
    found
}

/// Variables of a settings file: set, and only mentioned.
fn settings(name: &str) -> BTreeSet<String> {
    let line = Regex::new(r"(?m)^#?([A-Z][A-Z0-9_]*)=").unwrap();
    let text = fs::read_to_string(repository().join(format!("deploy/k8s/base/{name}.env"))).unwrap();
    line.captures_iter(&text)
        .map(|found| found[1].to_owned())
        .collect()
}

/// Variables that the Deployment of a stage sets itself, the files of its secrets among them.
fn own(documents: &[Value], service: &str) -> BTreeSet<String> {
    let is_it =
        |document: &&Value| document["kind"] == "Deployment" && document["metadata"]["name"] == service;
    let deployment = documents.iter().find(is_it).expect(service);
    let variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
        .as_array()
        .unwrap();
    variables
        .iter()
        .map(|variable| variable["name"].as_str().unwrap().to_owned())
        .collect()
}

fn rendered(documents: &[Value], service: &str) -> BTreeSet<String> {
    let mut found = own(documents, service);
    for map in ["okki-common", &format!("okki-{service}")] {
        let name = |document: &&Value| {
            let name = document["metadata"]["name"].as_str().unwrap_or_default();
            document["kind"] == "ConfigMap" && name.starts_with(map)
        };
        let data = documents.iter().find(name).expect(map)["data"]
            .as_object()
            .unwrap();
        found.extend(data.keys().cloned());
    }
    found
}

#[test]
fn manifests_and_programs_know_the_same_variables() {
    let common = settings("common");
    let known = STAGES.map(|service| (service, known(service)));
    for overlay in overlays() {
        let documents = documents(&overlay);
        for (service, known) in &known {
            let set = rendered(&documents, service);
            let invented: Vec<_> = set.difference(known).collect();
            assert!(
                invented.is_empty(),
                "{}: {service} does not know {invented:?}",
                overlay.display()
            );
            let mentioned: BTreeSet<_> = common
                .iter()
                .chain(&settings(service))
                .chain(&own(&documents, service))
                .cloned()
                .collect();
            let hidden: Vec<_> = known.difference(&mentioned).collect();
            assert!(
                hidden.is_empty(),
                "deploy/k8s/base/{service}.env does not mention {hidden:?}"
            );
            let stale: Vec<_> = mentioned.difference(known).collect();
            assert!(
                stale.is_empty(),
                "{service} does not know {stale:?}, which its settings mention"
            );
        }
    }
}

/// A document with its merge keys (`<<`) carried out.
pub(crate) fn settled(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut found = members.get("<<").map(settled).unwrap_or_default();
            if found.is_null() {
                found = Value::Object(serde_json::Map::new());
            }
            for (name, member) in members.iter().filter(|(name, _)| *name != "<<") {
                found[name] = settled(member);
            }
            found
        }
        Value::Array(items) => items.iter().map(settled).collect(),
        other => other.clone(),
    }
}

#[test]
fn compose_sets_only_variables_that_the_programs_know() {
    for file in ["compose.yaml", "compose.demo.yaml", "compose.setup.yaml"] {
        for (service, settings) in compose::services(file) {
            if !compose::PROGRAMS.contains(&service.as_str()) {
                continue;
            }
            let known = known(&service);
            let set = settings["environment"].as_object().unwrap().keys();
            let invented: Vec<_> = set.filter(|name| !known.contains(*name)).collect();
            assert!(
                invented.is_empty(),
                "{file}: {service} does not know {invented:?}"
            );
        }
    }
}

/// `--help` behind the arguments of a pod: the program says what it would do, or that it does not know a flag.
#[test]
fn the_arguments_of_every_pod_are_understood() {
    for overlay in crate::manifests::with_every_component() {
        for document in documents(&overlay.path) {
            let mut containers = Vec::new();
            crate::references::collect(&document, "containers", &mut containers);
            for container in containers.into_iter().flat_map(|list| list.as_array().unwrap()) {
                let image = container["image"].as_str().unwrap_or_default();
                let Some(service) = STAGES
                    .into_iter()
                    .find(|stage| image.contains(&format!("okki/{stage}")))
                else {
                    continue;
                };
                let args: Vec<_> = container["args"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|arg| arg.as_str().unwrap())
                    .collect();
                let mut program = Command::new(binary(service).unwrap());
                crate::tools::output(program.args(&args).arg("--help").env_clear());
            }
        }
    }
}
