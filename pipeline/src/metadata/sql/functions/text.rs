//! Functions on text. Positions and lengths count characters, as on the server; `LENGTH` alone counts bytes.

use std::borrow::Cow;

use super::super::collation;
use super::super::error::Failure;
use super::super::eval::{Env, MAX_TEXT, bounded};
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::{Function, MANY, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("CONCAT", 1, MANY, concat).gives(Kind::Text),
    f("CONCAT_WS", 2, MANY, concat_ws).gives(Kind::Text),
    f("SUBSTRING", 2, 3, substring).gives(Kind::Text),
    f("SUBSTR", 2, 3, substring).gives(Kind::Text),
    f("MID", 3, 3, substring).gives(Kind::Text),
    f("LEFT", 2, 2, left).gives(Kind::Text),
    f("RIGHT", 2, 2, right).gives(Kind::Text),
    f("LENGTH", 1, 1, length).gives(Kind::Int),
    f("CHAR_LENGTH", 1, 1, char_length).gives(Kind::Int),
    f("CHARACTER_LENGTH", 1, 1, char_length).gives(Kind::Int),
    f("REPLACE", 3, 3, replace).gives(Kind::Text),
    f("LOCATE", 2, 3, locate).gives(Kind::Int),
    f("INSTR", 2, 2, instr).gives(Kind::Int),
    f("POSITION", 2, 2, locate).gives(Kind::Int),
    f("TRIM", 1, 2, trim).gives(Kind::Text),
    f("LTRIM", 1, 2, ltrim).gives(Kind::Text),
    f("RTRIM", 1, 2, rtrim).gives(Kind::Text),
    f("UPPER", 1, 1, upper).gives(Kind::Text),
    f("UCASE", 1, 1, upper).gives(Kind::Text),
    f("LOWER", 1, 1, lower).gives(Kind::Text),
    f("LCASE", 1, 1, lower).gives(Kind::Text),
    f("LPAD", 3, 3, lpad).gives(Kind::Text),
    f("RPAD", 3, 3, rpad).gives(Kind::Text),
    f("REPEAT", 2, 2, repeat).gives(Kind::Text),
    f("SPACE", 1, 1, space).gives(Kind::Text),
    f("REVERSE", 1, 1, reverse).gives(Kind::Text),
    f("SUBSTRING_INDEX", 3, 3, substring_index).gives(Kind::Text),
    f("STRCMP", 2, 2, strcmp).gives(Kind::Int),
];

type Text<'r> = Option<Cow<'r, str>>;

fn text<'r>(args: &'r [Expr], i: usize, env: &Env<'r>) -> Result<Text<'r>, Failure> {
    Ok(arg(args, i, env)?.into_text())
}

fn give<'r>(text: String) -> Result<Value<'r>, Failure> {
    bounded(text).map(Value::owned)
}

fn concat<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let mut out = String::new();
    let mut null = false;
    for i in 0..args.len() {
        match text(args, i, env)? {
            Some(piece) => out.push_str(&piece),
            None => null = true,
        }
        if out.len() > MAX_TEXT {
            return Err(Failure::too_large(MAX_TEXT));
        }
    }
    Ok(if null { Value::Null } else { Value::owned(out) })
}

fn concat_ws<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(separator) = text(args, 0, env)? else {
        return Ok(Value::Null);
    };
    let (mut out, mut first) = (String::new(), true);
    for i in 1..args.len() {
        let Some(piece) = text(args, i, env)? else {
            continue;
        };
        if !first {
            out.push_str(&separator);
        }
        first = false;
        out.push_str(&piece);
        if out.len() > MAX_TEXT {
            return Err(Failure::too_large(MAX_TEXT));
        }
    }
    give(out)
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

fn to_usize(n: i64) -> usize {
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

fn length<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(text(args, 0, env)?.map_or(Value::Null, |t| {
        Value::Int(i64::try_from(t.len()).unwrap_or(i64::MAX))
    }))
}

fn char_length<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(text(args, 0, env)?.map_or(Value::Null, |t| {
        Value::Int(i64::try_from(t.chars().count()).unwrap_or(i64::MAX))
    }))
}

/// The only search that minds case.
fn replace<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(from), Some(to)) = (text(args, 0, env)?, text(args, 1, env)?, text(args, 2, env)?)
    else {
        return Ok(Value::Null);
    };
    if from.is_empty() {
        return Ok(Value::Text(text));
    }
    let hits = text.matches(from.as_ref()).count();
    if hits.saturating_mul(to.len()).saturating_add(text.len()) > MAX_TEXT + hits * from.len() {
        return Err(Failure::too_large(MAX_TEXT));
    }
    Ok(if hits == 0 {
        Value::Text(text)
    } else {
        Value::owned(text.replace(from.as_ref(), &to))
    })
}

fn found<'r>(text: &str, needle: &str, from: i64) -> Value<'r> {
    if from < 1 {
        return Value::Int(0);
    }
    let at = collation::find(text, needle, to_usize(from - 1));
    Value::Int(at.and_then(|at| i64::try_from(at + 1).ok()).unwrap_or(0))
}

fn locate<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(needle), Some(text)) = (text(args, 0, env)?, text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    let from = match args.get(2) {
        None => 1,
        Some(expr) => match expr.eval(env)?.to_int()? {
            Some(from) => from,
            None => return Ok(Value::Null),
        },
    };
    Ok(found(&text, &needle, from))
}

fn instr<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(needle)) = (text(args, 0, env)?, text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    Ok(found(&text, &needle, 1))
}

fn strip<'r>(args: &'r [Expr], env: &Env<'r>, start: bool, end: bool) -> Result<Value<'r>, Failure> {
    let Some(text) = text(args, 0, env)? else {
        return Ok(Value::Null);
    };
    let what = match args.get(1) {
        None => Cow::Borrowed(" "),
        Some(expr) => match expr.eval(env)?.into_text() {
            Some(what) => what,
            None => return Ok(Value::Null),
        },
    };
    if what.is_empty() {
        return Ok(Value::Text(text));
    }
    let mut rest = text.as_ref();
    while let Some(shorter) = rest.strip_prefix(what.as_ref()).filter(|_| start) {
        rest = shorter;
    }
    while let Some(shorter) = rest.strip_suffix(what.as_ref()).filter(|_| end) {
        rest = shorter;
    }
    Ok(if rest.len() == text.len() {
        Value::Text(text)
    } else {
        Value::owned(rest.to_owned())
    })
}

fn trim<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    strip(args, env, true, true)
}

fn ltrim<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    strip(args, env, true, false)
}

fn rtrim<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    strip(args, env, false, true)
}

fn upper<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let one = |c: char| {
        Some(c.to_uppercase())
            .filter(|u| u.len() == 1)
            .and_then(|mut u| u.next())
            .unwrap_or(c)
    };
    Ok(text(args, 0, env)?.map_or(Value::Null, |t| Value::owned(t.chars().map(one).collect())))
}

fn lower<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let one = |c: char| {
        Some(c.to_lowercase())
            .filter(|l| l.len() == 1)
            .and_then(|mut l| l.next())
            .unwrap_or(c)
    };
    Ok(text(args, 0, env)?.map_or(Value::Null, |t| Value::owned(t.chars().map(one).collect())))
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

fn strcmp<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(a), Some(b)) = (text(args, 0, env)?, text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    Ok(Value::Int(collation::compare(&a, &b) as i64))
}
