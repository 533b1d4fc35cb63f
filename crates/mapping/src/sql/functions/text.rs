//! Functions on text. Positions and lengths count characters, as on the server; `LENGTH` alone counts bytes.

use std::borrow::Cow;

use super::super::collation::{self, Collation};
use super::super::error::Failure;
use super::super::eval::{Env, MAX_TEXT, bounded};
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::cut::to_usize;
use super::{Function, MANY, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("CONCAT", 1, MANY, concat).gives(Kind::Text),
    f("CONCAT_WS", 2, MANY, concat_ws).gives(Kind::Text),
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
    f("STRCMP", 2, 2, strcmp).gives(Kind::Int),
];

type Text<'r> = Option<Cow<'r, str>>;

pub(super) fn text<'r>(args: &'r [Expr], i: usize, env: &Env<'r>) -> Result<Text<'r>, Failure> {
    Ok(arg(args, i, env)?.into_text())
}

pub(super) fn give<'r>(text: String) -> Result<Value<'r>, Failure> {
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

fn found<'r>(text: &str, needle: &str, from: i64, collation: Collation) -> Value<'r> {
    if from < 1 {
        return Value::Int(0);
    }
    let at = collation::find(text, needle, to_usize(from - 1), collation);
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
    Ok(found(&text, &needle, from, env.rules(args).collation))
}

fn instr<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(needle)) = (text(args, 0, env)?, text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    Ok(found(&text, &needle, 1, env.rules(args).collation))
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

fn strcmp<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(a), Some(b)) = (text(args, 0, env)?, text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    Ok(Value::Int(
        collation::compare(&a, &b, env.rules(args).collation) as i64
    ))
}
