//! JSON with positions: the first step of reading a document.
//!
//! `serde_json` judges the syntax (its depth limit also protects what follows), `jsonc-parser` gives every value its
//! byte range; a small tree of our own keeps the rest of the module independent of both.

use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::problem::{Place, Problem};

/// A JSON value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub value: Value,
    pub range: Range<usize>,
}

/// Like `serde_json::Value`, with duplicate keys still visible.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// One `"key": value`.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub key: String,
    pub key_start: usize,
    pub value: Node,
}

impl Value {
    /// The name of the JSON type, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => words::text!("a boolean"),
            Value::Number(_) => words::text!("a number"),
            Value::String(_) => words::text!("a text"),
            Value::Array(_) => words::text!("an array"),
            Value::Object(_) => words::text!("an object"),
        }
    }
}

/// A document's text with its name; turns byte offsets into places.
pub(super) struct Text<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

impl Text<'_> {
    /// Line and column of a byte offset.
    pub(crate) fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        Place {
            line: before.matches('\n').count() + 1,
            column,
        }
    }

    /// Byte offset, in the document, of the `nth` character of the text literal that starts at `start`.
    pub(crate) fn inside(&self, start: usize, nth: usize) -> usize {
        let mut raw = self
            .text
            .get(start..)
            .unwrap_or("")
            .char_indices()
            .skip(1)
            .peekable();
        for _ in 0..nth {
            let Some((_, c)) = raw.next() else { break };
            if c == '\\' {
                let hex = |c: char| if c == 'u' { 4 } else { 0 };
                let digits = raw.next().map_or(0, |(_, c)| hex(c));
                for _ in 0..digits {
                    raw.next();
                }
            }
        }
        raw.peek().map_or(self.text.len(), |(at, _)| start + at)
    }

    /// Parses the whole text.
    pub(crate) fn parse(&self) -> Result<Node, Vec<Problem>> {
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(self.text);
        let skipped = self.text.len() - text.len();
        if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
            return Err(vec![self.syntax(&error, text, skipped)]);
        }
        let options = ParseOptions {
            allow_comments: false,
            allow_loose_object_property_names: false,
            allow_trailing_commas: false,
            ..ParseOptions::default()
        };
        match parse_to_ast(text, &CollectOptions::default(), &options) {
            Ok(parsed) => match parsed.value {
                Some(value) => Ok(node(&value, skipped)),
                None => Err(vec![Problem::new(
                    self.name,
                    words::text!("the document is empty"),
                )]),
            },
            Err(error) => Err(vec![Problem::new(self.name, words::retold(&error.to_string()))]),
        }
    }

    fn syntax(&self, error: &serde_json::Error, text: &str, skipped: usize) -> Problem {
        let offset = byte_offset(text, error.line(), error.column());
        let mut problem = Problem::new(self.name, words::text!("not JSON: ").to_owned() + &reason(error));
        // serde_json counts the last byte read; the culprit is the character that contains it.
        let culprit = (0..=offset.saturating_sub(1))
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        if let Some(quote) = text
            .get(culprit..)
            .and_then(|rest| rest.chars().next())
            .filter(|c| is_typographic(*c))
        {
            problem.message = words::tr!("not JSON: typographic quote {quote} where a plain one is expected");
            problem = problem.remedy(words::text!("the text was changed by a word processor: write \" around JSON texts and ' inside expressions"));
        }
        problem.at(self.place(culprit + skipped))
    }
}

/// Quotes that editors put in the place of `"` and `'`.
pub(super) fn is_typographic(c: char) -> bool {
    matches!(
        c,
        '‘' | '’' | '‚' | '‛' | '“' | '”' | '„' | '‟' | '＇' | '＂' | '′' | '″' | '｀'
    )
}

fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    words::retold(text.rsplit_once(" at line ").map_or(&text, |(reason, _)| reason))
}

fn byte_offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    (start + column).min(text.len())
}

fn node(value: &ast::Value<'_>, skipped: usize) -> Node {
    let range = value.range().start + skipped..value.range().end + skipped;
    let value = match value {
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::BooleanLit(b) => Value::Bool(b.value),
        ast::Value::NumberLit(n) => Value::Number(n.value.to_owned()),
        ast::Value::StringLit(s) => Value::String(s.value.clone().into_owned()),
        ast::Value::Array(a) => Value::Array(a.elements.iter().map(|v| node(v, skipped)).collect()),
        ast::Value::Object(o) => Value::Object(
            o.properties
                .iter()
                .map(|p| Member {
                    key: p.name.as_str().to_owned(),
                    key_start: p.name.range().start + skipped,
                    value: node(&p.value, skipped),
                })
                .collect(),
        ),
    };
    Node { value, range }
}
