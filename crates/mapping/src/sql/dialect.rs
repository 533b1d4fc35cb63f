//! MySQL for `sqlparser`: its own dialect with the binding strengths that MySQL really has.
//!
//! Two corrections: `XOR` binds between `OR` and `AND`, and the predicates (`LIKE`, `REGEXP`, `IN`, `BETWEEN`) bind
//! tighter than `=`, which is on one level with `IS`.

use std::any::TypeId;

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, MySqlDialect, Precedence};
use sqlparser::parser::{Parser, ParserError};

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
