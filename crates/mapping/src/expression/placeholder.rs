//! One `{{…}}`: a variable or a path of the record, with pipes.

use std::borrow::Cow;

use serde_json::Value;

use super::super::lookup::Lookup;
use super::super::path::Path;
use super::super::record::{PathValue, text_of};
use super::super::sql::error::Failure;
use super::super::sql::eval::Env;
use super::context::Variable;
use super::pipe::Pipe;
use super::spelling;

/// A compiled placeholder.
#[derive(Debug, Clone)]
pub(crate) struct Placeholder {
    pub source: Source,
    pub pipes: Vec<Pipe>,
}

/// Where its value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Variable(Variable),
    Path(Path),
    Lookup(Box<Lookup>),
}

/// A placeholder as it was read, and how its author should have written it.
pub(super) struct Read {
    pub placeholder: Placeholder,
    /// What is odd about it, and the right spelling.
    pub hint: Option<(String, String)>,
}

impl Placeholder {
    /// Reads what stands between the braces; the error says what was expected.
    pub(super) fn parse(inside: &str) -> Result<Read, String> {
        let mut pieces = split_pipes(inside);
        let name = if pieces.is_empty() {
            ""
        } else {
            pieces.remove(0).trim()
        };
        if name.is_empty() {
            return Err(
                words::text!("the placeholder is empty: a key such as {{name}} is expected").to_owned(),
            );
        }
        if name.starts_with('$') {
            return Err(words::tr!(
                "\"{name}\" is not a variable of the language: use LAST_SYNC_TIME or CURRENT_TIME"
            ));
        }
        let respelt = spelling::path(name);
        let meant = respelt.as_deref().unwrap_or(name);
        if let Some(bad) = spelling::code(meant) {
            return Err(words::tr!(
                "{bad} cannot be part of a key: a path such as {{{{tag.0.tag_name}}}} is expected"
            ));
        }
        let pipes = pieces
            .into_iter()
            .map(Pipe::parse)
            .collect::<Result<Vec<_>, _>>()?;
        let source = match Variable::parse(meant) {
            Some(variable) => Source::Variable(variable),
            None => Source::Path(Path::new(meant)),
        };
        if let Source::Path(path) = &source
            && path
                .segments()
                .iter()
                .filter(|s| **s == super::super::path::Segment::Every)
                .count()
                > 2
        {
            return Err(words::text!("at most two * in one path").to_owned());
        }
        let hint = hint(inside, name, respelt.as_deref()).or_else(|| odd_pattern(&pipes));
        Ok(Read {
            placeholder: Placeholder { source, pipes },
            hint,
        })
    }

    /// A look-up, which has no pipes.
    pub(super) fn lookup(lookup: Lookup) -> Placeholder {
        Placeholder {
            source: Source::Lookup(Box::new(lookup)),
            pipes: Vec::new(),
        }
    }

    /// The value, or nothing when it is missing or `null`.
    pub(crate) fn resolve<'r>(&self, env: &Env<'r>) -> Result<Option<Cow<'r, Value>>, Failure> {
        let mut value = match &self.source {
            Source::Variable(variable) => match env.context.variable(*variable) {
                Some(number) => Cow::Owned(Value::from(number)),
                None => {
                    return Err(Failure::new(
                        "no-variable",
                        words::tr!("{variable} is not known in this run"),
                    ));
                }
            },
            Source::Lookup(lookup) => match lookup.find(env)? {
                Some(value) => value,
                None => return Ok(None),
            },
            Source::Path(path) if path.is_wild_in(env.scope) => {
                Cow::Owned(path.collect(env.record, env.scope).into_iter().cloned().collect())
            }
            Source::Path(path) => match path.find(env.record, env.scope).value() {
                Some(value) => Cow::Borrowed(value),
                None => return Ok(None),
            },
        };
        for pipe in &self.pipes {
            // What a record holds may be a date that there is not; a variable is always one.
            let is_known = !matches!(self.source, Source::Path(_) | Source::Lookup(_));
            value = pipe.apply(value, env, is_known)?;
        }
        Ok(Some(value))
    }

    /// The value as text; empty when there is none.
    pub(crate) fn text<'r>(&self, env: &Env<'r>) -> Result<Cow<'r, str>, Failure> {
        if let (Source::Path(path), true) = (&self.source, self.pipes.is_empty())
            && !path.is_wild_in(env.scope)
        {
            return Ok(path.find(env.record, env.scope).text());
        }
        Ok(match self.resolve(env)? {
            None => Cow::Borrowed(""),
            Some(Cow::Borrowed(value)) => text_of(value),
            Some(Cow::Owned(Value::String(text))) => Cow::Owned(text),
            Some(Cow::Owned(value)) => Cow::Owned(text_of(&value).into_owned()),
        })
    }

    /// The record has no such key at all.
    pub(crate) fn is_missing(&self, env: &Env<'_>) -> bool {
        let Source::Path(path) = &self.source else {
            return false;
        };
        match path.as_str().split_once(".*") {
            Some((head, _)) => Path::new(head).find(env.record, env.scope) == PathValue::Missing,
            None => path.find(env.record, env.scope) == PathValue::Missing,
        }
    }
}

/// What is odd about a name, and how the placeholder should have been written.
fn hint(inside: &str, name: &str, respelt: Option<&str>) -> Option<(String, String)> {
    let remedy = |right: &str| {
        let written = inside.trim().replacen(name, right, 1);
        words::tr!("write {{{{{written}}}}}")
    };
    if let Some(right) = respelt {
        let message = words::tr!("{name} is no path of the language; it is read as {right}");
        return Some((message, remedy(right)));
    }
    let right = spelling::variable(name)?;
    let message =
        words::tr!("{name} is no variable, and as a key of the record it is empty unless OKKI sends it");
    Some((message, remedy(&right)))
}

fn odd_pattern(pipes: &[Pipe]) -> Option<(String, String)> {
    let joined = pipes.iter().position(|pipe| matches!(pipe, Pipe::Implode(_)));
    let before = pipes.iter().take(joined.unwrap_or(0));
    if before.clone().any(Pipe::makes_text) {
        return Some((
            words::text!("what stands before implode makes a text of the list, so that nothing is joined")
                .to_owned(),
            words::text!("write {{key|implode('、')|…}}: implode comes first").to_owned(),
        ));
    }
    pipes.iter().find_map(|pipe| match pipe {
        Pipe::Pattern(pattern) => pattern.odd(),
        _ => None,
    })
}

/// Splits at `|` outside quotes.
fn split_pipes(text: &str) -> Vec<&str> {
    let (mut pieces, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') if !pieces.is_empty() || at == 0 => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (None, '|') => {
                pieces.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}
