//! `BINARY x` and `x COLLATE …`: which way of comparing an expression asks for, and compiling those that do.

use sqlparser::ast::{self, Spanned};
use sqlparser::tokenizer::Span;

use super::collation::Collation;
use super::compile::Compiler;
use super::expr::Expr;
use super::functions::Function;
use super::value::Kind;

/// How values of these expressions are compared: as strictly as the strictest of them asks for.
pub(super) fn collation<'e>(exprs: impl IntoIterator<Item = &'e Expr>) -> Collation {
    exprs.into_iter().map(asked).max().unwrap_or_default()
}

/// What one expression asks for. A text keeps what its parts ask for, a number has nothing to ask.
fn asked(expr: &Expr) -> Collation {
    match expr {
        Expr::Collated(_, collation) => *collation,
        Expr::Call(function, args) if matches!(function.gives, None | Some(Kind::Text)) => collation(args),
        Expr::Case {
            branches, otherwise, ..
        } => collation(branches.iter().map(|(_, then)| then).chain(otherwise.as_deref())),
        Expr::Aggregate { of, .. } => asked(of),
        Expr::Arm(_, value) => asked(value),
        _ => Collation::Loose,
    }
}

/// Bytes are no characters: functions that count, cut or change characters would give something else for them.
pub(super) fn takes_bytes(function: &Function) -> bool {
    const COMPARE: [&str; 21] = [
        "COALESCE",
        "CONCAT",
        "CONCAT_WS",
        "FIELD",
        "FIND_IN_SET",
        "GREATEST",
        "HEX",
        "IF",
        "IFNULL",
        "ISNULL",
        "LEAST",
        "LENGTH",
        "MD5",
        "NULLIF",
        "NVL",
        "REPLACE",
        "SHA",
        "SHA1",
        "SHA2",
        "STRCMP",
        "TO_BASE64",
    ];
    COMPARE.contains(&function.name)
}

impl Compiler {
    pub(super) fn collated(&mut self, expr: &ast::Expr, name: &ast::ObjectName, span: Span) -> Expr {
        let value = self.boxed(expr);
        let name = name.to_string();
        match Collation::named(&name) {
            Some(collation) => Expr::Collated(value, collation),
            None => self.fault(
                span,
                words::tr!("the collation {name} is not supported"),
                Some(words::text!(
                    "use utf8mb4_bin where case counts, utf8mb4_general_ci where it does not, or CONVERT(x USING gbk) for the order of sounds"
                )),
            ),
        }
    }

    /// A pattern without its collation, and that.
    pub(super) fn uncollated<'t>(&mut self, pattern: &'t ast::Expr) -> (&'t ast::Expr, Collation) {
        match pattern {
            ast::Expr::Nested(inner) => self.uncollated(inner),
            ast::Expr::Collate { expr, collation } => {
                let name = collation.to_string();
                match Collation::named(&name) {
                    Some(found) => (expr, found),
                    None => {
                        self.collated(expr, collation, pattern.span());
                        (expr, Collation::Loose)
                    }
                }
            }
            other => (other, Collation::Loose),
        }
    }
}
