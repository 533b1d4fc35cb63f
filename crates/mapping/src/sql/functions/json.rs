//! `JSON_EXTRACT JSON_UNQUOTE JSON_VALUE JSON_LENGTH JSON_VALID`, on texts and on values of the record.

use super::super::super::json::{Text, Value as Json};
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::text::{give, text};
use super::{Function, MANY, f};

pub(super) const TABLE: &[Function] = &[
    f("JSON_EXTRACT", 2, MANY, extract).gives(Kind::Text),
    f("JSON_UNQUOTE", 1, 1, unquote).gives(Kind::Text),
    f("JSON_VALUE", 2, 2, value).gives(Kind::Text),
    f("JSON_LENGTH", 1, 2, length).gives(Kind::Int),
    f("JSON_VALID", 1, 1, valid).gives(Kind::Int),
];

/// One step of a JSON path.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Key(String),
    /// From the beginning, or from the end when it is negative.
    Index(i64),
    /// From one entry to another, both included.
    Range(i64, i64),
    AllKeys,
    AllItems,
    /// Every value within, and the value itself.
    Within,
}

impl Step {
    fn is_wild(&self) -> bool {
        !matches!(self, Step::Key(_) | Step::Index(_))
    }
}

/// `2`, `last`, `last-1`, `-1`: an entry's place.
fn place(text: &str) -> Option<i64> {
    match text.trim().strip_prefix("last") {
        Some(rest) if rest.trim().is_empty() => Some(-1),
        Some(rest) => {
            let back: i64 = rest.trim().strip_prefix('-')?.trim().parse().ok()?;
            (back >= 0).then_some(-1 - back)
        }
        None => text.trim().parse().ok(),
    }
}

/// The index of a place in a list.
fn index(place: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let at = if place < 0 {
        length.checked_add(place)?
    } else {
        place
    };
    usize::try_from(at).ok()
}

/// `$.a."b c"[0][*].*`; `None` is no path.
pub(super) fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.trim().strip_prefix('$')?.trim_start();
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (inside, after) = after.split_once(']')?;
            steps.push(match inside.trim() {
                "*" => Step::AllItems,
                inside => match inside.split_once(" to ") {
                    Some((from, to)) => Step::Range(place(from)?, place(to)?),
                    None => Step::Index(place(inside)?),
                },
            });
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("**") {
            steps.push(Step::Within);
            rest = after;
            continue;
        }
        let after = rest.strip_prefix('.')?;
        if let Some(quoted) = after.strip_prefix('"') {
            let (key, after) = quoted.split_once('"')?;
            steps.push(Step::Key(key.to_owned()));
            rest = after;
            continue;
        }
        let end = after.find(['.', '[']).unwrap_or(after.len());
        let (key, after) = after.split_at(end);
        steps.push(match key.trim() {
            "" => return None,
            "*" => Step::AllKeys,
            key => Step::Key(key.to_owned()),
        });
        rest = after;
    }
    Some(steps)
}

pub(super) fn walk<'j>(json: &'j Json, steps: &[Step], found: &mut Vec<&'j Json>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(json);
        return;
    };
    let one = match (step, json) {
        (Step::Key(key), Json::Object(members)) => {
            let member = members.iter().find(|member| member.key == *key);
            member.map(|member| &member.value.value)
        }
        (Step::Index(n), Json::Array(items)) => {
            let item = index(*n, items.len()).and_then(|n| items.get(n));
            item.map(|item| &item.value)
        }
        // A value that is no list is its own only entry.
        (Step::Index(0 | -1), other) => Some(other),
        (Step::Range(from, to), Json::Array(items)) => {
            if let (Some(from), Some(to)) = (index(*from, items.len()), index(*to, items.len())) {
                let wanted = items.iter().take(to.saturating_add(1)).skip(from);
                wanted.for_each(|item| walk(&item.value, rest, found));
            }
            None
        }
        (Step::Within, json) => {
            within(json, rest, found);
            None
        }
        (Step::AllItems, Json::Array(items)) => {
            items.iter().for_each(|item| walk(&item.value, rest, found));
            None
        }
        (Step::AllKeys, Json::Object(members)) => {
            members
                .iter()
                .for_each(|member| walk(&member.value.value, rest, found));
            None
        }
        _ => None,
    };
    if let Some(one) = one {
        walk(one, rest, found);
    }
}

/// The rest of a path on a value and on everything in it.
fn within<'j>(json: &'j Json, rest: &[Step], found: &mut Vec<&'j Json>) {
    walk(json, rest, found);
    match json {
        Json::Array(items) => items.iter().for_each(|item| within(&item.value, rest, found)),
        Json::Object(members) => {
            let values = members.iter().map(|member| &member.value.value);
            values.for_each(|value| within(value, rest, found));
        }
        _ => {}
    }
}

/// Numbers keep the digits that they are written with, as on the server.
fn document<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Option<Json>, Failure> {
    Ok(text(args, 0, env)?.and_then(|text| read(&text)))
}

pub(super) fn read(text: &str) -> Option<Json> {
    Text { name: "", text }.parse().ok().map(|node| node.value)
}

fn extract<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(json) = document(args, env)? else {
        return Ok(Value::Null);
    };
    let (mut found, mut several) = (Vec::new(), args.len() > 2);
    for i in 1..args.len() {
        let Some(steps) = text(args, i, env)?.and_then(|text| path(&text)) else {
            return Ok(Value::Null);
        };
        several |= steps.iter().any(Step::is_wild);
        walk(&json, &steps, &mut found);
    }
    match (found.as_slice(), several) {
        ([], _) => Ok(Value::Null),
        ([one], false) => give(shown(one)),
        (found, _) => {
            let all: Vec<String> = found.iter().map(|json| shown(json)).collect();
            give(format!("[{}]", all.join(", ")))
        }
    }
}

/// JSON as the server prints it: a blank behind each comma and colon.
fn shown(json: &Json) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match json {
        Json::Null => "null".to_owned(),
        Json::Bool(flag) => flag.to_string(),
        Json::Number(digits) => digits.clone(),
        Json::String(text) => quoted(text),
        Json::Array(items) => {
            let all: Vec<String> = items.iter().map(|item| shown(&item.value)).collect();
            format!("[{}]", all.join(", "))
        }
        Json::Object(members) => {
            let all: Vec<String> = members
                .iter()
                .map(|member| format!("{}: {}", quoted(&member.key), shown(&member.value.value)))
                .collect();
            format!("{{{}}}", all.join(", "))
        }
    }
}

fn unquoted(text: &str) -> Option<String> {
    let is_quoted = text.starts_with('"') && text.ends_with('"');
    is_quoted.then(|| serde_json::from_str(text).ok()).flatten()
}

fn unquote<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    match text(args, 0, env)? {
        None => Ok(Value::Null),
        Some(text) => match unquoted(&text) {
            Some(inner) => give(inner),
            None => Ok(Value::Text(text)),
        },
    }
}

/// A plain value; objects and lists are NULL.
fn value<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(steps) = text(args, 1, env)?.and_then(|text| path(&text)) else {
        return Ok(Value::Null);
    };
    let Some(json) = document(args, env)? else {
        return Ok(Value::Null);
    };
    let mut found = Vec::new();
    walk(&json, &steps, &mut found);
    match found.first() {
        Some(Json::String(text)) => give(text.clone()),
        Some(Json::Bool(flag)) => Ok(Value::owned(u8::from(*flag).to_string())),
        Some(Json::Number(digits)) => give(digits.clone()),
        _ => Ok(Value::Null),
    }
}

fn length<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(json) = document(args, env)? else {
        return Ok(Value::Null);
    };
    let steps = match args.len() {
        1 => Some(Vec::new()),
        _ => text(args, 1, env)?.and_then(|text| path(&text)),
    };
    let mut found = Vec::new();
    walk(&json, &steps.unwrap_or_default(), &mut found);
    let length = match found.first() {
        None => return Ok(Value::Null),
        Some(Json::Array(items)) => items.len(),
        Some(Json::Object(members)) => members.len(),
        Some(_) => 1,
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

fn valid<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let text = text(args, 0, env)?;
    Ok(text.map_or(Value::Null, |text| Value::bool(read(&text).is_some())))
}
