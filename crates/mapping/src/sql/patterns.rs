//! Compiling the patterns of LIKE and REGEXP, where data must not act as wildcards.

use sqlparser::ast::{self, Spanned};

use super::super::expression::{Pipe, Placeholder};
use super::collated::{self, collation};
use super::collation::Collation;
use super::compile::Compiler;
use super::expr::{Expr, LikePattern, Part, RegexPattern};
use super::like::{self, Like};

impl Compiler {
    pub(super) fn is_like(
        &mut self,
        value: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::Expr>,
        negated: bool,
    ) -> Expr {
        let value = self.boxed(value);
        let pattern = self.like(pattern, escape, collation([&*value]));
        Expr::Like {
            value,
            pattern,
            negated,
        }
    }

    pub(super) fn is_match(&mut self, value: &ast::Expr, pattern: &ast::Expr, negated: bool) -> Expr {
        let value = self.boxed(value);
        let pattern = self.regexp(pattern, collation([&*value]));
        Expr::Regexp {
            value,
            pattern,
            negated,
        }
    }

    /// The collation is that of the value; the pattern's own counts as well.
    fn like(&mut self, pattern: &ast::Expr, escape: Option<&ast::Expr>, collation: Collation) -> LikePattern {
        let (pattern, own) = self.uncollated(pattern);
        let collation = own.max(collation);
        let escape = match escape.map(|tree| (self.expr(tree), tree)) {
            None => '\\',
            Some((Expr::Text(text), _)) if text.chars().count() == 1 => text.chars().next().unwrap_or('\\'),
            Some((_, tree)) => {
                self.fault(
                    tree.span(),
                    words::text!("ESCAPE takes one character in quotes"),
                    None,
                );
                '\\'
            }
        };
        match self.expr(pattern) {
            Expr::Text(text) => LikePattern::Fixed(Like::new(&text, escape, collation), text),
            Expr::Template(parts) => LikePattern::Dynamic(
                Box::new(Expr::Template(guarded(parts, Guard::Like(escape)))),
                escape,
                collation,
            ),
            other => {
                let collation = collated::collation([&other]).max(collation);
                LikePattern::Dynamic(Box::new(other), escape, collation)
            }
        }
    }

    /// A regular expression that a function is given: data in it stands for itself.
    pub(super) fn regexp_text(&mut self, pattern: &ast::Expr) -> Expr {
        match self.expr(pattern) {
            Expr::Text(text) => match like::regex(&text, Collation::Loose) {
                Ok(_) => Expr::Text(text),
                Err(failure) => self.fault(pattern.span(), failure.message, None),
            },
            Expr::Template(parts) => Expr::Template(guarded(parts, Guard::Regex)),
            other => other,
        }
    }

    fn regexp(&mut self, pattern: &ast::Expr, collation: Collation) -> RegexPattern {
        let (pattern, own) = self.uncollated(pattern);
        let collation = own.max(collation);
        match self.expr(pattern) {
            Expr::Text(text) => match like::regex(&text, collation) {
                Ok(regex) => RegexPattern::Fixed(regex),
                Err(failure) => {
                    let remedy = words::text!(
                        "look-around and back-references are not supported; everything else of the usual syntax is"
                    );
                    let fault = self.fault(pattern.span(), failure.message, Some(remedy));
                    RegexPattern::Dynamic(Box::new(fault), collation)
                }
            },
            Expr::Template(parts) => {
                RegexPattern::Dynamic(Box::new(Expr::Template(guarded(parts, Guard::Regex))), collation)
            }
            other => {
                let collation = collated::collation([&other]).max(collation);
                RegexPattern::Dynamic(Box::new(other), collation)
            }
        }
    }
}

/// What a placeholder inside a pattern is protected against.
#[derive(Debug, Clone, Copy)]
enum Guard {
    Like(char),
    Regex,
}

/// Inside a pattern, data stands for itself: its wildcards are escaped.
fn guarded(parts: Vec<Part>, guard: Guard) -> Vec<Part> {
    let protect = |mut placeholder: Placeholder| {
        placeholder.pipes.push(match guard {
            Guard::Like(escape) => Pipe::EscapeLike(escape),
            Guard::Regex => Pipe::EscapeRegex,
        });
        placeholder
    };
    let each = |part| match part {
        Part::Value(placeholder) => Part::Value(protect(placeholder)),
        Part::Maybe(placeholder, written) => Part::Maybe(protect(placeholder), written),
        text => text,
    };
    parts.into_iter().map(each).collect()
}
