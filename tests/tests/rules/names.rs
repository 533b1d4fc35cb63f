//! Who may name what: the broker client, the vendors, the environment.

use crate::source::{Source, assert_none, violations};

/// A file of tests only.
fn is_test(source: &Source) -> bool {
    source.path.ends_with("tests.rs") || source.path.contains("/tests/")
}

#[test]
fn only_the_pipeline_names_the_broker_client() {
    let allowed = |source: &Source| source.is_in(&["crates/pipeline", "tests"]) || is_test(source);
    assert_none("lapin belongs to `pipeline`", &violations(r"\blapin\b", allowed));
}

#[test]
fn only_one_file_names_the_unmaintained_backoff_crate() {
    let allowed = |source: &Source| source.path == "crates/pipeline/src/retry.rs";
    assert_none(
        "backoff belongs behind `pipeline::retry`",
        &violations(r"\bbackoff::|\bextern crate backoff", allowed),
    );
}

/// Who sets a pipeline up knows what the vendors' settings are called, and where a person finds their keys.
fn sets_up(source: &Source) -> bool {
    source.is_in(&[
        "desk/src/setup",
        "desk/src/pages/setup",
        "desk/src/commands/setup",
    ]) || source.path == "desk/src/config.rs"
}

#[test]
fn only_the_loader_knows_jiandaoyun() {
    let allowed = |source: &Source| source.is_in(&["loader", "tests"]) || sets_up(source);
    let found = violations(r"(?i)\bjdy|JDY_|jiandaoyun|简道云|batch_create", allowed);
    assert_none("Jiandaoyun belongs to `loader`", &found);
}

#[test]
fn only_the_extractor_knows_okki() {
    // The product and its protobuf package are called after OKKI; its interface is what nobody else may know. Documents
    // of the integrator name it, too, so tests of reading them may.
    let allowed =
        |source: &Source| source.is_in(&["extractor", "tests"]) || is_test(source) || sets_up(source);
    let found = violations(
        r#"OKKI_(BASE|CLIENT|RATE)|\bokki::|xiaoman|"/v1/company"#,
        allowed,
    );
    assert_none("OKKI belongs to `extractor`", &found);
}

#[test]
fn only_configuration_reads_the_environment() {
    let allowed = |source: &Source| {
        source.path.ends_with("/config.rs")
            || source.path.contains("/config/")
            // A build script asks cargo where to write; that is no setting of a service.
            || source.path == "proto/build.rs"
            || source.is_in(&["tests/tests/rules"])
    };
    let found = violations(r#"\benv\s*=\s*"|\benv::vars?(_os)?\b|#\[arg\(.*\benv\b"#, allowed);
    assert_none("the environment belongs to files named config.rs", &found);
}
