//! `_findCollection` and `_mongoQuery`: one field of the row that fits, from a table that the integrator gives.
//!
//! On the platform they look into the store of another scheme. Here the collection's name leads to a [`Table`] of the
//! context; how that was filled is nobody's business here.

use std::borrow::Cow;

use serde_json::Value;

use super::expression::{Piece, Source, Variable, part, pieces};
use super::path::Path;
use super::sql::error::Failure;
use super::sql::eval::{Env, template};
use super::sql::expr::Part;
use super::table::Missing;

/// What closes a look-up inside `_function`.
const END: &str = "_endFind";
/// Stands for the n-th placeholder in the filter of `_mongoQuery` while it is read as JSON.
const MARKER: u32 = 0xF_0000;

/// A compiled look-up.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The collection, usually the id of a scheme.
    pub collection: String,
    /// The field that is wanted.
    pub field: String,
    tests: Vec<Test>,
}

/// A column, and the texts one of which it must have.
#[derive(Debug, Clone)]
struct Test {
    column: String,
    any: Vec<Vec<Part>>,
}

impl Lookup {
    /// The columns that the row is found by.
    pub fn columns(&self) -> Vec<&str> {
        self.tests.iter().map(|test| test.column.as_str()).collect()
    }

    fn placeholders(&self) -> impl Iterator<Item = &super::expression::Placeholder> {
        let parts = self.tests.iter().flat_map(|test| test.any.iter().flatten());
        parts.filter_map(|part| match part {
            Part::Value(placeholder) | Part::Maybe(placeholder, _) => Some(placeholder),
            Part::Text(_) => None,
        })
    }

    pub(super) fn paths(&self) -> Vec<&Path> {
        let path = |source| match source {
            &Source::Path(ref path) => Some(path),
            _ => None,
        };
        self.placeholders().filter_map(|p| path(&p.source)).collect()
    }

    pub(super) fn variables(&self) -> Vec<Variable> {
        let variable = |source: &Source| match source {
            Source::Variable(variable) => Some(*variable),
            _ => None,
        };
        self.placeholders().filter_map(|p| variable(&p.source)).collect()
    }

    /// The value, or nothing when nothing is looked for or found.
    pub(super) fn find<'r>(&self, env: &Env<'r>) -> Result<Option<Cow<'r, Value>>, Failure> {
        let unknown = || {
            let message = format!("no table is given for the collection {}", self.collection);
            Failure::new("no-table", message)
        };
        let table = env.context.tables.get(&self.collection).ok_or_else(unknown)?;
        let mut wanted: Vec<(&str, Vec<String>)> = Vec::with_capacity(self.tests.len());
        for test in &self.tests {
            let mut texts = Vec::with_capacity(test.any.len());
            for parts in &test.any {
                texts.push(written(parts, env)?.trim().to_owned());
            }
            wanted.push((&test.column, texts));
        }
        if wanted.iter().all(|(_, texts)| texts.iter().all(String::is_empty)) {
            return Ok(None);
        }
        if let Some(found) = table.find(&wanted, &self.field) {
            return Ok((!found.is_null()).then_some(Cow::Borrowed(found)));
        }
        match table.missing {
            Missing::Empty => Ok(None),
            Missing::Keep => {
                let key = wanted.swap_remove(0).1.swap_remove(0);
                Ok(Some(Cow::Owned(Value::String(key))))
            }
            Missing::Dead => Err(Failure::new(
                "lookup-missing",
                format!("no row of {} has the key that is looked for", self.collection),
            )),
        }
    }
}

fn written(parts: &[Part], env: &Env<'_>) -> Result<String, Failure> {
    let mut text = String::new();
    for part in parts {
        text.push_str(&template(std::slice::from_ref(part), env)?);
    }
    Ok(text)
}

/// The look-up that `text` starts with and its length in bytes, with the word that closes it.
pub(super) fn parse(text: &str) -> Result<(Lookup, usize), (String, usize)> {
    let (body, length) = match text.split_once(END) {
        Some((body, _)) => (body, body.len() + END.len()),
        None => (text, text.len()),
    };
    let read = match body.strip_prefix("_findCollection") {
        Some(rest) => find_collection(rest),
        None => mongo_query(body.strip_prefix("_mongoQuery").unwrap_or_default()),
    };
    read.map(|lookup| (lookup, length)).map_err(|why| (why, length))
}

/// ` find F from <collection> where A={{x}} B={{y}}`
fn find_collection(text: &str) -> Result<Lookup, String> {
    let expected =
        || "_findCollection is written `_findCollection find FIELD from COLLECTION where KEY={{key}}`".to_owned();
    let words = words(text);
    let [find, field, from, collection, by, conditions @ ..] = words.as_slice() else {
        return Err(expected());
    };
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    if !is(find, "find") || !is(from, "from") || !is(by, "where") || conditions.is_empty() {
        return Err(expected());
    }
    let mut tests: Vec<(String, String)> = Vec::new();
    for word in conditions.iter().filter(|word| !is(word, "and")) {
        let head = word.split("{{").next().unwrap_or_default();
        match (head.split_once('='), tests.last_mut()) {
            (Some((column, _)), _) if !column.is_empty() => {
                tests.push((column.to_owned(), word[column.len() + 1..].to_owned()));
            }
            // A text with a blank in it.
            (_, Some((_, value))) => *value = format!("{value} {word}"),
            _ => return Err(expected()),
        }
    }
    let tests = tests.into_iter().map(|(column, value)| {
        let value = ['\'', '"']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(&value);
        let any = vec![parts(value)?];
        Ok(Test { column: content(&column), any })
    });
    Ok(Lookup {
        collection: (*collection).to_owned(),
        field: content(field),
        tests: tests.collect::<Result<_, String>>()?,
    })
}

/// Words at blanks outside of placeholders.
fn words(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth) = (Vec::new(), None, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match (c.is_whitespace() && depth == 0, start) {
            (true, Some(from)) => {
                found.push(&text[from..at]);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    found.extend(start.map(|from| &text[from..]));
    found
}

fn parts(text: &str) -> Result<Vec<Part>, String> {
    let read = pieces(text, 0, &mut Vec::new()).map_err(|faults| {
        let all: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
        all.join("; ")
    })?;
    Ok(read.into_iter().map(|(piece, _)| part(piece)).collect())
}

/// The stored record stands under `content` there.
fn content(name: &str) -> String {
    name.strip_prefix("content.").unwrap_or(name).to_owned()
}

/// ` <collection> findField=content.F where={…}`
fn mongo_query(text: &str) -> Result<Lookup, String> {
    let expected = || {
        "_mongoQuery is written `_mongoQuery COLLECTION findField=content.FIELD where={\"content.KEY\":{\"$eq\":\"{{key}}\"}}`"
            .to_owned()
    };
    let (head, filter) = text.split_once("where=").ok_or_else(expected)?;
    let words = words(head);
    let [collection, field] = words.as_slice() else {
        return Err(expected());
    };
    let field = field.strip_prefix("findField=").ok_or_else(expected)?;
    let (json, placeholders) = marked(filter)?;
    let filter: Value =
        serde_json::from_str(&json).map_err(|error| format!("the filter of _mongoQuery is not JSON: {error}"))?;
    let mut tests = Vec::new();
    condition(&filter, &placeholders, &mut tests)?;
    if tests.is_empty() {
        return Err(expected());
    }
    Ok(Lookup {
        collection: (*collection).to_owned(),
        field: content(field),
        tests,
    })
}

/// The filter with a marker for each placeholder, in quotes everywhere.
fn marked(filter: &str) -> Result<(String, Vec<Part>), String> {
    let read = pieces(filter.trim(), 0, &mut Vec::new()).map_err(|faults| {
        let all: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
        all.join("; ")
    })?;
    let (mut json, mut placeholders, mut quoted, mut escaped) = (String::new(), Vec::new(), false, false);
    for (piece, _) in read {
        match piece {
            Piece::Text(text) => {
                for c in text.chars() {
                    quoted ^= c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                }
                json.push_str(&text);
            }
            placeholder => {
                let n = u32::try_from(placeholders.len()).unwrap_or(u32::MAX);
                let marker = char::from_u32(MARKER.saturating_add(n)).ok_or("too many placeholders")?;
                match quoted {
                    true => json.push(marker),
                    false => json.push_str(&format!("\"{marker}\"")),
                }
                placeholders.push(part(placeholder));
            }
        }
    }
    Ok((json, placeholders))
}

fn condition(filter: &Value, placeholders: &[Part], tests: &mut Vec<Test>) -> Result<(), String> {
    let Value::Object(members) = filter else {
        return Err("the filter of _mongoQuery is an object".to_owned());
    };
    for (key, value) in members {
        if key == "$and" {
            for one in value.as_array().into_iter().flatten() {
                condition(one, placeholders, tests)?;
            }
            continue;
        }
        let any = match value {
            Value::Object(operators) => match operators.iter().collect::<Vec<_>>().as_slice() {
                [(name, value)] if *name == "$eq" => vec![text(value, placeholders)?],
                [(name, Value::Array(values))] if *name == "$in" => values
                    .iter()
                    .map(|value| text(value, placeholders))
                    .collect::<Result<_, _>>()?,
                _ => return Err("of the operators of _mongoQuery, $eq, $in and $and are supported".to_owned()),
            },
            value => vec![text(value, placeholders)?],
        };
        if key.starts_with('$') || any.is_empty() {
            return Err("of the operators of _mongoQuery, $eq, $in and $and are supported".to_owned());
        }
        let column = content(key);
        tests.push(Test { column, any });
    }
    Ok(())
}

/// A value of the filter as a text with placeholders.
fn text(value: &Value, placeholders: &[Part]) -> Result<Vec<Part>, String> {
    let text = match value {
        Value::Array(_) | Value::Object(_) => return Err("_mongoQuery compares with plain values".to_owned()),
        plain => super::record::text_of(plain),
    };
    let (mut parts, mut plain) = (Vec::new(), String::new());
    for c in text.chars() {
        let n = u32::from(c).checked_sub(MARKER).and_then(|n| usize::try_from(n).ok());
        match n.and_then(|n| placeholders.get(n)) {
            Some(part) => {
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(part.clone());
            }
            None => plain.push(c),
        }
    }
    if !plain.is_empty() || parts.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(parts)
}
