//! Documents that users meet exist in Chinese beside the English ones, and say the same: headings, tables, lists, commands
//! and names are equal; each links to the other.

use std::{collections::BTreeSet, fs, path::Path};

use crate::source::{assert_none, collect};
use kit::config::repository;
use regex::Regex;

/// What somebody reads who installs, runs and repairs this.
const FOR_USERS: [&str; 4] = [
    "README.md",
    "deploy/README.md",
    "deploy/runbook.md",
    "transformer/mappings/README.md",
];

/// What a translation keeps.
#[derive(Default, PartialEq, Debug)]
struct Shape {
    headings: Vec<usize>,
    /// Rows of each table, with its head.
    tables: Vec<usize>,
    items: usize,
    /// Code without comments, which may be translated, and without pictures, which are all words.
    commands: Vec<String>,
    /// What stands in backquotes: commands, variables, values.
    names: BTreeSet<String>,
}

fn shape(text: &str) -> Shape {
    let name = Regex::new("`([^`]+)`").unwrap();
    let item = Regex::new(r"^\s*(- |\d+\. )").unwrap();
    let mut shape = Shape::default();
    let (mut block, mut in_table) = (None::<(bool, String)>, false);
    for line in text.lines() {
        let fence = line.strip_prefix("```");
        if let Some((is_code, code)) = &mut block {
            match fence {
                Some(_) if *is_code => shape.commands.push(std::mem::take(code)),
                None if !line.starts_with('#') => {
                    *code += line.split(" #").next().unwrap_or(line).trim_end();
                    code.push('\n');
                }
                _ => {}
            }
            if fence.is_some() {
                block = None;
            }
            continue;
        }
        if let Some(language) = fence {
            block = Some((!["text", "mermaid"].contains(&language), String::new()));
            continue;
        }
        if line.starts_with('#') {
            shape
                .headings
                .push(line.chars().take_while(|c| *c == '#').count());
        }
        match (line.starts_with('|'), in_table) {
            (true, false) => shape.tables.push(1),
            (true, true) => *shape.tables.last_mut().unwrap() += 1,
            _ => {}
        }
        in_table = line.starts_with('|');
        shape.items += usize::from(item.is_match(line));
        shape
            .names
            .extend(name.captures_iter(line).map(|it| it[1].to_owned()));
    }
    shape
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Each Chinese document with the English one.
fn pairs() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in ["docs", "deploy", "transformer", "crates", "tests"] {
        collect(&repository().join(folder), "md", &mut files);
    }
    let mut chinese: BTreeSet<String> = files
        .iter()
        .filter_map(|file| {
            file.strip_prefix(repository())
                .unwrap()
                .to_str()
                .map(str::to_owned)
        })
        .filter(|file| file.ends_with(".zh-CN.md"))
        .collect();
    chinese.extend(FOR_USERS.map(|file| file.replace(".md", ".zh-CN.md")));
    chinese
        .into_iter()
        .map(|file| (file.replace(".zh-CN.md", ".md"), file))
        .collect()
}

#[test]
fn chinese_documents_have_the_headings_tables_commands_and_names_of_the_english_ones() {
    for (english, chinese) in pairs() {
        let (one, other) = (shape(&read(&english)), shape(&read(&chinese)));
        assert!(!one.headings.is_empty() && one.names.len() > 5, "{english}");
        assert_eq!(one.headings, other.headings, "{chinese}: headings by level");
        assert_eq!(one.tables, other.tables, "{chinese}: rows of the tables");
        assert_eq!(one.items, other.items, "{chinese}: items of lists");
        assert_eq!(one.commands, other.commands, "{chinese}: code blocks");
        let missing: Vec<_> = one.names.difference(&other.names).collect();
        let invented: Vec<_> = other.names.difference(&one.names).collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "{chinese}: not named {missing:?}, named only there {invented:?}"
        );
    }
}

#[test]
fn documents_in_two_languages_link_to_each_other() {
    let mut wrong = Vec::new();
    for (english, chinese) in pairs() {
        let name = |path: &str| Path::new(path).file_name().unwrap().to_str().unwrap().to_owned();
        for (from, to) in [(&english, &chinese), (&chinese, &english)] {
            // The README's comes with a heading of its own.
            let link = format!("]({})", name(to));
            if !read(from).contains(&link) {
                wrong.push(format!("{from}: {link}"));
            }
        }
    }
    assert_none("links to the other language", &wrong);
}

#[test]
fn chinese_documents_lead_to_chinese_ones_and_use_the_words_of_the_glossary() {
    let instead = [
        ("主键字段", "主键控件"),
        ("关键字段", "主键控件"),
        ("单元格", "字段值"),
        ("领导者", "主节点"),
        ("回答", "应答"),
        ("断点", "检查点"),
        ("租期", "租约"),
    ];
    let link = Regex::new(r"\[([^\]]+)\]\(([^)#:]+\.md)[^)]*\)").unwrap();
    let mut wrong = Vec::new();
    for (_, chinese) in pairs() {
        let text = read(&chinese);
        for (word, better) in instead {
            if text.contains(word) {
                wrong.push(format!("{chinese}: {word}, the glossary says {better}"));
            }
        }
        let folder = repository().join(&chinese).parent().unwrap().to_owned();
        for found in link.captures_iter(&text).filter(|found| &found[1] != "English") {
            if folder.join(found[2].replace(".md", ".zh-CN.md")).exists() {
                wrong.push(format!("{chinese}: {} exists in Chinese, too", &found[2]));
            }
        }
    }
    assert_none("words and links of Chinese documents", &wrong);
}

#[test]
fn a_translation_that_leaves_something_out_is_seen() {
    let english =
        "# A\n\n| `X` | b |\n| --- | --- |\n| c | d |\n\n1. `run --it`\n\n```sh\nrun it   # why\n```\n";
    let same = "# 甲\n\n| `X` | 乙 |\n| --- | --- |\n| 丙 | 丁 |\n\n1. 执行 `run --it`\n\n```sh\nrun it   # 原因\n```\n";
    assert_eq!(shape(english), shape(same));
    for (from, to) in [
        ("# 甲\n", ""),
        ("| 丙 | 丁 |\n", ""),
        ("`X`", "`Y`"),
        ("1. ", ""),
        ("run it ", "run that "),
    ] {
        assert_ne!(shape(english), shape(&same.replacen(from, to, 1)), "{from}");
    }
}
