//! Functions that choose: `IF IFNULL NULLIF COALESCE GREATEST LEAST ISNULL`.

use super::super::compare::compare;
use super::super::error::Failure;
use super::super::eval::Env;
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::{Function, MANY, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("IF", 3, 3, if_),
    f("IFNULL", 2, 2, coalesce),
    f("COALESCE", 1, MANY, coalesce),
    f("NULLIF", 2, 2, nullif),
    f("ISNULL", 1, 1, isnull).gives(Kind::Int),
    f("GREATEST", 2, MANY, greatest),
    f("LEAST", 2, MANY, least),
];

fn common(args: &[Expr], env: &Env<'_>) -> Kind {
    args.iter().fold(Kind::Null, |kind, expr| {
        kind.merge(expr.static_kind().unwrap_or_else(|| expr.kind(env)))
    })
}

fn if_<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let chosen = match args.first() {
        Some(condition) if condition.truth(env)? == Some(true) => 1,
        _ => 2,
    };
    arg(args, chosen, env)?.cast_to(common(args.get(1..).unwrap_or_default(), env))
}

fn coalesce<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    for expr in args {
        let value = expr.eval(env)?;
        if !value.is_null() {
            return value.cast_to(common(args, env));
        }
    }
    Ok(Value::Null)
}

fn nullif<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let value = arg(args, 0, env)?;
    let same = compare(&value, &arg(args, 1, env)?, env.zone())?.is_some_and(std::cmp::Ordering::is_eq);
    Ok(if same { Value::Null } else { value })
}

fn isnull<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(Value::bool(arg(args, 0, env)?.is_null()))
}

fn greatest<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    extreme(args, env, true)
}

fn least<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    extreme(args, env, false)
}

/// One NULL makes NULL. One number among texts makes all of them numbers.
fn extreme<'r>(args: &'r [Expr], env: &Env<'r>, largest: bool) -> Result<Value<'r>, Failure> {
    let mut values = Vec::with_capacity(args.len());
    for expr in args {
        values.push(expr.eval(env)?);
    }
    if values.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    let kind = values
        .iter()
        .fold(Kind::Null, |kind, value| kind.merge(value.kind()));
    let mixed = kind == Kind::Text && values.iter().any(|v| !v.is_text() && !v.is_temporal());
    let mut best: Option<Value<'r>> = None;
    for value in values {
        let value = if mixed {
            Value::Double(value.to_f64()?.unwrap_or_default(), None)
        } else {
            value
        };
        let better = match &best {
            None => true,
            Some(best) => compare(&value, best, env.zone())?
                .is_some_and(|o| if largest { o.is_gt() } else { o.is_lt() }),
        };
        if better {
            best = Some(value);
        }
    }
    let best = best.unwrap_or(Value::Null);
    if mixed { Ok(best) } else { best.cast_to(kind) }
}
