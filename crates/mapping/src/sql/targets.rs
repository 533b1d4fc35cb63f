//! Compiling what has a unit or a type in it: date arithmetic with INTERVAL, and casts.

use sqlparser::ast::{self, Spanned};
use sqlparser::tokenizer::Span;

use super::calls::finish;
use super::collation::Collation;
use super::compile::Compiler;
use super::dates::Unit;
use super::expr::{Expr, Operator, Target};
use super::functions::interval;

/// Arithmetic, where a date may meet an INTERVAL.
pub(super) fn arithmetic(c: &mut Compiler, operator: Operator, left: &ast::Expr, right: &ast::Expr) -> Expr {
    match (operator, left, right) {
        (Operator::Add | Operator::Subtract, date, ast::Expr::Interval(interval)) => {
            added(c, date, interval, operator == Operator::Subtract, right.span())
        }
        (Operator::Add, ast::Expr::Interval(interval), date) => added(c, date, interval, false, left.span()),
        _ => Expr::Arithmetic(operator, c.operand(left), c.operand(right)),
    }
}

fn added(c: &mut Compiler, date: &ast::Expr, interval: &ast::Interval, subtract: bool, span: Span) -> Expr {
    let unit = interval
        .leading_field
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let parts = interval::parts(&unit);
    match (Unit::parse(&unit), &interval.last_field) {
        (None, None) if parts.is_some() => {
            let (date, amount) = (c.boxed(date), c.expr(&interval.value));
            let (amount, unit) = interval::counted(amount, &unit);
            Expr::Interval {
                date,
                amount: Box::new(amount),
                unit,
                subtract,
            }
        }
        (Some(unit), None) => Expr::Interval {
            date: c.boxed(date),
            amount: c.boxed(&interval.value),
            unit,
            subtract,
        },
        _ => c.fault(
            span,
            words::tr!("the interval unit {unit} is not supported"),
            Some(words::text!(
                "use MICROSECOND, SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER or YEAR, or two of them such as MINUTE_SECOND"
            )),
        ),
    }
}

pub(super) fn cast(c: &mut Compiler, expr: &ast::Expr, data_type: &ast::DataType, span: Span) -> Expr {
    match target(data_type) {
        _ if matches!(data_type, ast::DataType::Binary(None)) => {
            Expr::Collated(c.boxed(expr), Collation::Byte)
        }
        Some(target) => Expr::Cast(c.boxed(expr), target),
        None => c.fault(
            span,
            words::tr!("CAST to {data_type} is not supported"),
            Some(words::text!(
                "use CHAR, SIGNED, UNSIGNED, DECIMAL(p,s), DOUBLE, DATE or DATETIME"
            )),
        ),
    }
}

pub(super) fn target(data_type: &ast::DataType) -> Option<Target> {
    use ast::{CharacterLength, DataType as Type, ExactNumberInfo as Info};
    let length = |length: &Option<CharacterLength>| match length {
        Some(CharacterLength::IntegerLength { length, .. }) => usize::try_from(*length).ok(),
        _ => None,
    };
    Some(match data_type {
        Type::Char(n) | Type::Character(n) | Type::Nvarchar(n) | Type::Varchar(n) => Target::Char(length(n)),
        Type::Signed | Type::SignedInteger => Target::Signed,
        Type::Unsigned | Type::UnsignedInteger => Target::Unsigned,
        Type::Decimal(info) | Type::Dec(info) => {
            let (precision, scale) = match info {
                Info::None => (10, 0),
                Info::Precision(precision) => (*precision, 0),
                Info::PrecisionAndScale(precision, scale) => (*precision, *scale),
            };
            let (precision, scale) = (u8::try_from(precision).ok()?, u8::try_from(scale).ok()?);
            if !(1..=38).contains(&precision) || scale > precision.min(30) {
                return None;
            }
            Target::Decimal(precision, scale)
        }
        Type::Double(_) | Type::Real | Type::Float(_) => Target::Double,
        Type::Date => Target::Date,
        Type::Datetime(None) | Type::Timestamp(None, _) => Target::DateTime,
        _ => return None,
    })
}

/// A function whose first argument is a unit, which is no value.
pub(super) fn with_unit(c: &mut Compiler, name: &str, args: &[&ast::Expr], span: Span) -> Expr {
    let unit = args.first().map(ToString::to_string).unwrap_or_default();
    let unit = unit.to_ascii_uppercase();
    let unit = unit.strip_prefix("SQL_TSI_").unwrap_or(&unit);
    if args.len() != 3 || Unit::parse(unit).is_none() {
        let remedy = words::text!("e.g. TIMESTAMPDIFF(DAY, {{from}}, {{to}}); units are MICROSECOND to YEAR");
        return c.fault(
            span,
            words::tr!("{name} takes a unit and two values"),
            Some(remedy),
        );
    }
    let mut compiled = vec![Expr::Text(unit.to_owned())];
    compiled.extend(c.list(args.iter().skip(1).copied()));
    finish(c, span, name, compiled)
}

pub(super) fn date_arithmetic(c: &mut Compiler, name: &str, args: &[&ast::Expr], span: Span) -> Expr {
    let [date, amount] = args else {
        return c.fault(span, words::tr!("{name} takes a date and an INTERVAL"), None);
    };
    let subtract = name.contains("SUB");
    match amount {
        ast::Expr::Interval(interval) => added(c, date, interval, subtract, span),
        days if name.ends_with("DATE") => Expr::Interval {
            date: c.boxed(date),
            amount: c.boxed(days),
            unit: Unit::Day,
            subtract,
        },
        _ => c.fault(
            span,
            words::tr!("{name} takes a date and an INTERVAL"),
            Some(words::text!("e.g. DATE_ADD({{d}}, INTERVAL 1 DAY)")),
        ),
    }
}
