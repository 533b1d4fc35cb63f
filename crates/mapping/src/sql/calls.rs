//! Compiling function calls, in all the spellings that the parser gives them.

use sqlparser::ast::{self, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned};
use sqlparser::tokenizer::Span;

use super::super::presence::nearest;
use super::aggregates::{aggregate_call, aggregate_of};
use super::collated::{collation, takes_bytes};
use super::collation::Collation;
use super::compile::Compiler;
use super::dates::Unit;
use super::expr::{Expr, Target};
use super::functions::{self, clock::is_compound};
use super::targets::{cast, date_arithmetic, target, with_unit};

/// What the parser sees for the function INSERT.
pub(super) const INSERT: &str = "INSERT_TEXT";

/// Compiles what is no operator: functions, casts and the functions with a syntax of their own.
///
// long because it is one table: a line or two for each construct of SQL.
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
            Some(unit) if unit != Unit::Microsecond => {
                known(c, span, &field.to_string().to_ascii_uppercase(), vec![expr])
            }
            None if is_compound(&field.to_string().to_ascii_uppercase()) => {
                let unit = Expr::Text(field.to_string().to_ascii_uppercase());
                let args = vec![unit, c.expr(expr)];
                finish(c, span, "EXTRACT", args)
            }
            _ => c.fault(
                span,
                words::tr!("EXTRACT({field} …) is not supported"),
                Some(words::text!(
                    "YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, YEAR_MONTH, DAY_HOUR and the like are"
                )),
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
        // A character set changes the order at most: everything is Unicode here.
        Tree::Convert {
            is_try: false,
            expr,
            data_type: None,
            charset: Some(set),
            ..
        } => in_charset(c.boxed(expr), set),
        Tree::TypedString(typed) => {
            let target = target(&typed.data_type);
            let text = ast::Expr::Value(typed.value.clone());
            match target {
                Some(target @ (Target::Date | Target::DateTime)) => Expr::Cast(c.boxed(&text), target),
                _ => c.fault(
                    span,
                    words::text!("this kind of literal is not supported"),
                    Some(words::text!("write 'text' or a number")),
                ),
            }
        }
        Tree::Interval(_) => c.fault(
            span,
            words::text!("INTERVAL stands only after + or - or in DATE_ADD and DATE_SUB"),
            None,
        ),
        Tree::Subquery(_) | Tree::Exists { .. } => c.fault(
            span,
            words::text!("queries are not supported"),
            Some(words::text!("one expression over the record only")),
        ),
        Tree::CompoundIdentifier(_) => c.fault(
            span,
            words::text!("a name with a dot is not a value of the record"),
            Some(words::text!("paths stand in braces: {{a.b}}")),
        ),
        Tree::Collate { expr, collation } => c.collated(expr, collation, span),
        _ => c.fault(
            span,
            words::text!("this construct is not supported"),
            Some(words::text!("use CASE, functions, comparisons and arithmetic")),
        ),
    }
}

fn in_charset(value: Box<Expr>, set: &ast::ObjectName) -> Expr {
    match set.to_string().to_ascii_lowercase().as_str() {
        "gbk" | "gb2312" | "gb18030" => Expr::Collated(value, Collation::Gbk),
        _ => Expr::Cast(value, Target::Char(None)),
    }
}

fn known(c: &mut Compiler, span: sqlparser::tokenizer::Span, name: &str, args: Vec<&ast::Expr>) -> Expr {
    let args = c.list(args);
    finish(c, span, name, args)
}

pub(super) fn finish(
    c: &mut Compiler,
    span: sqlparser::tokenizer::Span,
    name: &str,
    args: Vec<Expr>,
) -> Expr {
    let Some(function) = functions::find(name) else {
        let hint = functions::suggestion(name).map(|right| words::tr!("use {right}"));
        let all = || {
            words::tr!(
                "supported are {}, SUM, AVG, MAX, MIN, COUNT, GROUP_CONCAT, DATE_ADD, DATE_SUB, CAST, CONVERT",
                words::list(&functions::names())
            )
        };
        let near = || {
            let near = nearest(name, functions::names());
            let right = words::list(&near);
            (!near.is_empty()).then(|| words::tr!("use {right}"))
        };
        let hint = hint.or_else(near).unwrap_or_else(all);
        return c.fault(span, words::tr!("unknown function {name}"), Some(&hint));
    };
    let (least, most) = function.arguments;
    if args.len() < least || args.len() > most {
        let wanted = if least == most {
            least.to_string()
        } else {
            words::tr!("{least} to {most}")
        };
        return c.fault(
            span,
            words::tr!(
                "{} takes {wanted} arguments, {} are given",
                function.name,
                args.len()
            ),
            None,
        );
    }
    if collation(&args) == Collation::Byte && !takes_bytes(function) {
        return c.fault(
            span,
            words::tr!("{} counts bytes behind BINARY", function.name),
            Some(words::text!("write x COLLATE utf8mb4_bin instead of BINARY x")),
        );
    }
    Expr::Call(function, args)
}

fn named(c: &mut Compiler, function: &ast::Function) -> Expr {
    let span = function.span();
    let name = function.name.to_string().to_ascii_uppercase();
    let name = if name == INSERT { "INSERT".to_owned() } else { name };
    let plain = function.filter.is_none() && function.over.is_none() && function.within_group.is_empty();
    if !plain || function.parameters != FunctionArguments::None {
        return c.fault(
            span,
            words::tr!("{name} is called with something that is not supported here"),
            None,
        );
    }
    let list = match &function.args {
        FunctionArguments::None => return finish(c, span, &name, Vec::new()),
        FunctionArguments::List(list) => list,
        FunctionArguments::Subquery(_) => {
            return c.fault(span, words::text!("queries are not supported"), None);
        }
    };
    let mut args = Vec::new();
    for arg in &list.args {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => args.push(expr),
            FunctionArg::Unnamed(_) => {
                return c.fault(
                    span,
                    words::tr!("{name}(*) has no rows to count"),
                    Some(words::text!("name an array: COUNT({{customers}})")),
                );
            }
            _ => return c.fault(span, words::text!("named arguments are not MySQL"), None),
        }
    }
    if let Some(aggregate) = aggregate_of(&name) {
        return aggregate_call(c, aggregate, list, &args, span);
    }
    if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
        return c.fault(
            span,
            words::tr!("{name} is called with something that is not supported here"),
            None,
        );
    }
    match name.as_str() {
        "DATE_ADD" | "ADDDATE" | "DATE_SUB" | "SUBDATE" => date_arithmetic(c, &name, &args, span),
        "TIMESTAMPDIFF" | "TIMESTAMPADD" => with_unit(c, &name, &args, span),
        "IF" => choice(c, &name, &args, span),
        _ if name.starts_with("REGEXP_") && args.len() >= 2 => {
            let compiled = args.iter().enumerate().map(|(n, arg)| match n {
                1 => c.regexp_text(arg),
                _ => c.expr(arg),
            });
            let compiled = compiled.collect();
            finish(c, span, &name, compiled)
        }
        _ => known(c, span, &name, args),
    }
}

/// IF, whose two values know where they stand.
fn choice(c: &mut Compiler, name: &str, args: &[&ast::Expr], span: Span) -> Expr {
    let compiled = args.iter().enumerate().map(|(n, arg)| match n {
        0 => c.expr(arg),
        _ => Expr::Arm(c.source.offset(arg.span().start), c.boxed(arg)),
    });
    let compiled = compiled.collect();
    finish(c, span, name, compiled)
}
