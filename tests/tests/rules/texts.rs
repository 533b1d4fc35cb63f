//! Every text that the code marks, and every text of the command lines, has a Chinese one with the same placeholders; the
//! catalogue holds nothing else.

use crate::source::{PRODUCT, Source, assert_none, sources, violations};
use clap::{Command, CommandFactory};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use syn::LitStr;

/// What marks its first literal as a text.
const MARKS: [&str; 10] = [
    "tr", "kept", "text", "mark", "bail", "failure", "ensure", "say", "say_text", "remark",
];

/// The texts that a file marks, and all of its other literals.
#[derive(Default)]
struct Texts {
    marked: BTreeSet<String>,
    literals: BTreeSet<String>,
}

/// The file without its tests.
fn product(source: &Source) -> &str {
    let end = ["\n#[cfg(test)]\nmod", "\n#[cfg(test)]\n#[path"]
        .iter()
        .filter_map(|mark| source.text.find(mark))
        .min();
    &source.text[..end.unwrap_or(source.text.len())]
}

fn collect(tokens: TokenStream, texts: &mut Texts) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let name = match (
                    index.checked_sub(2).map(|at| &tokens[at]),
                    index.checked_sub(1).map(|at| &tokens[at]),
                ) {
                    (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(punct)))
                        if punct.as_char() == '!' =>
                    {
                        name.to_string()
                    }
                    _ => String::new(),
                };
                if MARKS.contains(&name.as_str()) {
                    texts
                        .marked
                        .extend(first_literal(group.stream(), name == "ensure"));
                }
                collect(group.stream(), texts);
            }
            TokenTree::Literal(_) => texts.literals.extend(string(token)),
            _ => {}
        }
    }
}

fn string(token: &TokenTree) -> Option<String> {
    let literal: LitStr = syn::parse2(token.clone().into()).ok()?;
    Some(literal.value())
}

/// The text of a call; behind the condition of an `ensure!`.
fn first_literal(tokens: TokenStream, after_comma: bool) -> Option<String> {
    let mut tokens = tokens.into_iter();
    if after_comma {
        tokens.find(|token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
    }
    string(&tokens.next()?)
}

fn texts_of_the_code() -> Texts {
    let mut texts = Texts::default();
    for source in sources().iter().filter(|source| source.is_in(&PRODUCT)) {
        let is_test = source.path.ends_with("tests.rs") || source.path.contains("/tests/");
        if !is_test {
            let tokens: TokenStream = product(source)
                .parse()
                .unwrap_or_else(|error| panic!("{}: {error}", source.path));
            collect(tokens, &mut texts);
        }
    }
    texts.marked.retain(|text| is_text(text));
    assert!(texts.marked.len() > 500, "the search for texts is broken");
    texts
}

/// Signs and placeholders alone need no translation.
fn is_text(text: &str) -> bool {
    let mut outside = String::new();
    let mut depth = 0;
    for character in text.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth <= 0 => outside.push(character),
            _ => {}
        }
    }
    outside
        .split(|it: char| !it.is_alphabetic())
        .any(|word| word.len() > 1)
}

/// Help of a command line, each paragraph a text.
fn texts_of(command: &Command, texts: &mut BTreeSet<String>) {
    let mut add = |text: Option<String>| {
        let text = text.unwrap_or_default();
        texts.extend(text.split("\n\n").filter(|it| is_text(it)).map(str::to_owned));
    };
    add(command.get_about().map(ToString::to_string));
    add(command.get_long_about().map(ToString::to_string));
    add(command.get_after_help().map(ToString::to_string));
    add(command.get_subcommand_help_heading().map(str::to_owned));
    for arg in command.get_arguments() {
        add(arg.get_help().map(ToString::to_string));
        add(arg.get_long_help().map(ToString::to_string));
        add(arg.get_help_heading().map(str::to_owned));
        for value in arg.get_possible_values() {
            add(value.get_help().map(ToString::to_string));
        }
    }
    for below in command.get_subcommands() {
        texts_of(below, texts);
    }
}

fn texts_of_the_command_lines() -> BTreeSet<String> {
    let mut texts = BTreeSet::new();
    for command in [
        extractor::Cli::command(),
        transformer::Cli::command(),
        loader::Cli::command(),
        desk::Cli::command(),
    ] {
        texts_of(&command, &mut texts);
    }
    texts
}

#[test]
fn progress_bars_speak_through_the_catalogue() {
    let literal = r#"(set_message|with_message|with_template|with_prefix|set_prefix)\(\s*""#;
    let elsewhere = |source: &Source| !source.is_in(&PRODUCT);
    assert_none(
        "texts of progress bars that nobody translates",
        &violations(literal, elsewhere),
    );
}

#[test]
fn every_text_has_a_chinese_one() {
    let code = texts_of_the_code().marked;
    let missing: Vec<_> = code
        .iter()
        .chain(&texts_of_the_command_lines())
        .filter(|text| words::chinese(text).is_none())
        .map(|text| serde_json::to_string(text).unwrap())
        .collect();
    assert!(missing.is_empty(), "without Chinese:\n{}", missing.join("\n"));
}

#[test]
fn the_catalogue_holds_only_texts_that_are_there_each_once_and_with_the_same_placeholders() {
    let code = texts_of_the_code();
    let command_lines = texts_of_the_command_lines();
    let mut areas: BTreeMap<String, &str> = BTreeMap::new();
    let mut wrong = String::new();
    for (area, english, chinese) in words::all() {
        // Names in tables are looked up where they are printed, so being a literal is enough for them.
        let is_there = code.marked.contains(&english)
            || code.literals.contains(&english)
            || command_lines.contains(&english);
        if !is_there {
            writeln!(wrong, "{area}: nobody says {english:?}").unwrap();
        }
        if chinese.trim().is_empty() || words::names(&english) != words::names(&chinese) {
            writeln!(wrong, "{area}: other placeholders in {english:?}: {chinese:?}").unwrap();
        }
        if let Some(other) = areas.insert(english.clone(), area) {
            writeln!(wrong, "{english:?} stands in {area} and in {other}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
