//! Every overlay renders and is valid, and so is every component that no overlay uses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tests::config::workspace;

use crate::tools::{kubectl, output, python};

/// Kubernetes versions that the manifests are made for: the oldest that is still maintained, and the newest.
const VERSIONS: [&str; 2] = ["1.32", "1.37"];

/// What a rendered overlay is called.
pub fn overlays() -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(workspace().join("deploy/k8s/overlays"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    assert!(found.len() >= 2, "{found:?}");
    found
}

/// The rendered documents of an overlay.
pub fn documents(folder: &Path) -> Vec<Value> {
    let text = render(folder);
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("rendered YAML");
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect()
}

fn render(folder: &Path) -> String {
    output(Command::new(kubectl()).arg("kustomize").arg(folder))
}

fn validate(files: &[PathBuf]) {
    for version in VERSIONS {
        output(
            Command::new(python())
                .arg(workspace().join("deploy/k8s/validate.py"))
                .arg(version)
                .args(files),
        );
    }
}

#[test]
fn every_overlay_renders_and_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let write = |overlay: PathBuf| {
        let file = folder
            .path()
            .join(overlay.file_name().unwrap())
            .with_extension("yaml");
        fs::write(&file, render(&overlay)).unwrap();
        file
    };
    validate(&overlays().into_iter().map(write).collect::<Vec<_>>());
}

#[test]
fn every_component_fits_the_local_overlay_alone() {
    let root = workspace().join("deploy/k8s");
    let mut components: Vec<_> = fs::read_dir(root.join("components"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    components.sort();
    let folder = tempfile::Builder::new()
        .prefix(".render-")
        .tempdir_in(&root)
        .unwrap();
    let mut files = Vec::new();
    for component in components {
        let name = component.file_name().unwrap().to_str().unwrap().to_owned();
        let overlay = folder.path().join(&name);
        fs::create_dir(&overlay).unwrap();
        let kustomization = format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\
             resources: [../../overlays/local]\ncomponents: [../../components/{name}]\n"
        );
        fs::write(overlay.join("kustomization.yaml"), kustomization).unwrap();
        let file = overlay.join("rendered.yaml");
        fs::write(&file, render(&overlay)).unwrap();
        files.push(file);
    }
    validate(&files);
}

#[test]
fn the_examples_of_secrets_are_valid() {
    validate(&[workspace().join("deploy/k8s/overlays/production/secrets.example.yaml")]);
}
