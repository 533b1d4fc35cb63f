//! References between code and documents resolve, links lead somewhere, the glossary and the list of dependencies are
//! complete.
//!
//! In a comment every document that is named must exist, and every `§` must follow the name of the document that it
//! means. In a document the same holds for links, and `§` alone means the document itself. A document may name the
//! files of other projects as long as no `§` follows.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use crate::source::{assert_none, collect, sources};
use kit::config::repository;
use regex::Regex;

/// Folders with documents of ours; the root's own documents come with them.
const FOLDERS: [&str; 7] = [
    "docs",
    "deploy",
    "proto",
    "crates",
    "tests",
    "transformer",
    ".github",
];

static REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"([\w./-]*\w\.md)\b|§\s?(\d+(?:\.\d+)*(?:-\d+)?)?").unwrap());

/// A document, its path relative to the root.
struct Document {
    path: String,
    text: String,
    /// What may stand after `§`.
    sections: BTreeSet<String>,
}

impl Document {
    /// Lines outside of code blocks, with their numbers.
    fn prose(&self) -> Vec<(usize, &str)> {
        let mut inside = false;
        let mut lines = Vec::new();
        for (number, line) in self.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                inside = !inside;
            } else if !inside {
                lines.push((number + 1, line));
            }
        }
        lines
    }

    /// Numbers that may stand after `§`: those of headings, and of numbered items below them (`3.1-9`).
    fn numbers(&self) -> BTreeSet<String> {
        let heading = Regex::new(r"^#+ (\d+(?:\.\d+)*)\.? ").unwrap();
        let item = Regex::new(r"^(\d+)\. ").unwrap();
        let inline = Regex::new(r" (\d+)\. [A-Z]").unwrap();
        let (mut found, mut section) = (BTreeSet::new(), String::new());
        for (_, line) in self.prose() {
            if let Some(number) = heading.captures(line) {
                section = number[1].to_owned();
                found.insert(section.clone());
            } else if item.is_match(line) {
                let first = item.captures_iter(line);
                for number in first.chain(inline.captures_iter(line)) {
                    found.insert(format!("{section}-{}", &number[1]));
                }
            }
        }
        found
    }

    /// What may stand after `#` in a link.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.prose().into_iter().filter(|(_, line)| line.starts_with('#'));
        headings
            .map(|(_, line)| slug(line.trim_start_matches('#').trim()))
            .collect()
    }
}

/// As GitHub makes anchors of headings.
fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn documents() -> BTreeMap<String, Document> {
    let root = repository();
    let mut paths: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    for folder in FOLDERS.map(|folder| root.join(folder)) {
        if folder.is_dir() {
            collect(&folder, "md", &mut paths);
        }
    }
    paths
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let mut document = Document {
                path: name.clone(),
                text,
                sections: BTreeSet::new(),
            };
            document.sections = document.numbers();
            (name, document)
        })
        .collect()
}

/// A path in a document, relative to the root.
fn relative_to(document: &str, target: &str) -> String {
    let mut path = Path::new(document)
        .parent()
        .unwrap_or(Path::new(""))
        .to_path_buf();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path.to_str().unwrap().to_owned()
}

/// The documents and sections that a text names, in their order; `None` before the first document.
fn references(text: &str) -> Vec<(Option<String>, Option<String>)> {
    let mut found = Vec::new();
    let mut document = None;
    for captures in REFERENCE.captures_iter(text) {
        if let Some(name) = captures.get(1) {
            document = Some(name.as_str().to_owned());
            found.push((document.clone(), None));
        } else {
            let number = captures.get(2).map_or(String::new(), |it| it.as_str().to_owned());
            found.push((document.clone(), Some(number)));
        }
    }
    found
}

/// Comments of a Rust file: the number of the first line, and the text of lines that follow each other.
fn comments(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let Some((_, comment)) = line.split_once("//") else {
            open = false;
            continue;
        };
        let whole = line.trim_start().starts_with("//");
        match found.last_mut() {
            Some((_, text)) if open && whole => {
                *text += &format!(" {}", comment.trim_start_matches(['/', '!']))
            }
            _ => found.push((number + 1, comment.to_owned())),
        }
        open = whole;
    }
    found
}

#[test]
fn every_document_and_section_that_a_comment_names_is_there() {
    let documents = documents();
    let mut wrong = Vec::new();
    for source in sources()
        .iter()
        .filter(|source| !source.is_in(&["tests/tests/rules"]))
    {
        for (line, comment) in comments(&source.text) {
            for (name, section) in references(&comment) {
                let place = format!("{}:{line}", source.path);
                match (name.as_deref().map(|name| (name, documents.get(name))), section) {
                    (None, _) => wrong.push(format!("{place}: § of no document")),
                    (Some((name, None)), _) => wrong.push(format!("{place}: there is no {name}")),
                    (Some((name, Some(document))), Some(section))
                        if !document.sections.contains(&section) =>
                    {
                        wrong.push(format!("{place}: {name} has no §{section}"));
                    }
                    _ => {}
                }
            }
        }
    }
    assert_none("references of comments", &wrong);
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let documents = documents();
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut wrong = Vec::new();
    for document in documents.values() {
        for (number, line) in document.prose() {
            for target in link.captures_iter(line).map(|captures| captures[1].to_owned()) {
                if target.contains("://") || target.starts_with("mailto:") {
                    continue;
                }
                let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
                let path = match file {
                    "" => document.path.clone(),
                    file => relative_to(&document.path, file),
                };
                let there = repository().join(&path).exists();
                let anchored = anchor.is_empty()
                    || documents
                        .get(&path)
                        .is_some_and(|it| it.anchors().contains(anchor));
                if !there || !anchored {
                    wrong.push(format!("{}:{number}: {target}", document.path));
                }
            }
        }
    }
    assert_none("links that lead nowhere", &wrong);
}

#[test]
fn every_section_that_a_document_names_is_there() {
    let documents = documents();
    let mut wrong = Vec::new();
    for document in documents.values() {
        for (number, line) in document.prose() {
            for (name, section) in references(line) {
                let Some(section) = section else { continue };
                let other = name.map_or(document.path.clone(), |name| {
                    let beside = relative_to(&document.path, &name);
                    if documents.contains_key(&beside) {
                        beside
                    } else {
                        name
                    }
                });
                let known = documents
                    .get(&other)
                    .is_some_and(|it| it.sections.contains(&section));
                if !known {
                    wrong.push(format!("{}:{number}: {other} §{section}", document.path));
                }
            }
        }
    }
    assert_none("sections that are not there", &wrong);
}

#[test]
fn the_glossary_gives_each_term_one_line_and_a_chinese_word() {
    let text = fs::read_to_string(repository().join("docs/glossary.md")).unwrap();
    let mut terms = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
    {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert!(
            cells.len() == 3 && cells.iter().all(|cell| !cell.is_empty()),
            "{line}"
        );
        if cells[0] != "term" {
            assert!(terms.insert(cells[0].to_owned()), "{} has two meanings", cells[0]);
        }
    }
    assert!(terms.len() > 50, "only {} terms", terms.len());
}

#[test]
fn the_list_of_dependencies_is_complete() {
    let listed = fs::read_to_string(repository().join("docs/dependencies.md")).unwrap();
    let listed: BTreeSet<_> = listed
        .split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_')
        .collect();
    let manifest = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let dependency = Regex::new(r"^([a-z0-9_-]+) = ").unwrap();
    let missing: Vec<_> = manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .take_while(|line| !line.starts_with("[workspace.lints"))
        .filter(|line| !line.contains("path = "))
        .filter_map(|line| Some(dependency.captures(line)?[1].to_owned()))
        .filter(|name| !listed.contains(name.as_str()))
        .collect();
    assert_none(
        "dependencies that docs/dependencies.md gives no reason for",
        &missing,
    );
}

#[test]
fn references_are_found_across_the_lines_of_a_comment() {
    let found = comments("//! As docs/a.md §1 says, §2.3-4\n//! and docs/b.md §5.\nlet x = 1; // see §6\n");
    let named: Vec<_> = found
        .iter()
        .flat_map(|(_, comment)| references(comment))
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        named,
        [
            (some("docs/a.md"), None),
            (some("docs/a.md"), some("1")),
            (some("docs/a.md"), some("2.3-4")),
            (some("docs/b.md"), None),
            (some("docs/b.md"), some("5")),
            (None, some("6")),
        ]
    );
}

#[test]
fn every_construct_of_the_mapping_language_names_a_test() {
    let text = fs::read_to_string(repository().join("docs/mapping-language.md")).unwrap();
    let list = text.split("## 9.").nth(1).expect("the list of constructs");
    let code: String = sources().into_iter().map(|source| source.text).collect();
    let rows: Vec<&str> = list
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    assert!(rows.len() >= 30, "{} rows", rows.len());
    let name_of = |row: &str| {
        row.rsplit('|')
            .nth(1)
            .unwrap_or_default()
            .trim()
            .trim_matches('`')
            .to_owned()
    };
    let lost: Vec<&str> = rows
        .into_iter()
        .filter(|row| {
            !code.contains(&format!("    fn {}(", name_of(row)))
                && !code.contains(&format!("\nfn {}(", name_of(row)))
        })
        .collect();
    assert!(lost.is_empty(), "no such test:\n{}", lost.join("\n"));
}
