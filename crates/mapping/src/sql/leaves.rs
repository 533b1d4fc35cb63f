//! The leaves of an expression: literals, quoted texts with placeholders in them, and bare placeholders.

use sqlparser::ast;

use super::super::expression::{Piece, part};
use super::compile::Compiler;
use super::expr::{Expr, Part};
use super::parse::marker;
use super::value::Value;

impl Compiler {
    pub(super) fn value(&mut self, value: &ast::ValueWithSpan) -> Expr {
        match &value.value {
            ast::Value::Null => Expr::Constant(Value::Null),
            ast::Value::Boolean(flag) => Expr::Constant(Value::bool(*flag)),
            ast::Value::Number(text, _) => match Value::literal(text) {
                Some(number) => Expr::Constant(number),
                None => self.fault(value.span, words::tr!("{text} is not a number that fits"), None),
            },
            ast::Value::SingleQuotedString(text) | ast::Value::DoubleQuotedString(text) => self.quoted(text),
            _ => self.fault(
                value.span,
                words::text!("this kind of literal is not supported"),
                Some(words::text!("write 'text' or a number")),
            ),
        }
    }

    /// A quoted text: markers become placeholders.
    fn quoted(&mut self, text: &str) -> Expr {
        if !text.chars().any(|c| marker(c).is_some()) {
            return Expr::Text(text.to_owned());
        }
        let (mut parts, mut plain) = (Vec::new(), String::new());
        for c in text.chars() {
            match marker(c).and_then(|index| self.source.pieces.get(index).and_then(Option::as_ref).cloned())
            {
                None => plain.push(c),
                Some(piece) => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(part(piece));
                }
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Expr::Template(parts)
    }

    pub(super) fn identifier(&mut self, ident: &ast::Ident) -> Expr {
        let mut chars = ident.value.chars();
        let index = chars.next().and_then(marker);
        if let (Some(index), None) = (index, chars.next()) {
            let placeholder = match self.source.pieces.get(index) {
                Some(Some(Piece::Double(placeholder) | Piece::Single(placeholder, _))) => placeholder.clone(),
                _ => return Expr::Constant(Value::Null),
            };
            return Expr::Bare(placeholder);
        }
        if ident.value.chars().any(|c| marker(c).is_some()) {
            let remedy = Some(words::text!(
                "put the placeholder into quotes, or join texts with CONCAT(a, b)"
            ));
            return self.fault(
                ident.span,
                words::text!("a placeholder stands directly beside other text outside quotes"),
                remedy,
            );
        }
        let remedy = words::text!("texts stand in quotes ('text'), values of the record in braces ({{key}})");
        self.fault(
            ident.span,
            words::tr!("unknown name {}", ident.value),
            Some(remedy),
        )
    }
}
