//! The recipe of the images and the compose file, as far as they can be checked without a container engine.

use std::{collections::BTreeSet, fs, process::Command};

use kit::config::repository;
use serde_json::Value;

use crate::{
    compose,
    tools::{hadolint, output},
};

#[test]
fn the_recipe_of_the_images_passes_the_linter() {
    output(
        Command::new(hadolint())
            .args(["--failure-threshold", "info"])
            .arg(repository().join("deploy/Dockerfile")),
    );
}

#[test]
fn the_recipe_makes_a_small_locked_down_image_with_a_health_check() {
    let recipe = fs::read_to_string(repository().join("deploy/Dockerfile")).unwrap();
    for needed in [
        "ARG SERVICE",
        "distroless",
        "USER 65532",
        "\"healthcheck\"",
        "image.revision",
        "--locked",
    ] {
        assert!(recipe.contains(needed), "the Dockerfile lacks {needed}");
    }
    let ignored = fs::read_to_string(repository().join(".dockerignore")).unwrap();
    let allowed: BTreeSet<_> = ignored
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    for part in [
        "Cargo.toml",
        "Cargo.lock",
        "proto",
        "crates",
        "extractor",
        "transformer",
        "loader",
        "desk",
        "tests",
    ] {
        assert!(
            allowed.contains(part),
            "the build needs {part}, and .dockerignore leaves it out"
        );
    }
}

#[test]
fn compose_starts_everything_and_mounts_files_that_exist() {
    let folder = repository().join("deploy");
    let mut services = compose::services("compose.yaml");
    let everything = [
        "rabbitmq",
        "redis",
        "extractor",
        "transformer",
        "loader",
        "desk",
        "prometheus",
        "grafana",
    ];
    for service in everything {
        assert!(services.contains_key(service), "no {service}");
    }
    for file in compose::FILES {
        let document: Value = serde_saphyr::from_str(&compose::text(file)).unwrap();
        services.extend(compose::services(file));
        for (name, service) in compose::services(file) {
            for mount in service["volumes"].as_array().into_iter().flatten() {
                let mount = mount.as_str().unwrap().replace("${FILES:-./files}", "./files");
                let source = mount.split(':').next().unwrap();
                let is_volume = document["volumes"].get(source).is_some();
                assert!(
                    is_volume || folder.join(source).exists(),
                    "{file}: {name} mounts {source}, which is not there"
                );
            }
            let after = &service["depends_on"];
            let listed = after.as_array().into_iter().flatten().filter_map(Value::as_str);
            let named = after
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str());
            for other in listed.chain(named) {
                assert!(
                    services.contains_key(other),
                    "{file}: {name} waits for {other}, which is not there"
                );
            }
        }
    }
}
