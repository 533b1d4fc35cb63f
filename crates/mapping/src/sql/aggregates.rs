//! Compiling calls of aggregates.

use sqlparser::ast::{self, DuplicateTreatment};
use sqlparser::tokenizer::Span;

use super::compile::Compiler;
use super::expr::{Aggregate, Expr};

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
    let [of] = args else {
        return c.fault(span, words::text!("an aggregate takes one argument"), None);
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
            _ => {
                return c.fault(
                    span,
                    words::text!("only SEPARATOR is supported inside an aggregate"),
                    None,
                );
            }
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
            words::text!("an aggregate needs an array of the record"),
            Some(words::text!("e.g. SUM({{details_list.qty}})")),
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
