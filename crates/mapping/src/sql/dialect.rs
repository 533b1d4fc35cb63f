//! MySQL for `sqlparser`: its own dialect with the binding strengths that MySQL really has.
//!
//! Two corrections: `XOR` binds between `OR` and `AND`, and the predicates (`LIKE`, `REGEXP`, `IN`, `BETWEEN`) bind
//! tighter than `=`, which is on one level with `IS`.

use std::any::TypeId;

use sqlparser::ast::{Expr, Ident, ObjectName};
use sqlparser::dialect::{Dialect, MySqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// See the module.
#[derive(Debug)]
pub(super) struct MySql;

const BASE: MySqlDialect = MySqlDialect {};

impl Dialect for MySql {
    fn dialect(&self) -> TypeId {
        BASE.dialect()
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        match precedence {
            Precedence::Xor => 7,
            Precedence::Like | Precedence::Between => 21,
            Precedence::Is => 20,
            other => BASE.prec_value(other),
        }
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        BASE.get_next_precedence(parser)
    }

    // `BINARY x`, which binds as a sign does: a collation of another name.
    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        let next = &parser.peek_token_ref().token;
        let is_binary = matches!(next, Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::BINARY);
        is_binary.then(|| {
            parser.next_token();
            let expr = parser.parse_subexpr(BASE.prec_value(Precedence::MulDivModOp))?;
            Ok(Expr::Collate {
                expr: Box::new(expr),
                collation: ObjectName::from(vec![Ident::new("BINARY")]),
            })
        })
    }

    // Units of several parts (`MINUTE_SECOND`) are no keywords of the parser; what is no unit is refused afterwards.
    fn is_interval_qualifier(&self, keyword: Keyword) -> bool {
        keyword == Keyword::NoKeyword || BASE.is_interval_qualifier(keyword)
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        BASE.parse_infix(parser, expr, precedence)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        BASE.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        BASE.is_identifier_part(ch)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        BASE.is_delimited_identifier_start(ch)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn supports_string_literal_concatenation(&self) -> bool {
        true
    }

    fn ignores_wildcard_escapes(&self) -> bool {
        true
    }

    fn supports_numeric_prefix(&self) -> bool {
        true
    }

    fn require_interval_qualifier(&self) -> bool {
        true
    }

    fn supports_hash_comment(&self) -> bool {
        true
    }

    fn requires_single_line_comment_whitespace(&self) -> bool {
        true
    }

    fn supports_double_ampersand_operator(&self) -> bool {
        true
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    // `EXTRACT(YEAR_MONTH FROM x)`.
    fn allow_extract_custom(&self) -> bool {
        true
    }
}
