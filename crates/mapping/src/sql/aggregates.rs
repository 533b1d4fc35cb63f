//! Compiling calls of aggregates.

use sqlparser::ast::{self, DuplicateTreatment, Spanned};
use sqlparser::tokenizer::Span;

use super::super::expression::Source;
use super::super::path::Path;
use super::calls::finish;
use super::compile::Compiler;
use super::expr::{Aggregate, Expr, Key};
use super::value::Value;

pub(super) fn aggregate_of(name: &str) -> Option<Aggregate> {
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

pub(super) fn aggregate_call(
    c: &mut Compiler,
    function: Aggregate,
    list: &ast::FunctionArgumentList,
    args: &[&ast::Expr],
    span: Span,
) -> Expr {
    let of = match args {
        [of] => c.expr(of),
        [_, _, ..] if function == Aggregate::Join => {
            let pieces = c.list(args.iter().copied());
            finish(c, span, "CONCAT", pieces)
        }
        _ => return c.fault(span, words::text!("an aggregate takes one argument"), None),
    };
    let (separator, order) = match clauses(c, function, list, args, span) {
        Ok(read) => read,
        Err(fault) => return fault,
    };
    let of = Box::new(of);
    let keys = order.iter().map(|key| &key.of);
    if keys.chain([&*of]).any(Expr::has_aggregate) {
        return c.fault(
            span,
            words::text!("an aggregate stands within an aggregate"),
            Some(words::text!(
                "one of them goes through all lists on its path: SUM({{orders.items.qty}})"
            )),
        );
    }
    let over = paths(&of);
    if over.is_empty() {
        return c.fault(
            span,
            words::text!("an aggregate needs an array of the record"),
            Some(words::text!("e.g. SUM({{details_list.qty}})")),
        );
    }
    Expr::Aggregate {
        function,
        of,
        over,
        distinct: list.duplicate_treatment == Some(DuplicateTreatment::Distinct),
        order,
        separator,
    }
}

/// The separator and the order that a call asks for; what is not followed is a fault.
fn clauses(
    c: &mut Compiler,
    function: Aggregate,
    list: &ast::FunctionArgumentList,
    args: &[&ast::Expr],
    span: Span,
) -> Result<(Option<String>, Vec<Key>), Expr> {
    let (mut separator, mut order) = (None, Vec::new());
    for clause in &list.clauses {
        match clause {
            ast::FunctionArgumentClause::Separator(value) if function == Aggregate::Join => {
                let value = ast::Expr::Value(ast::ValueWithSpan {
                    value: value.value.clone(),
                    span,
                });
                let Expr::Text(text) = c.expr(&value) else {
                    return Err(c.fault(
                        span,
                        words::text!("the SEPARATOR of GROUP_CONCAT is a fixed text in quotes here"),
                        Some(words::text!("e.g. SEPARATOR '、'")),
                    ));
                };
                separator = Some(text);
            }
            ast::FunctionArgumentClause::OrderBy(keys) if function == Aggregate::Join => {
                if keys.iter().any(|key| key.options.nulls_first.is_some()) {
                    return Err(c.fault(
                        span,
                        words::text!("NULLS FIRST and NULLS LAST are not MySQL"),
                        Some(words::text!("NULL comes first, and last with DESC")),
                    ));
                }
                order = keys.iter().map(|key| ordered(c, key, args, span)).collect();
            }
            clause => {
                return Err(c.fault(
                    span,
                    words::tr!("{clause} is not supported inside this aggregate"),
                    Some(words::text!(
                        "GROUP_CONCAT(DISTINCT x ORDER BY y DESC SEPARATOR '、') is; the other aggregates take DISTINCT"
                    )),
                ));
            }
        }
    }
    Ok((separator, order))
}

fn paths(of: &Expr) -> Vec<Path> {
    let mut found = Vec::new();
    of.placeholders(&mut |placeholder| {
        if let Source::Path(path) = &placeholder.source {
            found.push(path.clone());
        }
    });
    found
}

/// What a list is put in order by; a number is the place of an argument, as on the server.
fn ordered(c: &mut Compiler, key: &ast::OrderByExpr, args: &[&ast::Expr], span: Span) -> Key {
    let descending = key.options.sort == Some(ast::OrderBySort::Desc);
    let of = match c.expr(&key.expr) {
        Expr::Constant(Value::Int(place)) => {
            let place = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
            place.and_then(|place| args.get(place)).map(|arg| c.expr(arg))
        }
        Expr::Constant(_) | Expr::Text(_) => None,
        of => Some(of),
    };
    let of = of.unwrap_or_else(|| {
        let at = key.expr.span();
        let at = if at == Span::empty() { span } else { at };
        c.fault(
            at,
            words::text!("ORDER BY a fixed value orders nothing"),
            Some(words::text!(
                "name a value of the elements: ORDER BY {{tag.*.tag_name}} DESC"
            )),
        )
    });
    Key { of, descending }
}
