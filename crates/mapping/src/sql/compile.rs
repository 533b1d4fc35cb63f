//! From `sqlparser`'s tree to ours; everything that is not supported is refused here, with its place.

use sqlparser::ast::{self, BinaryOperator, Spanned, UnaryOperator};

use super::super::expression::{Fault, Piece};
use super::expr::{Comparison, Expr, Operator};
use super::parse::{Source, parse};
use super::value::{Kind, Value};
use super::{calls, targets};

/// Stack for the deepest expression. The parser recurses, and without optimisation one level of it takes up to 50 KiB,
/// more in all than the threads of a worker or of a test have.
const STACK: usize = 8 << 20;

/// Compiles the pieces of a `_function`, on a stack of its own; all faults at once where the syntax holds.
pub(crate) fn compile(pieces: Vec<(Piece, usize)>, start: usize) -> Result<Expr, Vec<Fault>> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        match thread.spawn_scoped(scope, || compile_here(pieces, start)) {
            Ok(compiled) => compiled
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => {
                let message = words::tr!("no thread could be started to compile the expression: {error}");
                Err(vec![Fault::new(start, message)])
            }
        }
    })
}

fn compile_here(pieces: Vec<(Piece, usize)>, start: usize) -> Result<Expr, Vec<Fault>> {
    let (tree, source) = parse(pieces, start)?;
    let mut compiler = Compiler {
        source,
        faults: Vec::new(),
        depth: 0,
    };
    let expr = compiler.expr(&tree);
    if compiler.faults.is_empty() {
        Ok(expr)
    } else {
        Err(compiler.faults)
    }
}

/// Depth of the compiled tree.
const MAX_TREE: usize = 100;

pub(super) struct Compiler {
    pub(super) source: Source,
    faults: Vec<Fault>,
    depth: usize,
}

impl Compiler {
    /// Notes a fault; NULL stands in so that the rest can be compiled.
    pub(super) fn fault(
        &mut self,
        at: sqlparser::tokenizer::Span,
        message: impl Into<String>,
        remedy: Option<&str>,
    ) -> Expr {
        let mut fault = Fault::new(self.source.offset(at.start), message);
        fault.remedy = remedy.map(str::to_owned);
        self.faults.push(fault);
        Expr::Constant(Value::Null)
    }

    pub(super) fn boxed(&mut self, tree: &ast::Expr) -> Box<Expr> {
        Box::new(self.expr(tree))
    }

    pub(super) fn list<'a>(&mut self, trees: impl IntoIterator<Item = &'a ast::Expr>) -> Vec<Expr> {
        trees.into_iter().map(|tree| self.expr(tree)).collect()
    }

    /// One node. Chains such as `1 + 1 + …` are deep trees, too; the bound keeps the stack small.
    pub(super) fn expr(&mut self, tree: &ast::Expr) -> Expr {
        if self.depth >= MAX_TREE {
            return self.fault(
                tree.span(),
                words::tr!("the expression is more than {MAX_TREE} operations deep"),
                None,
            );
        }
        self.depth += 1;
        let expr = self.node(tree);
        self.depth -= 1;
        expr
    }

    fn node(&mut self, tree: &ast::Expr) -> Expr {
        use ast::Expr as Tree;
        match tree {
            Tree::Nested(inner) => self.expr(inner),
            Tree::Value(value) => self.value(value),
            Tree::Identifier(ident) => self.identifier(ident),
            Tree::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => match self.expr(expr) {
                Expr::Constant(value) if !value.is_null() => {
                    match super::arithmetic::negate_literal(&value) {
                        Ok(negative) => Expr::Constant(negative),
                        Err(_) => self.fault(expr.span(), words::text!("the number is out of range"), None),
                    }
                }
                operand => Expr::Negate(Box::new(operand)),
            },
            Tree::UnaryOp {
                op: UnaryOperator::Plus,
                expr,
            } => self.expr(expr),
            Tree::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } => Expr::Not(self.boxed(expr)),
            Tree::BinaryOp { .. } => self.binary(tree),
            Tree::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            other => self.predicate(other),
        }
    }

    /// `IS`, `IN`, `BETWEEN`, `LIKE` and `REGEXP`; what is none of them is a call.
    fn predicate(&mut self, tree: &ast::Expr) -> Expr {
        use ast::Expr as Tree;
        match tree {
            Tree::IsNull(value) => Expr::IsNull(self.boxed(value), false),
            Tree::IsNotNull(value) => Expr::IsNull(self.boxed(value), true),
            Tree::IsUnknown(value) => Expr::IsNull(self.boxed(value), false),
            Tree::IsNotUnknown(value) => Expr::IsNull(self.boxed(value), true),
            Tree::IsTrue(value) => Expr::IsTruth(self.boxed(value), true, false),
            Tree::IsNotTrue(value) => Expr::IsTruth(self.boxed(value), true, true),
            Tree::IsFalse(value) => Expr::IsTruth(self.boxed(value), false, false),
            Tree::IsNotFalse(value) => Expr::IsTruth(self.boxed(value), false, true),
            Tree::In {
                expr,
                target: ast::InTarget::List(list),
                negated,
                ..
            } => Expr::In {
                value: self.boxed(expr),
                list: self.list(list),
                negated: *negated,
            },
            Tree::Between {
                expr,
                negated,
                low,
                high,
            } => Expr::Between {
                value: self.boxed(expr),
                low: self.boxed(low),
                high: self.boxed(high),
                negated: *negated,
            },
            Tree::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char,
            } => Expr::Like {
                value: self.boxed(expr),
                pattern: self.like(pattern, escape_char.as_deref()),
                negated: *negated,
            },
            Tree::RLike {
                negated,
                expr,
                pattern,
                ..
            } => Expr::Regexp {
                value: self.boxed(expr),
                pattern: self.regexp(pattern),
                negated: *negated,
            },
            other => calls::call(self, other),
        }
    }

    fn binary(&mut self, tree: &ast::Expr) -> Expr {
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
                    None,
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

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
    ) -> Expr {
        let whens = conditions.iter().map(|when| &when.condition);
        let places = whens
            .chain(otherwise)
            .map(|tree| self.source.offset(tree.span().start));
        let at = places.collect();
        let operand = operand.map(|tree| self.operand(tree));
        let branches: Vec<_> = conditions
            .iter()
            .map(|c| (self.expr(&c.condition), self.expr(&c.result)))
            .collect();
        let otherwise = otherwise.map(|tree| self.boxed(tree));
        let results = branches.iter().map(|(_, then)| then).chain(otherwise.as_deref());
        let kind = results
            .map(Expr::static_kind)
            .try_fold(Kind::Null, |all, kind| Some(all.merge(kind?)));
        Expr::Case {
            operand,
            branches,
            otherwise,
            kind,
            at,
        }
    }
}
