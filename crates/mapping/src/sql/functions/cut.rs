//! Functions that cut texts into pieces and fill them up. Everything counts characters.

use std::borrow::Cow;

use super::super::error::Failure;
use super::super::eval::{Env, MAX_TEXT};
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::text::{give, text};
use super::{Function, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("SUBSTRING", 2, 3, substring).gives(Kind::Text),
    f("SUBSTR", 2, 3, substring).gives(Kind::Text),
    f("MID", 3, 3, substring).gives(Kind::Text),
    f("LEFT", 2, 2, left).gives(Kind::Text),
    f("RIGHT", 2, 2, right).gives(Kind::Text),
    f("LPAD", 3, 3, lpad).gives(Kind::Text),
    f("RPAD", 3, 3, rpad).gives(Kind::Text),
    f("REPEAT", 2, 2, repeat).gives(Kind::Text),
    f("SPACE", 1, 1, space).gives(Kind::Text),
    f("REVERSE", 1, 1, reverse).gives(Kind::Text),
    f("SUBSTRING_INDEX", 3, 3, substring_index).gives(Kind::Text),
    f("INSERT", 4, 4, insert).gives(Kind::Text),
];

/// Some characters of a text replaced by others, whatever their number.
fn insert<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(old), Some(position), Some(count), Some(new)) = (
        text(args, 0, env)?,
        arg(args, 1, env)?.to_int()?,
        arg(args, 2, env)?.to_int()?,
        text(args, 3, env)?,
    ) else {
        return Ok(Value::Null);
    };
    let length = old.chars().count();
    let Some(before) = usize::try_from(position - 1)
        .ok()
        .filter(|before| *before < length)
    else {
        return Ok(Value::Text(old));
    };
    let count = usize::try_from(count).unwrap_or(length);
    let head = old.chars().take(before).chain(new.chars());
    give(
        head.chain(old.chars().skip(before.saturating_add(count)))
            .collect(),
    )
}

/// Characters `start..start + count` of a text, without a copy where possible.
fn slice(text: Cow<'_, str>, start: usize, count: usize) -> Cow<'_, str> {
    let at = |n: usize, s: &str| s.char_indices().nth(n).map_or(s.len(), |(at, _)| at);
    let from = at(start, &text);
    let rest = text.get(from..).unwrap_or_default();
    let to = from + at(count, rest);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(from..to).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(from..to).unwrap_or_default().to_owned()),
    }
}

fn substring<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(position)) = (text(args, 0, env)?, arg(args, 1, env)?.to_int()?) else {
        return Ok(Value::Null);
    };
    let count = match args.get(2) {
        None => i64::MAX,
        Some(expr) => match expr.eval(env)?.to_int()? {
            None => return Ok(Value::Null),
            Some(count) => count,
        },
    };
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let start = if position < 0 {
        length.saturating_add(position)
    } else {
        position - 1
    };
    if start < 0 || start >= length || count <= 0 {
        return Ok(Value::EMPTY);
    }
    Ok(Value::Text(slice(text, to_usize(start), to_usize(count))))
}

pub(super) fn to_usize(n: i64) -> usize {
    usize::try_from(n.max(0)).unwrap_or(usize::MAX)
}

fn left<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(count)) = (text(args, 0, env)?, arg(args, 1, env)?.to_int()?) else {
        return Ok(Value::Null);
    };
    Ok(Value::Text(slice(text, 0, to_usize(count))))
}

fn right<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(count)) = (text(args, 0, env)?, arg(args, 1, env)?.to_int()?) else {
        return Ok(Value::Null);
    };
    let skip = text.chars().count().saturating_sub(to_usize(count));
    Ok(Value::Text(slice(text, skip, usize::MAX)))
}

fn pad<'r>(args: &'r [Expr], env: &Env<'r>, left: bool) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(length), Some(with)) = (
        text(args, 0, env)?,
        arg(args, 1, env)?.to_int()?,
        text(args, 2, env)?,
    ) else {
        return Ok(Value::Null);
    };
    if length < 0 {
        return Ok(Value::Null);
    }
    let (length, have) = (to_usize(length), text.chars().count());
    if length <= have {
        return Ok(Value::Text(slice(text, 0, length)));
    }
    if with.is_empty() {
        return Ok(Value::Null);
    }
    if length > MAX_TEXT {
        return Err(Failure::too_large(MAX_TEXT));
    }
    let fill: String = with.chars().cycle().take(length - have).collect();
    give(if left {
        fill + &text
    } else {
        text.into_owned() + &fill
    })
}

fn lpad<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    pad(args, env, true)
}

fn rpad<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    pad(args, env, false)
}

fn repeat<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(count)) = (text(args, 0, env)?, arg(args, 1, env)?.to_int()?) else {
        return Ok(Value::Null);
    };
    let count = to_usize(count);
    if text.len().saturating_mul(count) > MAX_TEXT {
        return Err(Failure::too_large(MAX_TEXT));
    }
    give(text.repeat(if text.is_empty() { 0 } else { count }))
}

fn space<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(count) = arg(args, 0, env)?.to_int()? else {
        return Ok(Value::Null);
    };
    let count = to_usize(count);
    if count > MAX_TEXT {
        Err(Failure::too_large(MAX_TEXT))
    } else {
        give(" ".repeat(count))
    }
}

fn reverse<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(text(args, 0, env)?.map_or(Value::Null, |t| Value::owned(t.chars().rev().collect())))
}

/// The part before (positive) or after (negative) the n-th separator.
fn substring_index<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(separator), Some(n)) = (
        text(args, 0, env)?,
        text(args, 1, env)?,
        arg(args, 2, env)?.to_int()?,
    ) else {
        return Ok(Value::Null);
    };
    if separator.is_empty() || n == 0 {
        return Ok(Value::EMPTY);
    }
    let nth = usize::try_from(n.unsigned_abs() - 1).unwrap_or(usize::MAX);
    let part = if n > 0 {
        text.match_indices(separator.as_ref())
            .nth(nth)
            .and_then(|(at, _)| text.get(..at))
    } else {
        text.rmatch_indices(separator.as_ref())
            .nth(nth)
            .and_then(|(at, _)| text.get(at + separator.len()..))
    };
    Ok(Value::owned(part.unwrap_or(&text).to_owned()))
}
