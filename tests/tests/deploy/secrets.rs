//! Secrets and documents: which come first, and that every file that a setting names is mounted where it is read.

use std::{collections::BTreeSet, fs};

use kit::config::repository;
use serde_json::Value;

use crate::{
    cluster::{of_kind, production, settings},
    manifests::{documents, on_top, with_every_component},
    references::{collect, names, pods, text},
};

fn example(name: &str) -> Vec<Value> {
    let path = format!("deploy/k8s/overlays/production/{name}.example.yaml");
    serde_saphyr::from_multiple(&fs::read_to_string(repository().join(path)).unwrap()).unwrap()
}

/// A first start that can be followed: everything that pods wait for is in one page, or made by an operator.
#[test]
fn secrets_exist_before_they_are_needed_and_rotate_without_an_edit() {
    let documents = production();
    let credentials: BTreeSet<_> = names(&documents, "User")
        .into_iter()
        .map(|user| format!("{user}-user-credentials"))
        .collect();
    assert_eq!(names(&example("broker-secrets"), "Secret"), credentials);
    let keys = |secret: &Value| -> BTreeSet<String> {
        secret["stringData"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let by_hand = [example("secrets"), example("broker-secrets")].concat();
    let imported = on_top("production", &["broker-passwords"], "");
    let imported = crate::manifests::documents(&imported.path);
    let imported: Vec<_> = of_kind(&imported, "User")
        .into_iter()
        .map(|user| text(user, "/spec/importCredentialsSecret/name").to_owned())
        .collect();
    assert_eq!(imported.len(), credentials.len());
    let stored = example("external-secrets");
    for name in names(&example("secrets"), "Secret").iter().chain(&imported) {
        let Some(store) = stored.iter().find(|one| text(one, "/spec/target/name") == name) else {
            assert_eq!(
                name, "okki-snapshots",
                "external-secrets.example.yaml lacks {name}"
            );
            continue;
        };
        let entries = store["spec"]["data"].as_array().unwrap().iter();
        let got: BTreeSet<_> = entries
            .map(|entry| text(entry, "/secretKey").to_owned())
            .collect();
        let same = by_hand
            .iter()
            .find(|secret| text(secret, "/metadata/name") == name);
        let wanted = same.map_or_else(
            || BTreeSet::from(["password".to_owned(), "username".to_owned()]),
            keys,
        );
        assert_eq!(got, wanted, "{name}");
    }
    // What is mounted as a file is read again; what is a variable would need a restart.
    for (pod, spec) in pods(&documents) {
        let mut found = Vec::new();
        collect(spec, "secretKeyRef", &mut found);
        assert!(found.is_empty(), "{pod} has secrets as variables: {found:?}");
    }
}

/// Files that a volume of the pod puts there: `None` for a whole ConfigMap, whose keys are the user's.
fn mounted(spec: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mounts = spec["containers"][0]["volumeMounts"].as_array().unwrap();
    for volume in spec["volumes"].as_array().unwrap() {
        let mount = mounts.iter().find(|mount| mount["name"] == volume["name"]);
        let at = mount.unwrap_or_else(|| panic!("{} is not mounted", volume["name"]))["mountPath"]
            .as_str()
            .unwrap();
        for source in volume["projected"]["sources"].as_array().into_iter().flatten() {
            for item in source["secret"]["items"].as_array().unwrap() {
                assert!(
                    found.insert(format!("{at}/{}", text(item, "/path"))),
                    "twice: {item}"
                );
            }
        }
        if volume.get("configMap").is_some() {
            found.insert(format!("{at}/"));
        }
    }
    found
}

#[test]
fn whatever_a_settings_file_names_is_mounted_in_every_pod_that_reads_it() {
    let base = repository().join("deploy/k8s/base");
    let named = |map: &str| -> Vec<(String, String)> {
        let file = base.join(format!("{}.env", map.strip_prefix("okki-").unwrap()));
        let lines = fs::read_to_string(file).unwrap();
        let pairs = lines
            .lines()
            .filter_map(|line| line.trim_start_matches('#').split_once('='));
        let paths = pairs
            .filter(|(_, value)| value.starts_with("/var/run/secrets/") || value.starts_with("/etc/okki"));
        paths
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    assert!(named("okki-common").len() > 8);
    let mut seen = BTreeSet::new();
    for overlay in with_every_component() {
        for (pod, spec) in pods(&documents(&overlay.path)) {
            let there = spec["containers"][0]["envFrom"].as_array().into_iter().flatten();
            for source in there {
                let name = text(source, "/configMapRef/name");
                let map = ["okki-common", "okki-extractor", "okki-transformer", "okki-loader"]
                    .into_iter()
                    .find(|map| name.starts_with(map))
                    .expect("a settings file");
                let files = mounted(spec);
                for (variable, path) in named(map) {
                    let folder = format!("{}/", path.rsplit_once('/').unwrap().0);
                    assert!(
                        files.contains(&path) || files.contains(&folder),
                        "{pod}: {variable} names {path}, which is not mounted"
                    );
                }
                seen.insert(pod.clone());
            }
        }
    }
    let wanted = ["extractor", "transformer", "loader", "desk", "replay-load"];
    assert!(wanted.iter().all(|pod| seen.contains(*pod)), "{seen:?}");
}

#[test]
fn the_mapping_of_production_is_the_default_and_can_be_replaced() {
    let read = |path: &str| fs::read_to_string(repository().join(path)).unwrap();
    let default = read("transformer/mappings/default.json");
    assert_eq!(
        settings(&production(), "okki-mapping")["mapping.json"],
        default.as_str()
    );
    let rendered = serde_json::to_string(&production()).unwrap();
    for made_up in ["sim-", "647efacc2a57", "668a08beaf5a", "simulator"] {
        assert!(!rendered.contains(made_up), "{made_up} in production");
    }
    let more =
        "configMapGenerator:\n  - {name: okki-mapping, behavior: replace, files: [mapping.json=mine.json]}\n";
    let overlay = on_top("production", &[], more);
    let shown = read("deploy/k8s/overlays/production/kustomization.yaml");
    assert!(
        shown.contains(more.lines().nth(1).unwrap().trim_start_matches("  - ")),
        "the way is not shown"
    );
    fs::write(overlay.path.join("mine.json"), "{}").unwrap();
    assert_eq!(
        settings(&documents(&overlay.path), "okki-mapping")["mapping.json"],
        "{}"
    );
}
