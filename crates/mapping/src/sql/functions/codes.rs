//! Functions that write a value in other signs: `CONV SHA1 TO_BASE64 FROM_BASE64`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::text::{give, text};
use super::{Function, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("CONV", 3, 3, conv).gives(Kind::Text),
    f("SHA1", 1, 1, sha1).gives(Kind::Text),
    f("SHA", 1, 1, sha1).gives(Kind::Text),
    f("TO_BASE64", 1, 1, to_base64).gives(Kind::Text),
    f("FROM_BASE64", 1, 1, from_base64).gives(Kind::Text),
];

/// The server breaks lines there.
const LINE: usize = 76;

/// A number of one base in another; what follows its last digit does not count.
fn conv<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let (Some(number), Some(from), Some(to)) = (
        text(args, 0, env)?,
        arg(args, 1, env)?.to_int()?,
        arg(args, 2, env)?.to_int()?,
    ) else {
        return Ok(Value::Null);
    };
    let base = |n: i64| {
        u32::try_from(n.unsigned_abs())
            .ok()
            .filter(|n| (2..=36).contains(n))
    };
    let (Some(base_from), Some(base_to)) = (base(from), base(to)) else {
        return Ok(Value::Null);
    };
    let body = number.trim_start();
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let (is_negative, digits) = body
        .strip_prefix('-')
        .map_or((false, body), |digits| (true, digits));
    let digits = digits.chars().map_while(|c| c.to_digit(base_from));
    let size = digits.fold(0_u64, |all, digit| {
        all.saturating_mul(u64::from(base_from))
            .saturating_add(u64::from(digit))
    });
    let value = if is_negative { size.wrapping_neg() } else { size };
    let signed = to < 0 && value > i64::MAX.unsigned_abs();
    let mut rest = if signed { value.wrapping_neg() } else { value };
    let mut made = Vec::new();
    loop {
        let digit = u32::try_from(rest % u64::from(base_to)).unwrap_or(0);
        made.push(
            char::from_digit(digit, base_to)
                .unwrap_or('0')
                .to_ascii_uppercase(),
        );
        rest /= u64::from(base_to);
        if rest == 0 {
            break;
        }
    }
    made.extend(signed.then_some('-'));
    give(made.into_iter().rev().collect())
}

fn sha1<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(text) = text(args, 0, env)? else {
        return Ok(Value::Null);
    };
    let digest = Sha1::digest(text.as_bytes());
    give(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn to_base64<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(text) = text(args, 0, env)? else {
        return Ok(Value::Null);
    };
    let signs: Vec<char> = STANDARD.encode(text.as_bytes()).chars().collect();
    let lines: Vec<String> = signs.chunks(LINE).map(|line| line.iter().collect()).collect();
    give(lines.join("\n"))
}

fn from_base64<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let Some(text) = text(args, 0, env)? else {
        return Ok(Value::Null);
    };
    let signs: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = STANDARD.decode(signs).ok();
    match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) => give(text),
        None => Ok(Value::Null),
    }
}
