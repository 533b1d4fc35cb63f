//! The source files of the workspace, and the search for lines that break a rule.

use std::fs;
use std::path::{Path, PathBuf};

use kit::config::repository;
use regex::Regex;

/// Folders that hold Rust code of ours.
const FOLDERS: [&str; 7] = [
    "proto",
    "crates",
    "extractor",
    "transformer",
    "loader",
    "desk",
    "tests",
];

/// Folders of what is delivered; tests and the test kit are not.
pub(crate) const PRODUCT: [&str; 11] = [
    "crates/words/src",
    "crates/words-macros/src",
    "proto/src",
    "crates/mapping/src",
    "crates/pipeline/src",
    "crates/replay/src",
    "crates/readmodel/src",
    "extractor/src",
    "transformer/src",
    "loader/src",
    "desk/src",
];

/// A Rust file of the workspace, its path relative to the root.
pub(crate) struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    pub(crate) fn is_in(&self, folders: &[&str]) -> bool {
        folders
            .iter()
            .any(|folder| self.path.starts_with(&format!("{folder}/")))
    }

    /// Lines of code with their numbers; comments may mention what code may not name.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(n, line)| (n + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

pub(crate) fn sources() -> Vec<Source> {
    let root = repository();
    let mut found = Vec::new();
    for folder in FOLDERS {
        collect(&root.join(folder), "rs", &mut found);
    }
    assert!(
        found.len() > 50,
        "the search for source files is broken: {} found",
        found.len()
    );
    found
        .into_iter()
        .map(|path| Source {
            text: fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(),
        })
        .collect()
}

/// Files with that ending below a folder.
pub(crate) fn collect(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, ending, found);
        } else if path.extension().is_some_and(|it| it == ending) {
            found.push(path);
        }
    }
}

/// Every code line outside `allowed` that matches.
pub(crate) fn violations(pattern: &str, allowed: impl Fn(&Source) -> bool) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    sources()
        .iter()
        .filter(|source| !allowed(source))
        .flat_map(|source| {
            let hits = source.code().filter(|(_, line)| pattern.is_match(line));
            hits.map(|(number, line)| format!("{}:{number}: {}", source.path, line.trim()))
                .collect::<Vec<_>>()
        })
        .collect()
}

pub(crate) fn assert_none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}:\n{}", violations.join("\n"));
}
