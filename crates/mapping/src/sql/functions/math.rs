//! Functions on numbers.

use super::super::arithmetic::{compute, negate};
use super::super::error::Failure;
use super::super::eval::{Env, no_number};
use super::super::expr::{Expr, Operator};
use super::super::value::{Kind, Number, Value};
use super::{Function, f};

pub(super) const TABLE: &[Function] = &[
    f("ABS", 1, 1, abs),
    f("ROUND", 1, 2, round),
    f("TRUNCATE", 2, 2, truncate),
    f("CEIL", 1, 1, ceil),
    f("CEILING", 1, 1, ceil),
    f("FLOOR", 1, 1, floor),
    f("MOD", 2, 2, modulo),
    f("SIGN", 1, 1, sign).gives(Kind::Int),
];

fn number<'r>(args: &'r [Expr], i: usize, env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let value = args
        .get(i)
        .map_or(Ok(Value::Null), |expr| expr.eval_number(env))?;
    no_number(&value, env);
    Ok(value)
}

fn abs<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let value = number(args, 0, env)?;
    Ok(match value.to_number()? {
        Number::Null => Value::Null,
        Number::Int(n) => Value::Int(n.checked_abs().ok_or_else(Failure::out_of_range)?),
        Number::Decimal(d) if d.is_negative() => negate(&value)?,
        Number::Double(x, shown) => Value::Double(x.abs(), shown),
        Number::Decimal(d) => Value::Decimal(d),
    })
}

fn modulo<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    compute(
        Operator::Remainder,
        &number(args, 0, env)?,
        &number(args, 1, env)?,
    )
}

fn sign<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(number(args, 0, env)?.to_f64()?.map_or(Value::Null, |x| {
        Value::Int(if x > 0.0 {
            1
        } else if x < 0.0 {
            -1
        } else {
            0
        })
    }))
}

fn round<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    cut(args, env, true)
}

fn truncate<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    cut(args, env, false)
}

/// Half away from zero for exact numbers; doubles by their decimal expansion, which is what the server prints.
fn cut<'r>(args: &'r [Expr], env: &Env<'r>, round: bool) -> Result<Value<'r>, Failure> {
    let value = number(args, 0, env)?;
    let digits = match args.get(1) {
        None => 0,
        Some(expr) => match expr.eval(env)?.to_int()? {
            None => return Ok(Value::Null),
            Some(digits) => i8::try_from(digits.clamp(-30, 30)).unwrap_or(0),
        },
    };
    let fixed = |d: super::super::decimal::Decimal| {
        if round {
            d.round(digits)
        } else {
            d.truncate(digits)
        }
    };
    Ok(match value.to_number()? {
        Number::Null => Value::Null,
        Number::Int(n) if digits >= 0 => Value::Int(n),
        Number::Int(n) => {
            let cut =
                fixed(super::super::decimal::Decimal::from_int(i128::from(n))).and_then(|d| d.truncated());
            Value::Int(cut.ok_or_else(Failure::out_of_range)?)
        }
        Number::Decimal(d) => Value::Decimal(fixed(d).ok_or_else(Failure::out_of_range)?),
        Number::Double(x, _) => Value::Double(
            cut_double(x, digits, round),
            Some(u8::try_from(digits.max(0)).unwrap_or(0)),
        ),
    })
}

/// Scales, rounds half to even and scales back, as the server's `my_double_round` does.
pub(super) fn cut_double(x: f64, digits: i8, round: bool) -> f64 {
    let scale = 10f64.powi(i32::from(digits.unsigned_abs()));
    let scaled = if digits < 0 { x / scale } else { x * scale };
    if !scaled.is_finite() {
        return x;
    }
    let cut = if round {
        scaled.round_ties_even()
    } else {
        scaled.trunc()
    };
    if digits < 0 { cut * scale } else { cut / scale }
}

fn ceil<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    whole(args, env, true)
}

fn floor<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    whole(args, env, false)
}

fn whole<'r>(args: &'r [Expr], env: &Env<'r>, up: bool) -> Result<Value<'r>, Failure> {
    Ok(match number(args, 0, env)?.to_number()? {
        Number::Null => Value::Null,
        Number::Int(n) => Value::Int(n),
        Number::Double(x, _) => Value::Double(if up { x.ceil() } else { x.floor() }, Some(0)),
        Number::Decimal(d) => {
            let cut = d.truncate(0).ok_or_else(Failure::out_of_range)?;
            let exact = cut.compare(d).is_eq();
            let step = i64::from(!exact && up != d.is_negative()) * if up { 1 } else { -1 };
            match cut.truncated() {
                Some(n) => Value::Int(n.checked_add(step).ok_or_else(Failure::out_of_range)?),
                None => return Err(Failure::out_of_range()),
            }
        }
    })
}
