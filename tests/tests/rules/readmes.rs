//! What the READMEs and the compose file say of the programs' settings.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use kit::config::{binary, repository};
use regex::Regex;

const SERVICES: [&str; 4] = ["extractor", "transformer", "loader", "desk"];

/// Every environment variable in a help text, subcommands included.
fn variables_of(service: &str) -> BTreeSet<String> {
    let path = binary(service).unwrap();
    let named = Regex::new(r"\[env: ([A-Z0-9_]+)").unwrap();
    let mut found = BTreeSet::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(words) = open.pop() {
        let output = Command::new(&path)
            .args(&words)
            .arg("--help")
            .env("OKKI_LANG", "en")
            .output()
            .unwrap();
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
        let documented = variables_in(&fs::read_to_string(repository().join(readme)).unwrap());
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
    let read = |file| fs::read_to_string(repository().join("deploy").join(file)).unwrap();
    let compose = ["compose.yaml", "compose.demo.yaml", "compose.setup.yaml"]
        .map(read)
        .concat();
    let name = Regex::new(r"(?m)^ +([A-Z][A-Z0-9_]+):").unwrap();
    let set: Vec<_> = name.captures_iter(&compose).map(|c| c[1].to_owned()).collect();
    assert!(
        set.iter().any(|name| name == "JDY_API_KEY"),
        "the search is broken: {set:?}"
    );
    let of_others = |name: &String| {
        let prefixes = [
            "RABBITMQ_",
            "GF_",
            "SERVICE",
            "RUST_IMAGE",
            "RUNTIME_IMAGE",
            "CARGO_MIRROR",
        ];
        prefixes.iter().any(|prefix| name.starts_with(prefix))
    };
    let unknown: Vec<_> = set
        .iter()
        .filter(|name| !programs.contains(*name) && !of_others(name))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
