//! From `sqlparser`'s tree to ours; everything that is not supported is refused here, with its place.

use sqlparser::ast::{self, Spanned, UnaryOperator};

use super::super::expression::{Fault, Piece};
use super::expr::Expr;
use super::parse::{Source, marker, parse};
use super::value::{Kind, Value};
use super::{calls, traps};

/// Stack for the deepest expression. The parser recurses, and without optimisation one level of it takes up to 50 KiB,
/// more in all than the threads of a worker or of a test have.
const STACK: usize = 8 << 20;

/// Compiles the pieces of a `_function`, on a stack of its own; all faults at once where the syntax holds.
pub(crate) fn compile(pieces: Vec<(Piece, usize)>, start: usize) -> Result<Compiled, Vec<Fault>> {
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

/// The expression, and what its author may not have meant.
type Compiled = (Expr, Vec<Fault>);

fn compile_here(pieces: Vec<(Piece, usize)>, start: usize) -> Result<Compiled, Vec<Fault>> {
    let entity = entity(&pieces);
    let asks_null = pieces
        .iter()
        .any(|(piece, _)| matches!(piece, Piece::Text(text) if asks_null(text)));
    let has_pipes = pieces
        .iter()
        .any(|(piece, _)| matches!(piece, Piece::Text(text) if text.contains("||")));
    let (tree, source) = parse(pieces, start).map_err(|faults| entity.map_or(faults, |found| vec![found]))?;
    let mut compiler = Compiler {
        source,
        faults: Vec::new(),
        hints: Vec::new(),
        asks_null,
        has_pipes,
        depth: 0,
    };
    let expr = compiler.expr(&tree);
    if compiler.faults.is_empty() {
        Ok((expr, compiler.hints))
    } else {
        Err(compiler.faults)
    }
}

/// `IS NULL`, `IS NOT NULL` and `<=>`.
fn asks_null(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ").to_ascii_uppercase();
    ["IS NULL", "IS NOT NULL", "ISNULL", "<=>"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// A sign as web pages write it: the expression was copied from the source of one.
fn entity(pieces: &[(Piece, usize)]) -> Option<Fault> {
    const ENTITIES: [(&str, &str); 7] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&nbsp;", " "),
    ];
    pieces.iter().find_map(|(piece, at)| {
        let Piece::Text(text) = piece else { return None };
        let found = ENTITIES
            .iter()
            .filter_map(|(entity, sign)| Some((text.find(entity)?, entity, sign)));
        let (inside, entity, sign) = found.min_by_key(|(inside, ..)| *inside)?;
        let before = text.get(..inside).unwrap_or_default().chars().count();
        let fault = Fault::new(at + before, words::tr!("{entity} is how web pages write {sign}"));
        Some(fault.remedy(words::tr!("write {sign} itself")))
    })
}

/// Depth of the compiled tree.
const MAX_TREE: usize = 100;

pub(super) struct Compiler {
    pub(super) source: Source,
    faults: Vec<Fault>,
    hints: Vec<Fault>,
    /// NULL is told apart somewhere in the expression.
    asks_null: bool,
    /// OR is written as `||` somewhere.
    has_pipes: bool,
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
        let readable: String = message.into();
        let readable = match readable.contains(|c| marker(c).is_some()) {
            true => readable.replace(|c| marker(c).is_some(), words::text!("a placeholder")),
            false => readable,
        };
        let mut fault = Fault::new(self.source.offset(at.start), readable);
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
        if let Some((message, remedy)) = traps::trap(tree, self.asks_null, self.has_pipes) {
            let at = self.source.offset(tree.span().start);
            self.hints.push(Fault::new(at, message).remedy(remedy));
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
            } => self.is_like(expr, pattern, escape_char.as_deref(), *negated),
            Tree::RLike {
                negated,
                expr,
                pattern,
                ..
            } => self.is_match(expr, pattern, *negated),
            other => calls::call(self, other),
        }
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
