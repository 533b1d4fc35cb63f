//! The rules of the code base that no compiler keeps: who may name what, and that the documents tell the truth.
//! Needs no broker and no Redis; a violation is reported with file and line.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kit::config::{binary, workspace};
use regex::Regex;

const CRATES: [&str; 6] = ["proto", "pipeline", "extractor", "transformer", "loader", "tests"];
const SERVICES: [&str; 3] = ["extractor", "transformer", "loader"];

/// A Rust file of the workspace, its path relative to the root.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn in_crate(&self, names: &[&str]) -> bool {
        names
            .iter()
            .any(|name| self.path.starts_with(&format!("{name}/")))
    }

    /// Lines of code with their numbers; comments may mention what code may not name.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(n, l)| (n + 1, l))
    }
}

fn sources() -> Vec<Source> {
    let root = workspace();
    let mut found = Vec::new();
    for name in CRATES {
        collect(&root.join(name), &mut found);
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

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// Every code line outside `allowed` that matches.
fn violations(pattern: &str, allowed: impl Fn(&Source) -> bool) -> Vec<String> {
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

fn assert_none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}:\n{}", violations.join("\n"));
}

/// Names of the dependencies of every workspace member, development ones included.
fn dependencies() -> Vec<(String, BTreeSet<String>)> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(workspace())
        .output()
        .unwrap();
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata answers in JSON");
    let name = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .map(name)
                .collect();
            (name(package), dependencies)
        })
        .collect()
}

#[test]
fn every_file_says_in_its_first_line_what_it_is_for() {
    let silent: Vec<_> = sources()
        .into_iter()
        .filter(|s| !s.text.starts_with("//!"))
        .map(|s| s.path)
        .collect();
    assert_none("files must open with `//!`", &silent);
}

#[test]
fn only_the_pipeline_names_the_broker_client() {
    let allowed = |source: &Source| source.in_crate(&["pipeline", "tests"]);
    assert_none("lapin belongs to `pipeline`", &violations(r"\blapin\b", allowed));
    for (name, dependencies) in dependencies() {
        let may = name == "pipeline" || name == "tests";
        assert!(
            may || !dependencies.contains("lapin"),
            "{name} must not depend on lapin"
        );
    }
}

#[test]
fn only_one_file_names_the_unmaintained_backoff_crate() {
    let allowed = |source: &Source| source.path == "pipeline/src/retry.rs";
    assert_none(
        "backoff belongs behind `pipeline::retry`",
        &violations(r"\bbackoff::|\bextern crate backoff", allowed),
    );
    for (name, dependencies) in dependencies() {
        assert!(
            name == "pipeline" || !dependencies.contains("backoff"),
            "{name} must not depend on backoff"
        );
    }
}

#[test]
fn only_the_loader_knows_jiandaoyun() {
    let allowed = |source: &Source| source.in_crate(&["loader", "tests"]);
    let found = violations(r"(?i)\bjdy|JDY_|jiandaoyun|简道云|batch_create", allowed);
    assert_none("Jiandaoyun belongs to `loader`", &found);
}

#[test]
fn only_the_extractor_knows_okki() {
    // The product and its protobuf package are called after OKKI; its interface is what nobody else may know. Documents
    // of the integrator name it, too, so tests of reading them may.
    let is_test = |source: &Source| source.path.ends_with("tests.rs") || source.path.contains("/tests/");
    let allowed = |source: &Source| source.in_crate(&["extractor", "tests"]) || is_test(source);
    let found = violations(
        r#"OKKI_(BASE|CLIENT|RATE)|\bokki::|xiaoman|"/v1/company"#,
        allowed,
    );
    assert_none("OKKI belongs to `extractor`", &found);
}

#[test]
fn only_configuration_reads_the_environment() {
    let allowed = |source: &Source| source.path.ends_with("/config.rs") || source.path.contains("/config/");
    let found = violations(
        r#"\benv\s*=\s*"|\benv::vars?(_os)?\b|#\[arg\(.*\benv\b"#,
        // A build script asks cargo where to write; that is no setting of a service.
        |source| {
            allowed(source) || ["tests/tests/rules.rs", "proto/build.rs"].contains(&source.path.as_str())
        },
    );
    assert_none("the environment belongs to files named config.rs", &found);
}

#[test]
fn services_do_not_depend_on_each_other() {
    for (name, dependencies) in dependencies() {
        let lower: &[&str] = match name.as_str() {
            "proto" => &["pipeline", "extractor", "transformer", "loader", "tests"],
            "pipeline" => &["extractor", "transformer", "loader", "tests"],
            "tests" => &[],
            _ => &SERVICES,
        };
        let wrong: Vec<_> = lower
            .iter()
            .filter(|other| dependencies.contains(**other))
            .collect();
        assert!(wrong.is_empty(), "{name} must not depend on {wrong:?}");
    }
}

#[test]
fn main_files_are_a_contents_page() {
    for source in sources()
        .iter()
        .filter(|source| source.path.ends_with("src/main.rs"))
    {
        let lines = source.text.lines().count();
        assert!(
            lines < 60,
            "{} has {lines} lines; the work belongs into the library",
            source.path
        );
    }
}

/// Every environment variable in a help text, subcommands included.
fn variables_of(service: &str) -> BTreeSet<String> {
    let path = binary(service).unwrap();
    let named = Regex::new(r"\[env: ([A-Z0-9_]+)").unwrap();
    let mut found = BTreeSet::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(words) = open.pop() {
        let output = Command::new(&path).args(&words).arg("--help").output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(!help.is_empty(), "{service} {words:?} --help says nothing");
        found.extend(named.captures_iter(&help).map(|c| c[1].to_owned()));
        let mut listed = help
            .lines()
            .skip_while(|line| !line.starts_with("Commands:"))
            .skip(1);
        while let Some(line) = listed.next().filter(|line| !line.is_empty()) {
            let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
            let Some(name) = name.and_then(|rest| rest.split_whitespace().next()) else {
                continue;
            };
            if name != "help" {
                open.push(words.iter().cloned().chain([name.to_owned()]).collect());
            }
        }
    }
    found
}

/// The variables in the first column of a document's tables.
fn variables_in(document: &str) -> BTreeSet<String> {
    let name = Regex::new(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)`").unwrap();
    let rows = document
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.split('|').next());
    rows.flat_map(|cell| {
        name.captures_iter(cell)
            .map(|c| c[1].to_owned())
            .collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn the_readmes_list_exactly_the_variables_of_the_programs() {
    let programs: BTreeSet<_> = SERVICES.into_iter().flat_map(variables_of).collect();
    for readme in ["README.md", "README.zh-CN.md"] {
        let documented = variables_in(&fs::read_to_string(workspace().join(readme)).unwrap());
        let missing: Vec<_> = programs.difference(&documented).collect();
        let invented: Vec<_> = documented.difference(&programs).collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "{readme}: not listed {missing:?}, not real {invented:?}"
        );
    }
}

#[test]
fn the_compose_file_sets_only_variables_that_exist() {
    let programs: BTreeSet<_> = SERVICES.into_iter().flat_map(variables_of).collect();
    let compose = fs::read_to_string(workspace().join("deploy/compose.yaml")).unwrap();
    let name = Regex::new(r"(?m)^ +([A-Z][A-Z0-9_]+):").unwrap();
    let set: Vec<_> = name.captures_iter(&compose).map(|c| c[1].to_owned()).collect();
    assert!(
        set.iter().any(|name| name == "JDY_API_KEY"),
        "the search is broken: {set:?}"
    );
    let of_others = |name: &String| name.starts_with("RABBITMQ_") || name.starts_with("GF_");
    let unknown: Vec<_> = set
        .iter()
        .filter(|name| !programs.contains(*name) && !of_others(name))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_chinese_readme_has_the_structure_and_the_commands_of_the_english_one() {
    let [english, chinese] = ["README.md", "README.zh-CN.md"].map(|name| {
        let text = fs::read_to_string(workspace().join(name)).unwrap();
        let (mut levels, mut blocks, mut inside) = (Vec::new(), Vec::new(), None::<String>);
        for line in text.lines() {
            match (&mut inside, line.starts_with("```")) {
                (Some(block), true) => {
                    blocks.push(std::mem::take(block));
                    inside = None;
                }
                (Some(block), false) => *block += &format!("{line}\n"),
                (None, true) => inside = Some(format!("{line}\n")),
                (None, false) if line.starts_with('#') => {
                    levels.push(line.chars().take_while(|c| *c == '#').count())
                }
                (None, false) => {}
            }
        }
        (levels, blocks)
    });
    assert_eq!(english.0, chinese.0, "headings by level");
    // Comments in the blocks may be translated, commands may not; pictures are all words.
    let commands = |blocks: Vec<String>| -> Vec<String> {
        let code = blocks
            .into_iter()
            .filter(|block| !block.starts_with("```mermaid") && !block.starts_with("```text"));
        code.map(|block| {
            let lines = block
                .lines()
                .map(|line| line.split(" #").next().unwrap_or(line).trim_end());
            lines
                .filter(|line| !line.starts_with('#'))
                .collect::<Vec<_>>()
                .join("\n")
        })
        .collect()
    };
    assert_eq!(commands(english.1), commands(chinese.1), "code blocks");
}
