//! Compiling function calls, in all the spellings that the parser gives them.

use sqlparser::ast::{self, DuplicateTreatment, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned};

use super::compile::Compiler;
use super::dates::Unit;
use super::expr::{Aggregate, Expr, Operator, Target};
use super::functions;

/// Compiles what is no operator: functions, casts and the functions with a syntax of their own.
pub(super) fn call(c: &mut Compiler, tree: &ast::Expr) -> Expr {
    use ast::Expr as Tree;
    let span = tree.span();
    match tree {
        Tree::Function(function) => named(c, function),
        Tree::Ceil {
            expr,
            field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime),
        } => known(c, span, "CEIL", vec![expr]),
        Tree::Floor {
            expr,
            field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime),
        } => known(c, span, "FLOOR", vec![expr]),
        Tree::Position { expr, r#in } => known(c, span, "POSITION", vec![expr, r#in]),
        Tree::Substring {
            expr,
            substring_from,
            substring_for,
            ..
        } => {
            let args = std::iter::once(expr).chain(substring_from).chain(substring_for);
            known(c, span, "SUBSTRING", args.map(|b| &**b).collect())
        }
        Tree::Trim {
            trim_where,
            trim_what,
            expr,
            trim_characters: None,
        } => {
            let name = match trim_where {
                None | Some(ast::TrimWhereField::Both) => "TRIM",
                Some(ast::TrimWhereField::Leading) => "LTRIM",
                Some(ast::TrimWhereField::Trailing) => "RTRIM",
            };
            known(
                c,
                span,
                name,
                std::iter::once(expr).chain(trim_what).map(|b| &**b).collect(),
            )
        }
        Tree::Extract { field, expr, .. } => match Unit::parse(&field.to_string()) {
            Some(unit) if !matches!(unit, Unit::Week | Unit::Microsecond) => {
                known(c, span, &field.to_string().to_ascii_uppercase(), vec![expr])
            }
            _ => c.fault(
                span,
                format!("EXTRACT({field} …) is not supported"),
                Some("YEAR, QUARTER, MONTH, DAY, HOUR, MINUTE, SECOND are"),
            ),
        },
        Tree::Cast {
            kind: ast::CastKind::Cast,
            expr,
            data_type,
            format: None,
            ..
        } => cast(c, expr, data_type, span),
        Tree::Convert {
            is_try: false,
            expr,
            data_type: Some(data_type),
            charset: None,
            ..
        } => cast(c, expr, data_type, span),
        // A character set changes nothing: everything is Unicode here.
        Tree::Convert {
            is_try: false,
            expr,
            data_type: None,
            charset: Some(_),
            ..
        } => Expr::Cast(c.boxed(expr), Target::Char(None)),
        Tree::TypedString(typed) => {
            let target = target(&typed.data_type);
            let text = ast::Expr::Value(typed.value.clone());
            match target {
                Some(target @ (Target::Date | Target::DateTime)) => Expr::Cast(c.boxed(&text), target),
                _ => c.fault(
                    span,
                    "this kind of literal is not supported",
                    Some("write 'text' or a number"),
                ),
            }
        }
        Tree::Interval(_) => c.fault(
            span,
            "INTERVAL stands only after + or - or in DATE_ADD and DATE_SUB",
            None,
        ),
        Tree::Subquery(_) | Tree::Exists { .. } => c.fault(
            span,
            "queries are not supported",
            Some("one expression over the record only"),
        ),
        Tree::CompoundIdentifier(_) => c.fault(
            span,
            "a name with a dot is not a value of the record",
            Some("paths stand in braces: {{a.b}}"),
        ),
        Tree::Collate { .. } => c.fault(
            span,
            "COLLATE is not supported",
            Some("comparison ignores case and accents"),
        ),
        _ => c.fault(
            span,
            "this construct is not supported",
            Some("use CASE, functions, comparisons and arithmetic"),
        ),
    }
}

fn known(c: &mut Compiler, span: sqlparser::tokenizer::Span, name: &str, args: Vec<&ast::Expr>) -> Expr {
    let args = c.list(args);
    finish(c, span, name, args)
}

fn finish(c: &mut Compiler, span: sqlparser::tokenizer::Span, name: &str, args: Vec<Expr>) -> Expr {
    let Some(function) = functions::find(name) else {
        let hint = functions::suggestion(name).map(|right| format!("use {right}"));
        let all = || {
            format!(
                "supported are {}, SUM, AVG, MAX, MIN, COUNT, GROUP_CONCAT, DATE_ADD, DATE_SUB, CAST, CONVERT",
                functions::names().join(", ")
            )
        };
        let hint = hint.unwrap_or_else(all);
        return c.fault(span, format!("unknown function {name}"), Some(&hint));
    };
    let (least, most) = function.arguments;
    if args.len() < least || args.len() > most {
        let wanted = if least == most {
            least.to_string()
        } else {
            format!("{least} to {most}")
        };
        return c.fault(
            span,
            format!(
                "{} takes {wanted} arguments, {} are given",
                function.name,
                args.len()
            ),
            None,
        );
    }
    Expr::Call(function, args)
}

fn named(c: &mut Compiler, function: &ast::Function) -> Expr {
    let span = function.span();
    let name = function.name.to_string().to_ascii_uppercase();
    let plain = function.filter.is_none() && function.over.is_none() && function.within_group.is_empty();
    if !plain || function.parameters != FunctionArguments::None {
        return c.fault(
            span,
            format!("{name} is called with something that is not supported here"),
            None,
        );
    }
    let list = match &function.args {
        FunctionArguments::None => return finish(c, span, &name, Vec::new()),
        FunctionArguments::List(list) => list,
        FunctionArguments::Subquery(_) => return c.fault(span, "queries are not supported", None),
    };
    let mut args = Vec::new();
    for arg in &list.args {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => args.push(expr),
            FunctionArg::Unnamed(_) => {
                return c.fault(
                    span,
                    format!("{name}(*) has no rows to count"),
                    Some("name an array: COUNT({{customers}})"),
                );
            }
            _ => return c.fault(span, "named arguments are not MySQL", None),
        }
    }
    if let Some(aggregate) = aggregate_of(&name) {
        return aggregate_call(c, aggregate, list, &args, span);
    }
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return c.fault(
            span,
            format!("{name} is called with something that is not supported here"),
            None,
        );
    }
    match (name.as_str(), args.as_slice()) {
        ("DATE_ADD" | "ADDDATE" | "DATE_SUB" | "SUBDATE", [date, amount]) => {
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
                    format!("{name} takes a date and an INTERVAL"),
                    Some("e.g. DATE_ADD({{d}}, INTERVAL 1 DAY)"),
                ),
            }
        }
        ("DATE_ADD" | "ADDDATE" | "DATE_SUB" | "SUBDATE", _) => {
            c.fault(span, format!("{name} takes a date and an INTERVAL"), None)
        }
        _ => known(c, span, &name, args),
    }
}

fn aggregate_of(name: &str) -> Option<Aggregate> {
    Some(match name {
        "SUM" => Aggregate::Sum,
        "AVG" => Aggregate::Average,
        "MAX" => Aggregate::Max,
        "MIN" => Aggregate::Min,
        "COUNT" => Aggregate::Count,
        "GROUP_CONCAT" => Aggregate::Join,
        _ => return None,
    })
}

fn aggregate_call(
    c: &mut Compiler,
    function: Aggregate,
    list: &ast::FunctionArgumentList,
    args: &[&ast::Expr],
    span: sqlparser::tokenizer::Span,
) -> Expr {
    let [of] = args else {
        return c.fault(span, "an aggregate takes one argument", None);
    };
    let mut separator = None;
    for clause in &list.clauses {
        match clause {
            ast::FunctionArgumentClause::Separator(value) if function == Aggregate::Join => {
                if let Expr::Text(text) = c.expr(&ast::Expr::Value(ast::ValueWithSpan {
                    value: value.value.clone(),
                    span,
                })) {
                    separator = Some(text);
                }
            }
            _ => return c.fault(span, "only SEPARATOR is supported inside an aggregate", None),
        }
    }
    let of = c.boxed(of);
    let mut over = Vec::new();
    of.placeholders(&mut |placeholder| {
        if let super::super::expression::Source::Path(path) = &placeholder.source {
            over.push(path.clone());
        }
    });
    if over.is_empty() {
        return c.fault(
            span,
            "an aggregate needs an array of the record",
            Some("e.g. SUM({{details_list.qty}})"),
        );
    }
    Expr::Aggregate {
        function,
        of,
        over,
        distinct: list.duplicate_treatment == Some(DuplicateTreatment::Distinct),
        separator,
    }
}

/// Arithmetic, where a date may meet an INTERVAL.
pub(super) fn arithmetic(c: &mut Compiler, operator: Operator, left: &ast::Expr, right: &ast::Expr) -> Expr {
    match (operator, left, right) {
        (Operator::Add | Operator::Subtract, date, ast::Expr::Interval(interval)) => {
            added(c, date, interval, operator == Operator::Subtract, right.span())
        }
        (Operator::Add, ast::Expr::Interval(interval), date) => added(c, date, interval, false, left.span()),
        _ => Expr::Arithmetic(operator, c.boxed(left), c.boxed(right)),
    }
}

fn added(
    c: &mut Compiler,
    date: &ast::Expr,
    interval: &ast::Interval,
    subtract: bool,
    span: sqlparser::tokenizer::Span,
) -> Expr {
    let unit = interval
        .leading_field
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    match (Unit::parse(&unit), &interval.last_field) {
        (Some(unit), None) => Expr::Interval {
            date: c.boxed(date),
            amount: c.boxed(&interval.value),
            unit,
            subtract,
        },
        _ => c.fault(
            span,
            format!("the interval unit {unit} is not supported"),
            Some("use MICROSECOND, SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER or YEAR"),
        ),
    }
}

fn cast(
    c: &mut Compiler,
    expr: &ast::Expr,
    data_type: &ast::DataType,
    span: sqlparser::tokenizer::Span,
) -> Expr {
    match target(data_type) {
        Some(target) => Expr::Cast(c.boxed(expr), target),
        None => c.fault(
            span,
            format!("CAST to {data_type} is not supported"),
            Some("use CHAR, SIGNED, UNSIGNED, DECIMAL(p,s), DOUBLE, DATE or DATETIME"),
        ),
    }
}

fn target(data_type: &ast::DataType) -> Option<Target> {
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
