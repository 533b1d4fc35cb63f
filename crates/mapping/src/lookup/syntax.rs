//! How look-ups are written.

mod conditions;

use serde_json::Value;

use super::super::expression::{Piece, part, pieces};
use super::super::sql::expr::Part;
use super::{Lookup, Test};

/// What closes a look-up inside `_function`.
const END: &str = "_endFind";
/// Stands for the n-th placeholder in the filter of `_mongoQuery` while it is read as JSON.
const MARKER: u32 = 0xF_0000;

/// The look-up that `text` starts with and its length in bytes, with the word that closes it.
pub(crate) fn parse(text: &str) -> Result<(Lookup, usize), (String, usize)> {
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
    let expected = || {
        words::text!(
            "_findCollection is written `_findCollection find FIELD from COLLECTION where KEY={{key}}`"
        )
        .to_owned()
    };
    let words = words(text);
    let [find, field, from, collection, by, conditions @ ..] = words.as_slice() else {
        return Err(expected());
    };
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    if !is(find, "find") || !is(from, "from") || !is(by, "where") || conditions.is_empty() {
        return Err(expected());
    }
    one(field)?;
    let tests = conditions::read(conditions, expected)?;
    let tests = tests.into_iter().map(|(column, value)| {
        let value = value.trim();
        let value = ['\'', '"']
            .into_iter()
            .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
            .unwrap_or(value);
        let any = vec![parts(value)?];
        Ok(Test {
            column: content(&column),
            any,
        })
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
        words::sentences(&all)
    })?;
    Ok(read.into_iter().map(|(piece, _)| part(piece)).collect())
}

/// A look-up gives one field.
fn one(field: &str) -> Result<(), String> {
    match field == "*" || field.contains([',', '，']) {
        false => Ok(()),
        true => Err(words::tr!(
            "a look-up gives one field, and {field} names several; write one look-up for each"
        )),
    }
}

/// The stored record stands under `content` there.
fn content(name: &str) -> String {
    name.strip_prefix("content.").unwrap_or(name).to_owned()
}

/// ` <collection> findField=content.F where={…}`
fn mongo_query(text: &str) -> Result<Lookup, String> {
    let expected = || {
        words::text!("_mongoQuery is written `_mongoQuery COLLECTION findField=content.FIELD where={\"content.KEY\":{\"$eq\":\"{{key}}\"}}`")
            .to_owned()
    };
    let (head, filter) = text.split_once("where=").ok_or_else(expected)?;
    let words = words(head);
    let [collection, field] = words.as_slice() else {
        return Err(expected());
    };
    let field = field.strip_prefix("findField=").ok_or_else(expected)?;
    one(field)?;
    let (json, placeholders) = marked(filter)?;
    let filter: Value = serde_json::from_str(&json)
        .map_err(|error| words::retold(&error.to_string()))
        .map_err(|error| words::tr!("the filter of _mongoQuery is not JSON: {error}"))?;
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
        words::sentences(&all)
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
                let marker =
                    char::from_u32(MARKER.saturating_add(n)).ok_or(words::text!("too many placeholders"))?;
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
        return Err(words::text!("the filter of _mongoQuery is an object").to_owned());
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
                _ => {
                    return Err(words::text!(
                        "of the operators of _mongoQuery, $eq, $in and $and are supported"
                    )
                    .to_owned());
                }
            },
            value => vec![text(value, placeholders)?],
        };
        if key.starts_with('$') || any.is_empty() {
            return Err(
                words::text!("of the operators of _mongoQuery, $eq, $in and $and are supported").to_owned(),
            );
        }
        let column = content(key);
        tests.push(Test { column, any });
    }
    Ok(())
}

/// A value of the filter as a text with placeholders.
fn text(value: &Value, placeholders: &[Part]) -> Result<Vec<Part>, String> {
    let text = match value {
        Value::Array(_) | Value::Object(_) => {
            return Err(words::text!("_mongoQuery compares with plain values").to_owned());
        }
        plain => super::super::record::text_of(plain),
    };
    let (mut parts, mut plain) = (Vec::new(), String::new());
    for c in text.chars() {
        let n = u32::from(c)
            .checked_sub(MARKER)
            .and_then(|n| usize::try_from(n).ok());
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
