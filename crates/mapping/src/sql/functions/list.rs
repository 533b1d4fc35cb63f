//! Functions that pick from lists: `FIELD ELT FIND_IN_SET`, and what makes texts of codes and back.

use md5::{Digest, Md5};

use super::super::collation::fold;
use super::super::compare::compare;
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Number, Value};
use super::text::{give, text};
use super::{Function, MANY, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("FIELD", 2, MANY, field).gives(Kind::Int),
    f("ELT", 2, MANY, elt).gives(Kind::Text),
    f("FIND_IN_SET", 2, 2, find_in_set).gives(Kind::Int),
    f("CHAR", 1, MANY, char_).gives(Kind::Text),
    f("ASCII", 1, 1, ascii).gives(Kind::Int),
    f("HEX", 1, 1, hex).gives(Kind::Text),
    f("MD5", 1, 1, md5).gives(Kind::Text),
    f("SHA2", 2, 2, sha2).gives(Kind::Text),
];

/// The place of the first value among the others: as texts when all are texts, else as numbers.
fn field<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let mut values = Vec::with_capacity(args.len());
    for expr in args {
        values.push(expr.eval(env)?);
    }
    let Some((wanted, others)) = values.split_first().filter(|(wanted, _)| !wanted.is_null()) else {
        return Ok(Value::Int(0));
    };
    let as_texts = values.iter().all(|value| value.is_text() || value.is_null());
    for (n, other) in others.iter().enumerate().filter(|(_, other)| !other.is_null()) {
        let same = match as_texts {
            true => compare(wanted, other, env.rules(args))?.is_some_and(std::cmp::Ordering::is_eq),
            false => match (wanted.to_f64()?, other.to_f64()?) {
                (Some(a), Some(b)) => a.total_cmp(&b).is_eq() || a == b,
                _ => false,
            },
        };
        if same {
            return Ok(Value::Int(i64::try_from(n + 1).unwrap_or(i64::MAX)));
        }
    }
    Ok(Value::Int(0))
}

fn elt<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let chosen = arg(args, 0, env)?.to_int()?.and_then(|n| usize::try_from(n).ok());
    match chosen.filter(|n| (1..args.len()).contains(n)) {
        Some(n) => Ok(text(args, n, env)?.map_or(Value::Null, Value::Text)),
        None => Ok(Value::Null),
    }
}

/// Unlike a comparison it minds spaces at the end.
fn find_in_set<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(wanted), Some(list)) = (text(args, 0, env)?, text(args, 1, env)?) else {
        return Ok(Value::Null);
    };
    if list.is_empty() || wanted.contains(',') {
        return Ok(Value::Int(0));
    }
    let is_exact = env.rules(args).collation.is_exact();
    let same = |item: &str| match is_exact {
        true => item == wanted,
        false => item.chars().map(fold).eq(wanted.chars().map(fold)),
    };
    let at = list.split(',').position(same);
    Ok(Value::Int(
        at.and_then(|at| i64::try_from(at + 1).ok()).unwrap_or(0),
    ))
}

/// The bytes of codes, without leading zeros of each; NULL is nothing.
fn char_<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let mut bytes = Vec::new();
    for i in 0..args.len() {
        let Some(code) = arg(args, i, env)?.to_int()? else {
            continue;
        };
        let code = (code as u32).to_be_bytes();
        let zeros = code.iter().take(3).take_while(|byte| **byte == 0).count();
        bytes.extend(code.iter().skip(zeros));
    }
    let no_text = |_| {
        Failure::new(
            "bad-text",
            words::text!("CHAR makes bytes that are no UTF-8 text"),
        )
    };
    String::from_utf8(bytes).map_err(no_text).and_then(give)
}

fn ascii<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let first = |text: std::borrow::Cow<'_, str>| i64::from(text.bytes().next().unwrap_or(0));
    Ok(text(args, 0, env)?.map_or(Value::Null, |text| Value::Int(first(text))))
}

fn hex<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let value = arg(args, 0, env)?;
    if value.is_number() {
        let number = match value.to_number()? {
            Number::Null => return Ok(Value::Null),
            Number::Int(n) => n,
            _ => value.to_int()?.unwrap_or_default(),
        };
        return give(format!("{number:X}"));
    }
    match value.into_text() {
        None => Ok(Value::Null),
        Some(text) => give(text.bytes().map(|byte| format!("{byte:02X}")).collect()),
    }
}

fn lower_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn md5<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let text = text(args, 0, env)?;
    Ok(text.map_or(Value::Null, |t| {
        Value::owned(lower_hex(&Md5::digest(t.as_bytes())))
    }))
}

fn sha2<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(text), Some(bits)) = (text(args, 0, env)?, arg(args, 1, env)?.to_int()?) else {
        return Ok(Value::Null);
    };
    let bytes = text.as_bytes();
    Ok(match bits {
        224 => Value::owned(lower_hex(&sha2::Sha224::digest(bytes))),
        0 | 256 => Value::owned(lower_hex(&sha2::Sha256::digest(bytes))),
        384 => Value::owned(lower_hex(&sha2::Sha384::digest(bytes))),
        512 => Value::owned(lower_hex(&sha2::Sha512::digest(bytes))),
        _ => Value::Null,
    })
}
