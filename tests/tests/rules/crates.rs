//! Dependencies between crates point one way.

use std::collections::BTreeSet;
use std::process::Command;

use kit::config::repository;

/// A crate, and which of ours it may use; beyond them its own tests may use what `FOR_TESTS` names.
const MAY_USE: [(&str, &[&str]); 12] = [
    ("words", &[]),
    ("proto", &[]),
    ("mapping", &["words"]),
    ("pipeline", &["words", "proto"]),
    ("replay", &["words", "proto", "pipeline", "mapping"]),
    ("readmodel", &["words", "proto", "pipeline", "replay"]),
    (
        "extractor",
        &["words", "proto", "pipeline", "replay", "readmodel", "mapping"],
    ),
    (
        "transformer",
        &["words", "proto", "pipeline", "replay", "readmodel", "mapping"],
    ),
    (
        "loader",
        &["words", "proto", "pipeline", "replay", "readmodel", "mapping"],
    ),
    ("desk", &["words", "pipeline", "replay", "readmodel", "mapping"]),
    ("kit", &["proto", "pipeline", "replay", "mapping"]),
    (
        "tests",
        &[
            "words",
            "proto",
            "pipeline",
            "replay",
            "readmodel",
            "mapping",
            "kit",
            "extractor",
            "transformer",
            "loader",
            "desk",
        ],
    ),
];

/// What the tests of a crate may use, too.
const FOR_TESTS: &str = "kit";

/// A workspace member's dependency.
struct Dependency {
    of: String,
    on: String,
    for_tests: bool,
}

fn dependencies() -> Vec<Dependency> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(repository())
        .output()
        .unwrap();
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata answers in JSON");
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        for dependency in package["dependencies"].as_array().unwrap() {
            found.push(Dependency {
                of: package["name"].as_str().unwrap().to_owned(),
                on: dependency["name"].as_str().unwrap().to_owned(),
                for_tests: dependency["kind"] == "dev",
            });
        }
    }
    found
}

#[test]
fn dependencies_point_one_way() {
    let ours: BTreeSet<_> = MAY_USE.iter().map(|(name, _)| *name).collect();
    let mut seen = BTreeSet::new();
    for Dependency { of, on, for_tests } in dependencies() {
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(name, _)| *name == of)
            .unwrap_or_else(|| panic!("{of} is new: say in this table what it may use"));
        seen.insert(of.clone());
        let may =
            !ours.contains(on.as_str()) || allowed.contains(&on.as_str()) || (for_tests && on == FOR_TESTS);
        assert!(may, "{of} must not depend on {on}");
    }
    assert_eq!(seen.len(), ours.len(), "crates of the table that are not there");
}

#[test]
fn only_pipeline_and_the_tests_depend_on_the_broker_client() {
    for Dependency { of, on, for_tests } in dependencies() {
        let may = for_tests || ["pipeline", "kit", "tests"].contains(&of.as_str());
        assert!(on != "lapin" || may, "{of} must not depend on lapin");
    }
}

#[test]
fn only_pipeline_depends_on_the_unmaintained_backoff_crate() {
    for Dependency { of, on, .. } in dependencies() {
        assert!(
            on != "backoff" || of == "pipeline",
            "{of} must not depend on backoff"
        );
    }
}
