//! Functions that choose: `IF IFNULL NULLIF COALESCE GREATEST LEAST ISNULL`.

use super::super::compare::{compare, compare_shown};
use super::super::error::Failure;
use super::super::eval::{Env, no_number, no_number_beside};
use super::super::expr::Expr;
use super::super::value::{Kind, Value};
use super::{Function, MANY, arg, f};

pub(super) const TABLE: &[Function] = &[
    f("IF", 3, 3, if_),
    f("IFNULL", 2, 2, coalesce),
    f("NVL", 2, 2, coalesce),
    f("NVL2", 3, 3, nvl2),
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

fn nvl2<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let chosen = if arg(args, 0, env)?.is_null() { 2 } else { 1 };
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
    let other = arg(args, 1, env)?;
    no_number_beside(&[&value, &other], env);
    let same = compare_shown(&value, &other, env.rules(args))?.is_some_and(std::cmp::Ordering::is_eq);
    Ok(if same { Value::Null } else { value })
}

fn isnull<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(Value::bool(arg(args, 0, env)?.is_null()))
}

fn greatest<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    extreme(args, env, true, false)
}

fn least<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    extreme(args, env, false, false)
}

impl Expr {
    /// The value where a number is wanted: texts that GREATEST and LEAST choose from are then compared as numbers.
    pub(in super::super) fn eval_number<'r>(&'r self, env: &Env<'r>) -> Result<Value<'r>, Failure> {
        match self {
            Expr::Call(function, args) if is_extreme(function.name) => {
                env.step()?;
                extreme(args, env, function.name == "GREATEST", true)
            }
            other => other.eval(env),
        }
    }

    /// The other value of GREATEST or LEAST that a text has beside a number, when there is one.
    pub(in super::super) fn eval_beside<'r>(
        &'r self,
        value: &Value<'_>,
        other: &Value<'_>,
        env: &Env<'r>,
    ) -> Result<Option<Value<'r>>, Failure> {
        match self {
            Expr::Call(..) if value.is_text() && other.is_number() => self.eval_number(env).map(Some),
            _ => Ok(None),
        }
    }
}

fn is_extreme(name: &str) -> bool {
    matches!(name, "GREATEST" | "LEAST")
}

/// One NULL makes NULL. One number among texts makes all of them numbers, and so does an operand that needs a number.
fn extreme<'r>(
    args: &'r [Expr],
    env: &Env<'r>,
    largest: bool,
    as_number: bool,
) -> Result<Value<'r>, Failure> {
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
    let mixed = kind == Kind::Text
        && (values.iter().any(Value::is_number) || as_number && !values.iter().any(Value::is_temporal));
    if mixed {
        values.iter().for_each(|value| no_number(value, env));
    }
    let mut best: Option<Value<'r>> = None;
    for value in values {
        let value = if mixed {
            Value::Double(value.to_f64()?.unwrap_or_default(), None)
        } else {
            value
        };
        let better = match &best {
            None => true,
            Some(best) => compare(&value, best, env.rules(args))?
                .is_some_and(|o| if largest { o.is_gt() } else { o.is_lt() }),
        };
        if better {
            best = Some(value);
        }
    }
    let best = best.unwrap_or(Value::Null);
    if mixed { Ok(best) } else { best.cast_to(kind) }
}
