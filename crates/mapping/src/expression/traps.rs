//! What an expression does without a word, as far as it can be seen without a record.

use super::super::sql::expr::{Comparison, Expr, Part};
use super::{Expression, Form, Source};

/// Something that its author may not have meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trap {
    /// Fixed text that stands alone when all of these keys are empty.
    LoneText {
        /// The text.
        text: String,
        /// The keys.
        paths: Vec<String>,
    },
    /// A CASE over the codes of a key.
    Codes {
        /// The key.
        path: String,
        /// The codes that a WHEN names, with the text that it gives.
        named: Vec<(String, Option<String>)>,
        /// Other codes are shown.
        others: bool,
    },
}

impl Expression {
    /// The traps of the expression.
    pub fn traps(&self) -> Vec<Trap> {
        let mut found = Vec::new();
        match &self.form {
            Form::Template(parts) => found.extend(lone(parts.iter())),
            Form::Function(expr) => {
                match &**expr {
                    Expr::Template(parts) => found.extend(lone(parts.iter())),
                    Expr::Call(function, args) if function.name == "CONCAT" => {
                        found.extend(joined(args));
                    }
                    _ => {}
                }
                codes(expr, &mut found);
            }
            Form::Constant(_) | Form::Reference(_) => {}
        }
        found
    }
}

fn lone<'p>(parts: impl Iterator<Item = &'p Part>) -> Option<Trap> {
    let (mut text, mut paths) = (String::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(piece) => text.push_str(piece),
            // `{1}` stays as it is written.
            Part::Maybe(_, written) if !written.chars().any(char::is_alphabetic) => text.push_str(written),
            Part::Value(placeholder) | Part::Maybe(placeholder, _) => match &placeholder.source {
                Source::Path(path) => paths.push(path.as_str().to_owned()),
                // What is always there.
                Source::Variable(_) | Source::Lookup(_) => return None,
            },
        }
    }
    paths.dedup();
    let text = text.trim().to_owned();
    (!text.is_empty() && !paths.is_empty()).then_some(Trap::LoneText { text, paths })
}

/// `CONCAT` of quoted texts; a bare placeholder that is empty makes all of it NULL.
fn joined(args: &[Expr]) -> Option<Trap> {
    let mut parts = Vec::new();
    for arg in args {
        match arg {
            Expr::Text(text) => parts.push(Part::Text(text.clone())),
            Expr::Template(own) => parts.extend(own.iter().cloned()),
            _ => return None,
        }
    }
    lone(parts.iter())
}

/// The key that an operand is, alone.
fn key(expr: &Expr) -> Option<&str> {
    let placeholder = match expr {
        Expr::Bare(placeholder) => placeholder,
        Expr::Template(parts) => match parts.as_slice() {
            [Part::Value(placeholder) | Part::Maybe(placeholder, _)] => placeholder,
            _ => return None,
        },
        _ => return None,
    };
    match &placeholder.source {
        Source::Path(path) => Some(path.as_str()),
        _ => None,
    }
}

fn fixed(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Text(text) => Some(text.clone()),
        Expr::Constant(value) => value.text().map(|text| text.into_owned()),
        _ => None,
    }
}

fn codes(expr: &Expr, found: &mut Vec<Trap>) {
    if let Expr::Case {
        operand,
        branches,
        otherwise,
        ..
    } = expr
    {
        let mut path = operand.as_deref().and_then(key);
        let mut named = Vec::new();
        for (when, then) in branches {
            let code = match (when, operand) {
                (when, Some(_)) => fixed(when),
                (Expr::Compare(Comparison::Equal, a, b), None) => match (key(a), fixed(b)) {
                    (Some(one), Some(code)) if path.is_none_or(|path| path == one) => {
                        path = Some(one);
                        Some(code)
                    }
                    _ => None,
                },
                _ => None,
            };
            let Some(code) = code else { return };
            named.push((code, fixed(then)));
        }
        let others = otherwise.as_deref().is_some_and(|otherwise| {
            let mut shown = false;
            otherwise.placeholders(&mut |_| shown = true);
            shown
        });
        let numbers = named
            .iter()
            .filter(|(code, _)| code.trim().parse::<i64>().is_ok())
            .count();
        if let (Some(path), true) = (path, numbers > 0) {
            found.push(Trap::Codes {
                path: path.to_owned(),
                named,
                others,
            });
        }
    }
    expr.children().into_iter().for_each(|child| codes(child, found));
}
