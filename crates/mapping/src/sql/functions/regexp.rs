//! `REGEXP_REPLACE REGEXP_LIKE REGEXP_SUBSTR REGEXP_INSTR`, under the same engine and bounds as `REGEXP`.

use regex::{Captures, Regex};

use super::super::error::Failure;
use super::super::eval::{Env, MAX_TEXT};
use super::super::expr::Expr;
use super::super::like;
use super::super::value::{Kind, Value};
use super::text::{give, text};
use super::{Function, f};

pub(super) const TABLE: &[Function] = &[
    f("REGEXP_REPLACE", 3, 3, replace).gives(Kind::Text),
    f("REGEXP_LIKE", 2, 3, is_like).gives(Kind::Int),
    f("REGEXP_SUBSTR", 2, 2, substr).gives(Kind::Text),
    f("REGEXP_INSTR", 2, 2, instr).gives(Kind::Int),
];

type Both<'r> = Option<(std::borrow::Cow<'r, str>, Regex)>;

/// Text and pattern; nothing when one of them is NULL.
fn both<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Both<'r>, Failure> {
    match (text(args, 0, env)?, text(args, 1, env)?) {
        (Some(text), Some(pattern)) => Ok(Some((text, like::regex(&pattern, env.rules(args).collation)?))),
        _ => Ok(None),
    }
}

fn replace<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some((subject, regex)), Some(by)) = (both(args, env)?, text(args, 2, env)?) else {
        return Ok(Value::Null);
    };
    // As on the server, what matches nothing ends the replacing.
    let (mut made, mut at) = (String::new(), 0);
    for found in regex.captures_iter(&subject) {
        let Some(whole) = found.get(0).filter(|whole| !whole.is_empty()) else {
            break;
        };
        made.push_str(&subject[at..whole.start()]);
        made.push_str(&expanded(&by, &found));
        at = whole.end();
        if made.len() > MAX_TEXT {
            return Err(Failure::too_large(MAX_TEXT));
        }
    }
    made.push_str(&subject[at..]);
    give(made)
}

/// `\1` is what the first group found.
fn expanded(by: &str, found: &Captures<'_>) -> String {
    let mut piece = String::with_capacity(by.len());
    let mut chars = by.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(digit) if digit.is_ascii_digit() => {
                    let group = digit
                        .to_digit(10)
                        .and_then(|n| usize::try_from(n).ok())
                        .unwrap_or(0);
                    piece.push_str(found.get(group).map_or("", |group| group.as_str()));
                }
                Some(other) => piece.push(other),
                None => piece.push('\\'),
            },
            c => piece.push(c),
        }
    }
    piece
}

/// The third argument is MySQL's: `c` minds case.
fn is_like<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(subject), Some(pattern)) = (text(args, 0, env)?, text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    let minds_case = args.len() > 2 && text(args, 2, env)?.is_some_and(|mode| mode.contains('c'));
    let pattern = if minds_case {
        format!("(?-i){pattern}")
    } else {
        pattern.into_owned()
    };
    Ok(Value::bool(
        like::regex(&pattern, env.rules(args).collation)?.is_match(&subject),
    ))
}

fn substr<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some((subject, regex)) = both(args, env)? else {
        return Ok(Value::Null);
    };
    Ok(Value::owned(
        regex.find(&subject).map_or("", |found| found.as_str()).to_owned(),
    ))
}

fn instr<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some((subject, regex)) = both(args, env)? else {
        return Ok(Value::Null);
    };
    let at = regex
        .find(&subject)
        .map_or(0, |found| subject[..found.start()].chars().count() + 1);
    Ok(Value::Int(i64::try_from(at).unwrap_or(0)))
}
