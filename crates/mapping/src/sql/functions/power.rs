//! Powers, roots, logarithms, and numbers with thousands separators.

use super::super::decimal::Decimal;
use super::super::error::Failure;
use super::super::eval::{Env, no_number};
use super::super::expr::Expr;
use super::super::value::{Kind, Number, Value};
use super::math::cut_double;
use super::{Function, f};

pub(super) const TABLE: &[Function] = &[
    f("POW", 2, 2, pow).gives(Kind::Double(None)),
    f("POWER", 2, 2, pow).gives(Kind::Double(None)),
    f("SQRT", 1, 1, sqrt).gives(Kind::Double(None)),
    f("EXP", 1, 1, exp).gives(Kind::Double(None)),
    f("LN", 1, 1, ln).gives(Kind::Double(None)),
    f("LOG", 1, 2, log).gives(Kind::Double(None)),
    f("LOG2", 1, 1, log2).gives(Kind::Double(None)),
    f("LOG10", 1, 1, log10).gives(Kind::Double(None)),
    f("PI", 0, 0, pi).gives(Kind::Double(Some(6))),
    f("FORMAT", 2, 3, format).gives(Kind::Text),
];

/// Most decimals of `FORMAT`.
const MOST_DECIMALS: i64 = 38;

fn double<'r>(args: &'r [Expr], i: usize, env: &Env<'r>) -> Result<Option<f64>, Failure> {
    let Some(expr) = args.get(i) else { return Ok(None) };
    let value = expr.eval_number(env)?;
    no_number(&value, env);
    value.to_f64()
}

/// A result; what is no number is NULL, what does not fit an error.
fn given<'r>(value: Option<f64>) -> Result<Value<'r>, Failure> {
    match value {
        Some(x) if x.is_infinite() => Err(Failure::out_of_range()),
        Some(x) if !x.is_nan() => Ok(Value::Double(x, None)),
        _ => Ok(Value::Null),
    }
}

fn pow<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    match (double(args, 0, env)?, double(args, 1, env)?) {
        (Some(x), Some(y)) => match x.powf(y) {
            z if z.is_finite() => given(Some(z)),
            _ => Err(Failure::out_of_range()),
        },
        _ => Ok(Value::Null),
    }
}

fn sqrt<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    given(double(args, 0, env)?.filter(|x| *x >= 0.0).map(f64::sqrt))
}

fn exp<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    given(double(args, 0, env)?.map(f64::exp))
}

fn ln<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    given(double(args, 0, env)?.filter(|x| *x > 0.0).map(f64::ln))
}

/// With two arguments the first one is the base.
fn log<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    if args.len() == 1 {
        return ln(args, env);
    }
    let base = double(args, 0, env)?.filter(|b| *b > 0.0 && *b != 1.0);
    let x = double(args, 1, env)?.filter(|x| *x > 0.0);
    given(base.zip(x).map(|(base, x)| x.ln() / base.ln()))
}

fn log2<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    given(
        double(args, 0, env)?
            .filter(|x| *x > 0.0)
            .map(|x| x.ln() / std::f64::consts::LN_2),
    )
}

fn log10<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    given(double(args, 0, env)?.filter(|x| *x > 0.0).map(f64::log10))
}

fn pi<'r>(_: &'r [Expr], _: &Env<'r>) -> Result<Value<'r>, Failure> {
    Ok(Value::Double(std::f64::consts::PI, Some(6)))
}

/// `1,234.50`. The locale is not looked at: its separators are those of `en_US`.
fn format<'r>(args: &'r [Expr], env: &Env<'r>) -> Result<Value<'r>, Failure> {
    let locale = args.get(2).map_or(Ok(Value::Null), |expr| expr.eval(env))?;
    let locale = locale.text().unwrap_or_default().to_ascii_lowercase();
    // Those that group and point as here.
    if !matches!(
        locale.as_str(),
        "" | "en_us" | "en_gb" | "zh_cn" | "zh_tw" | "zh_hk" | "ja_jp" | "ko_kr"
    ) {
        return Err(Failure::new(
            "locale",
            words::tr!("FORMAT does not know how {locale} writes numbers; leave the locale out"),
        ));
    }
    let Some(decimals) = args.get(1).map_or(Ok(None), |expr| expr.eval(env)?.to_int())? else {
        return Ok(Value::Null);
    };
    let decimals = i8::try_from(decimals.clamp(0, MOST_DECIMALS)).unwrap_or(0);
    let number = args.first().map_or(Ok(Value::Null), |expr| expr.eval(env))?;
    no_number(&number, env);
    let exact = |exact: Decimal| exact.round(decimals).map(|d| d.to_string());
    let text = match number.to_number()? {
        Number::Null => return Ok(Value::Null),
        Number::Int(n) => exact(Decimal::from_int(i128::from(n))),
        Number::Decimal(d) => exact(d),
        Number::Double(x, _) => Some(format!(
            "{:.*}",
            usize::try_from(decimals).unwrap_or(0),
            cut_double(x, decimals, true) + 0.0
        )),
    };
    let text = text.ok_or_else(Failure::out_of_range)?;
    Ok(Value::owned(grouped(
        &text,
        usize::try_from(decimals).unwrap_or(0),
    )))
}

fn grouped(text: &str, decimals: usize) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut out = sign.to_owned();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    if decimals > 0 {
        out.push('.');
        out.push_str(&format!("{fraction:0<decimals$}"));
    }
    out
}
