//! Functions that make JSON: `JSON_OBJECT JSON_ARRAY JSON_QUOTE`, and `JSON_KEYS`.

use super::super::super::json::Value as Json;
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::json::read;
use super::text::{give, text};
use super::{Function, MANY, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("JSON_OBJECT", 0, MANY, object).gives(Kind::Text),
    f("JSON_ARRAY", 0, MANY, array).gives(Kind::Text),
    f("JSON_QUOTE", 1, 1, quote).gives(Kind::Text),
    f("JSON_KEYS", 1, 1, keys).gives(Kind::Text),
];

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// One argument as JSON: what a function of JSON gives is JSON already.
fn member<'r>(args: &'r [Expr], at: usize, env: &Env<'r>) -> Result<String, Failure> {
    let is_json = matches!(
        args.get(at),
        Some(Expr::Call(function, _)) if matches!(function.name, "JSON_OBJECT" | "JSON_ARRAY" | "JSON_EXTRACT" | "JSON_KEYS")
    );
    let value = arg(args, at, env)?;
    if value.is_null() {
        return Ok("null".to_owned());
    }
    let is_plain = is_json || value.is_number();
    let text = value.into_text().unwrap_or_default();
    Ok(if is_plain {
        text.into_owned()
    } else {
        quoted(&text)
    })
}

fn object<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    if !args.len().is_multiple_of(2) {
        return Err(Failure::new(
            "bad-arguments",
            words::text!("JSON_OBJECT takes keys and values in pairs"),
        ));
    }
    let mut members = Vec::new();
    for at in (0..args.len()).step_by(2) {
        let Some(key) = text(args, at, env)? else {
            return Err(Failure::new(
                "bad-arguments",
                words::text!("a key of JSON_OBJECT is NULL"),
            ));
        };
        members.push(format!("{}: {}", quoted(&key), member(args, at + 1, env)?));
    }
    give(format!("{{{}}}", members.join(", ")))
}

fn array<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let members: Result<Vec<_>, _> = (0..args.len()).map(|at| member(args, at, env)).collect();
    give(format!("[{}]", members?.join(", ")))
}

fn quote<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    match text(args, 0, env)? {
        Some(text) => give(quoted(&text)),
        None => Ok(Value::Null),
    }
}

fn keys<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    match text(args, 0, env)?.and_then(|text| read(&text)) {
        Some(Json::Object(members)) => {
            let keys: Vec<_> = members.iter().map(|member| quoted(&member.key)).collect();
            give(format!("[{}]", keys.join(", ")))
        }
        _ => Ok(Value::Null),
    }
}
