//! Compiling operators between two expressions: arithmetic, comparisons, `AND` and `OR`.

use sqlparser::ast::{self, BinaryOperator, Spanned};

use super::compile::Compiler;
use super::expr::{Comparison, Expr, Operator};
use super::value::Value;
use super::{calls, targets};

impl Compiler {
    pub(super) fn binary(&mut self, tree: &ast::Expr) -> Expr {
        let ast::Expr::BinaryOp { left, op, right } = tree else {
            return Expr::Constant(Value::Null);
        };
        let arithmetic = |operator| Some(operator);
        let operator = match op {
            BinaryOperator::Plus => arithmetic(Operator::Add),
            BinaryOperator::Minus => arithmetic(Operator::Subtract),
            BinaryOperator::Multiply => arithmetic(Operator::Multiply),
            BinaryOperator::Divide => arithmetic(Operator::Divide),
            BinaryOperator::MyIntegerDivide => arithmetic(Operator::IntegerDivide),
            BinaryOperator::Modulo => arithmetic(Operator::Remainder),
            _ => None,
        };
        if let Some(operator) = operator {
            return targets::arithmetic(self, operator, left, right);
        }
        if let BinaryOperator::Arrow | BinaryOperator::LongArrow = op {
            let args = self.list([&**left, &**right]);
            let extracted = calls::finish(self, tree.span(), "JSON_EXTRACT", args);
            return match op {
                BinaryOperator::Arrow => extracted,
                _ => calls::finish(self, tree.span(), "JSON_UNQUOTE", vec![extracted]),
            };
        }
        let comparison = match op {
            BinaryOperator::Eq => Comparison::Equal,
            BinaryOperator::NotEq => Comparison::NotEqual,
            BinaryOperator::Lt => Comparison::Less,
            BinaryOperator::LtEq => Comparison::LessOrEqual,
            BinaryOperator::Gt => Comparison::Greater,
            BinaryOperator::GtEq => Comparison::GreaterOrEqual,
            BinaryOperator::Spaceship => Comparison::Same,
            BinaryOperator::And | BinaryOperator::Or | BinaryOperator::Xor => {
                let terms = self.terms(tree, op);
                return match op {
                    BinaryOperator::And => Expr::And(terms),
                    BinaryOperator::Or => Expr::Or(terms),
                    _ => Expr::Xor(terms),
                };
            }
            other => {
                return self.fault(
                    tree.span(),
                    words::tr!("the operator {other} is not supported"),
                    Some(words::text!(
                        "AND and OR join conditions, CONCAT(a, b) joins texts, POW(a, b) is a power; numbers are not taken bit by bit"
                    )),
                );
            }
        };
        Expr::Compare(comparison, self.operand(left), self.operand(right))
    }

    /// An operand: what `JSON_EXTRACT` finds counts without its quotes there.
    pub(super) fn operand(&mut self, tree: &ast::Expr) -> Box<Expr> {
        let expr = self.expr(tree);
        let is_json = matches!(&expr, Expr::Call(function, _) if function.name == "JSON_EXTRACT");
        Box::new(match is_json {
            true => calls::finish(self, tree.span(), "JSON_UNQUOTE", vec![expr]),
            false => expr,
        })
    }

    /// The terms of a chain `a AND b AND c`, without recursion on its length.
    fn terms(&mut self, tree: &ast::Expr, op: &BinaryOperator) -> Vec<Expr> {
        let (mut trees, mut at) = (Vec::new(), tree);
        while let ast::Expr::BinaryOp {
            left,
            op: other,
            right,
        } = at
        {
            if other != op {
                break;
            }
            trees.push(&**right);
            at = left;
        }
        trees.push(at);
        self.list(trees.into_iter().rev())
    }
}
