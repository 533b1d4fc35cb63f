//! Every overlay renders and is valid, and so is every component that no overlay uses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
};

use kit::config::repository;
use serde_json::Value;
use tempfile::TempDir;

use crate::tools::{kubectl, output, python};

/// Kubernetes versions that the manifests are made for: the oldest that is still maintained, and the newest.
const VERSIONS: [&str; 2] = ["1.32", "1.37"];

/// What a rendered overlay is called.
pub(crate) fn overlays() -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(repository().join("deploy/k8s/overlays"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    assert!(found.len() >= 2, "{found:?}");
    found
}

/// The rendered documents of an overlay.
pub(crate) fn documents(folder: &Path) -> Vec<Value> {
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

pub(crate) fn validate(files: &[PathBuf]) {
    for version in VERSIONS {
        output(
            Command::new(python())
                .arg(repository().join("deploy/k8s/validate.py"))
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

/// An overlay that was written for a test; gone with this value.
pub(crate) struct Written {
    /// Where its kustomization is.
    pub path: PathBuf,
    _folder: Rc<TempDir>,
}

/// A folder beside the overlays, which git ignores.
fn beside() -> Rc<TempDir> {
    let root = repository().join("deploy/k8s");
    let folder = tempfile::Builder::new().prefix(".render-").tempdir_in(root);
    Rc::new(folder.unwrap())
}

/// An overlay of its own: what it is on top of, its components in this order, and the rest of its kustomization.
pub(crate) fn on_top(below: &str, components: &[&str], more: &str) -> Written {
    let folder = beside();
    write(&folder, "overlay", below, components, more)
}

fn write(folder: &Rc<TempDir>, name: &str, below: &str, components: &[&str], more: &str) -> Written {
    let path = folder.path().join(name);
    fs::create_dir(&path).unwrap();
    let components: Vec<_> = components
        .iter()
        .map(|name| format!("../../components/{name}"))
        .collect();
    let kustomization = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\
         resources: [../../overlays/{below}]\ncomponents: [{}]\n{more}",
        components.join(", ")
    );
    fs::write(path.join("kustomization.yaml"), kustomization).unwrap();
    Written {
        path,
        _folder: Rc::clone(folder),
    }
}

/// Every component, by its name.
pub(crate) fn components() -> Vec<String> {
    let entries = fs::read_dir(repository().join("deploy/k8s/components")).unwrap();
    let mut components: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    components.sort();
    components
}

/// What a component changes, where it needs another one.
fn needed_by(component: &str) -> &'static [&'static str] {
    match component {
        "broker-passwords" => &["rabbitmq-operator"],
        "desk-oidc" => &["desk"],
        "network-policy-managed" => &["network-policy"],
        _ => &[],
    }
}

/// The local overlay with one component each, and what that one needs.
pub(crate) fn with_every_component() -> Vec<Written> {
    let folder = beside();
    let overlay = |component: String| {
        let names = [needed_by(&component), &[component.as_str()]].concat();
        write(&folder, &component, "local", &names, "")
    };
    components().into_iter().map(overlay).collect()
}

#[test]
fn every_component_fits_the_local_overlay_alone() {
    let overlays = with_every_component();
    let render = |overlay: &Written| {
        let file = overlay.path.join("rendered.yaml");
        fs::write(&file, render(&overlay.path)).unwrap();
        file
    };
    validate(&overlays.iter().map(render).collect::<Vec<_>>());
}

#[test]
fn the_examples_of_secrets_are_valid() {
    let folder = repository().join("deploy/k8s/overlays/production");
    let examples = ["secrets", "broker-secrets", "external-secrets"];
    validate(&examples.map(|name| folder.join(format!("{name}.example.yaml"))));
}
