//! A placeholder without quotes is NULL when it is empty, which is neither equal nor unequal to anything.

use sqlparser::ast::{self, BinaryOperator, Expr as Tree};

use super::super::parse::marker;
use super::text;

/// A comparison that customers without a value do not pass, though its author will mean them.
pub(super) fn trap(tree: &Tree) -> Option<(String, String)> {
    match tree {
        Tree::BinaryOp { left, op, right } => {
            let sides = [(&**left, &**right), (&**right, &**left)];
            let beside = sides
                .into_iter()
                .find(|(one, _)| is_bare(one))
                .map(|(_, other)| other)?;
            match op {
                BinaryOperator::Eq if text(beside) == Some("") => Some(never_empty()),
                BinaryOperator::NotEq if is_value(beside) => Some(excluded("<>", "'{{key}}'<>'…'")),
                _ => None,
            }
        }
        Tree::In {
            expr,
            target: ast::InTarget::List(list),
            negated,
            ..
        } if is_bare(expr) => match negated {
            true => Some(excluded("NOT IN", "'{{key}}' NOT IN (…)")),
            false => list.iter().any(|item| text(item) == Some("")).then(never_empty),
        },
        Tree::Like {
            negated: true, expr, ..
        } if is_bare(expr) => Some(excluded("NOT LIKE", "'{{key}}' NOT LIKE '…'")),
        Tree::RLike {
            negated: true, expr, ..
        } if is_bare(expr) => Some(excluded("NOT REGEXP", "'{{key}}' NOT REGEXP '…'")),
        Tree::Case {
            operand: Some(operand),
            conditions,
            ..
        } if is_bare(operand) => conditions
            .iter()
            .any(|when| text(&when.condition) == Some(""))
            .then(never_empty),
        _ => None,
    }
}

fn never_empty() -> (String, String) {
    (
        words::text!("a placeholder without quotes is NULL when it is empty, and NULL is not equal to ''")
            .to_owned(),
        words::text!("write '{{key}}' in quotes, or {{key}} IS NULL").to_owned(),
    )
}

fn excluded(operator: &str, right: &str) -> (String, String) {
    (
        words::tr!(
            "a placeholder without quotes is NULL when it is empty, and {operator} does not hold for NULL either"
        ),
        words::tr!("write {right}, or add {{{{key}}}} IS NULL OR …"),
    )
}

fn is_bare(tree: &Tree) -> bool {
    matches!(tree, Tree::Identifier(ident) if ident.value.chars().any(|c| marker(c).is_some()))
}

/// Something to differ from; who compares with 0 or with an empty text means values that are there.
fn is_value(tree: &Tree) -> bool {
    match tree {
        Tree::Value(value) => match &value.value {
            ast::Value::Number(number, _) => number.parse() != Ok(0.0),
            _ => text(tree).is_some_and(|text| !text.is_empty()),
        },
        other => is_bare(other),
    }
}
