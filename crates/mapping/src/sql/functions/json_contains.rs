//! `JSON_CONTAINS`: whether a value of JSON is part of another one.

use super::super::super::json::Value as Json;
use super::super::decimal::Decimal;
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::json::{path, read, walk};
use super::text::text;
use super::{Function, f};

pub(super) const TABLE: &[Function] = &[f("JSON_CONTAINS", 2, 3, contains).gives(Kind::Int)];

fn contains<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let json = |i: usize| Ok::<_, Failure>(text(args, i, env)?.and_then(|text| read(&text)));
    let (Some(whole), Some(part)) = (json(0)?, json(1)?) else {
        return Ok(Value::Null);
    };
    if args.len() < 3 {
        return Ok(Value::bool(holds(&whole, &part)));
    }
    let Some(steps) = text(args, 2, env)?.and_then(|text| path(&text)) else {
        return Ok(Value::Null);
    };
    let mut found = Vec::new();
    walk(&whole, &steps, &mut found);
    Ok(Value::bool(
        found.first().is_some_and(|found| holds(found, &part)),
    ))
}

fn holds(whole: &Json, part: &Json) -> bool {
    match (whole, part) {
        (Json::Array(_), Json::Array(parts)) => parts.iter().all(|part| match &part.value {
            Json::Array(_) => among(whole, &part.value) || holds(whole, &part.value),
            part => among(whole, part),
        }),
        (Json::Array(_), part) => among(whole, part),
        (Json::Object(members), Json::Object(parts)) => parts.iter().all(|part| {
            let member = members.iter().find(|member| member.key == part.key);
            member.is_some_and(|member| holds(&member.value.value, &part.value.value))
        }),
        (Json::Number(a), Json::Number(b)) => {
            a == b
                || match (Decimal::parse(a), Decimal::parse(b)) {
                    (Some(a), Some(b)) => a.compare(b).is_eq(),
                    _ => a.parse::<f64>().ok() == b.parse::<f64>().ok(),
                }
        }
        (Json::String(a), Json::String(b)) => a == b,
        (Json::Bool(a), Json::Bool(b)) => a == b,
        (Json::Null, Json::Null) => true,
        _ => false,
    }
}

fn among(whole: &Json, part: &Json) -> bool {
    matches!(whole, Json::Array(items) if items.iter().any(|item| holds(&item.value, part)))
}
