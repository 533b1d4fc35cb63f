//! Whoever closes the gate without a probe of its own stands in the table of pauses, with who opens it again.

use crate::source::{PRODUCT, assert_none, sources};
use kit::config::repository;
use std::fs;

const TABLE: &str = "docs/invariants.md";

#[test]
fn every_pause_without_a_probe_has_a_row() {
    let table = fs::read_to_string(repository().join(TABLE)).unwrap();
    let mut missing = Vec::new();
    for source in sources().iter().filter(|source| source.is_in(&PRODUCT)) {
        if source.path.ends_with("tests.rs") {
            continue;
        }
        let product = source.text.split("#[cfg(test)]").next().unwrap_or_default();
        let compact: String = product.split_whitespace().collect();
        for call in compact.split(".close(Pause::").skip(1) {
            let reason: String = call.chars().take_while(|c| c.is_alphanumeric()).collect();
            let row = format!("| `{}`", reason.to_lowercase());
            let stands = table
                .lines()
                .any(|line| line.starts_with(&row) && line.contains(&source.path));
            if !stands {
                missing.push(format!("{}: {reason}", source.path));
            }
        }
    }
    assert_none(&format!("a pause that {TABLE} names nobody to end"), &missing);
}
