//! Reasons of failures and rules of filters are in the lists by which their counters begin with 0: `increase()` of a series
//! that is born with its first letter says that there was none.

use crate::source::{assert_none, sources};
use pipeline::{failure::codes, stage::Stage};
use regex::Regex;

/// Which stage's records the code of a crate gives up, and where there are others.
fn stages(path: &str) -> &'static [Stage] {
    match path.split('/').next() {
        Some("extractor") => &[Stage::Extract],
        Some("transformer") => &[Stage::Transform],
        Some("loader") => &[Stage::Load],
        _ if path.starts_with("crates/mapping/") => &[Stage::Transform],
        _ if path.starts_with("crates/pipeline/") => &Stage::ALL,
        _ => &[],
    }
}

fn unknown(pattern: &str, knows: impl Fn(Stage, &str) -> bool) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    let mut unknown = Vec::new();
    let mut seen = 0;
    for source in sources() {
        let product = source.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        if source.path.contains("test") || source.path.contains("/commands/") {
            continue;
        }
        for found in pattern.captures_iter(product) {
            let code = found.iter().skip(1).flatten().next().unwrap().as_str();
            seen += 1;
            if !stages(&source.path).iter().all(|stage| knows(*stage, code)) {
                unknown.push(format!("{}: {code}", source.path));
            }
        }
    }
    assert!(seen > 3, "{pattern} finds nothing any more");
    unknown
}

#[test]
fn every_reason_of_a_failure_is_counted_from_0_on() {
    let pattern = concat!(
        r#"Failure::new\(\s*"([a-z-]+)""#,
        r#"|\.error\(\s*"([a-z-]+)""#,
        r#"|\.give_up\([^"()]*"([a-z-]+)""#,
        r#"|=> "(okki-[a-z-]+|detail-[a-z-]+)""#
    );
    let knows = |stage, code: &str| codes::codes(stage).any(|known| known == code);
    assert_none(
        "put these into pipeline::failure::codes",
        &unknown(pattern, knows),
    );
}

#[test]
fn every_rule_that_drops_records_is_counted_from_0_on() {
    let pattern = concat!(
        r#"\bfiltered\(\s*"([a-z-]+)""#,
        r#"|\.left\(job, leaving, "([a-z-]+)""#,
        r#"|const [A-Z_]+: &str = "((?:left-filter|removal)-[a-z-]+)""#
    );
    let knows = |stage, rule: &str| {
        // Names of rules that the pipeline only keeps for the loader.
        codes::rules(stage).contains(&rule)
            || codes::rules(Stage::Load).contains(&rule) && stage != Stage::Load
    };
    assert_none(
        "put these into pipeline::failure::codes",
        &unknown(pattern, knows),
    );
}
