//! From text pieces to `sqlparser`'s tree, with placeholders replaced by markers.
//!
//! A marker is one character of a private plane. Inside a quoted text it stays a character of that text, outside it
//! reads as an identifier; either way its meaning is found in a list afterwards. The record's data is nowhere.
//! The file is long because each thing that is refused has a sentence of its own.

use std::collections::VecDeque;

use sqlparser::ast;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

use super::super::expression::{Fault, Piece};
use super::dialect::MySql;

/// First marker character.
const MARKER: u32 = 0xF_0000;
/// Placeholders in one expression.
const MAX_PLACEHOLDERS: usize = 1_000;
/// Tokens in one expression.
const MAX_TOKENS: usize = 3_000;
/// Nesting of parentheses, CASE and so on.
const MAX_DEPTH: usize = 40;
/// INTERVAL words; every nested one doubles the parser's work.
const MAX_INTERVALS: usize = 8;

/// The text as the parser sees it.
#[derive(Debug)]
pub(super) struct Source {
    pub pieces: Vec<Option<Piece>>,
    /// For every character of the text (line breaks included): its offset in the expression.
    offsets: Vec<usize>,
    lines: Vec<usize>,
    end: usize,
}

/// The index of the placeholder that a marker stands for.
pub(super) fn marker(c: char) -> Option<usize> {
    let index = u32::from(c).checked_sub(MARKER)?;
    usize::try_from(index)
        .ok()
        .filter(|index| *index < MAX_PLACEHOLDERS)
}

impl Source {
    /// The offset in the expression of a position in the parser's text.
    pub(super) fn offset(&self, location: Location) -> usize {
        let line = usize::try_from(location.line).unwrap_or(0);
        let column = usize::try_from(location.column).unwrap_or(0);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        self.offsets
            .get(start + column.saturating_sub(1))
            .copied()
            .unwrap_or(self.end)
    }
}

/// Parses; faults come with their offset in the expression.
pub(super) fn parse(pieces: Vec<(Piece, usize)>, start: usize) -> Result<(ast::Expr, Source), Vec<Fault>> {
    let (sql, source) = joined(pieces, start)?;
    if sql.trim().is_empty() {
        return Err(vec![Fault::new(
            start,
            words::text!("an expression is expected after _function"),
        )]);
    }
    let tokens = tokens(&sql, &source).map_err(|fault| vec![fault])?;
    let mut parser = Parser::new(&MySql)
        .with_recursion_limit(MAX_DEPTH)
        .with_tokens_with_locations(tokens);
    let parsed = parser
        .parse_expr()
        .and_then(|expr| match parser.peek_token_ref().token {
            Token::EOF => Ok(expr),
            _ => parser.expected_ref(
                words::text!("an operator or the end of the expression"),
                parser.peek_token_ref(),
            ),
        });
    match parsed {
        Ok(expr) => Ok((expr, source)),
        Err(error) => Err(vec![syntax(&error, &source)]),
    }
}

/// One text in which a private-use character stands for each placeholder, and where everything in it came from.
fn joined(pieces: Vec<(Piece, usize)>, start: usize) -> Result<(String, Source), Vec<Fault>> {
    let mut sql = String::new();
    let mut source = Source {
        pieces: Vec::new(),
        offsets: Vec::new(),
        lines: vec![0],
        end: start,
    };
    for (piece, at) in pieces {
        match piece {
            Piece::Text(text) => {
                for (n, c) in text.chars().enumerate() {
                    if u32::from(c) >= MARKER {
                        return Err(vec![Fault::new(
                            at + n,
                            words::text!("private-use characters are not allowed in an expression"),
                        )]);
                    }
                    source.offsets.push(at + n);
                    if c == '\n' {
                        source.lines.push(source.offsets.len());
                    }
                    sql.push(c);
                    source.end = at + n + 1;
                }
            }
            placeholder => {
                if source.pieces.len() >= MAX_PLACEHOLDERS {
                    return Err(vec![Fault::new(
                        at,
                        words::tr!("more than {MAX_PLACEHOLDERS} placeholders"),
                    )]);
                }
                let index = MARKER + u32::try_from(source.pieces.len()).unwrap_or(0);
                sql.push(char::from_u32(index).unwrap_or('?'));
                source.offsets.push(at);
                source.end = at + 1;
                source.pieces.push(Some(placeholder));
            }
        }
    }
    Ok((sql, source))
}

/// Tokens with MySQL's spellings of operators brought into the parser's form, and what is refused found out.
fn tokens(sql: &str, source: &Source) -> Result<Vec<TokenWithSpan>, Fault> {
    let mut tokens: VecDeque<TokenWithSpan> = Tokenizer::new(&MySql, sql)
        .tokenize_with_location()
        .map_err(|error| Fault::new(source.offset(error.location), unclosed(&error.message)))?
        .into();
    if tokens.len() > MAX_TOKENS {
        return Err(Fault::new(
            0,
            words::tr!("the expression has more than {MAX_TOKENS} words and signs"),
        ));
    }
    half_width(&tokens, source)?;
    balanced(&tokens, source)?;
    let mut intervals = 0;
    let mut done: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    while let Some(mut token) = tokens.pop_front() {
        let at = source.offset(token.span.start);
        let next = tokens
            .iter()
            .find(|t| !matches!(t.token, Token::Whitespace(_)))
            .map(|t| &t.token);
        if matches!(&token.token, Token::Word(word) if word.keyword == Keyword::INTERVAL) {
            intervals += 1;
            if intervals > MAX_INTERVALS {
                let message = words::tr!("more than {MAX_INTERVALS} intervals in one expression");
                return Err(Fault::new(at, message));
            }
        }
        let replacement = match inserted(&token.token, next) {
            None => replacement(&token.token, next, at)?,
            function => function,
        };
        if let Some(replacement) = replacement {
            token.token = replacement;
        }
        done.push(token);
    }
    Ok(done)
}

/// The function INSERT under a name of its own: the parser knows the statement only.
fn inserted(token: &Token, next: Option<&Token>) -> Option<Token> {
    let Token::Word(word) = token else { return None };
    let is_function = word.value.eq_ignore_ascii_case("INSERT") && next == Some(&Token::LParen);
    is_function.then(|| Token::make_word(super::calls::INSERT, None))
}

/// The parser's form of a token in MySQL's spelling, `None` for one that is in it already; refuses what is not part of
/// the language.
fn replacement(token: &Token, next: Option<&Token>, at: usize) -> Result<Option<Token>, Fault> {
    Ok(match token {
        Token::Whitespace(Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_)) => {
            return Err(Fault::new(
                at,
                words::text!("comments are not allowed in an expression"),
            ));
        }
        // `a MOD b`; `MOD(a, b)` stays a function.
        Token::Word(word) if word.value.eq_ignore_ascii_case("MOD") && next != Some(&Token::LParen) => {
            Some(Token::Mod)
        }
        Token::Word(word) if word.quote_style.is_none() => {
            if let Some(c) = word
                .value
                .chars()
                .find(|c| super::super::json::is_typographic(*c))
            {
                let inside = word.value.chars().take_while(|x| *x != c).count();
                return Err(Fault::new(
                    at + inside,
                    words::tr!("typographic quote {c} where a plain ' is expected"),
                )
                .remedy(words::text!(
                    "the text was changed by a word processor: write ' (the plain apostrophe) around texts"
                )));
            }
            None
        }
        Token::StringConcat => Some(Token::make_keyword("OR")),
        Token::Placeholder(_) | Token::Question => {
            return Err(
                Fault::new(at, words::text!("? is not part of the language")).remedy(words::text!(
                    "write CASE WHEN condition THEN a ELSE b END instead of condition ? a : b"
                )),
            );
        }
        Token::ExclamationMark => {
            return Err(
                Fault::new(at, words::text!("! is not supported")).remedy(words::text!("write NOT (…)"))
            );
        }
        Token::SemiColon => {
            return Err(Fault::new(
                at,
                words::text!("; is not allowed: one expression, no statements"),
            ));
        }
        Token::DoubleEq => {
            return Err(Fault::new(at, words::text!("== is not MySQL")).remedy(words::text!("write =")));
        }
        Token::LBrace | Token::RBrace => {
            return Err(Fault::new(at, words::text!("a brace stands alone"))
                .remedy(words::text!("placeholders are written {{key}}")));
        }
        _ => None,
    })
}

/// Refuses signs of full width outside of quotes, before anything is made of the plain ones beside them.
fn half_width(tokens: &VecDeque<TokenWithSpan>, source: &Source) -> Result<(), Fault> {
    for token in tokens {
        let found = match &token.token {
            Token::Word(word) if word.quote_style.is_none() => {
                word.value.chars().enumerate().find(|(_, c)| plain(*c).is_some())
            }
            Token::Char(c) => Some((0, *c)).filter(|_| plain(*c).is_some()),
            _ => None,
        };
        if let Some((inside, c)) = found {
            // A placeholder is one sign here and several in the expression.
            let inside = u64::try_from(inside).unwrap_or(0);
            let start = token.span.start;
            let at = Location::new(start.line, start.column + inside);
            return Err(full_width(c, source.offset(at)));
        }
    }
    Ok(())
}

/// The plain sign that one of full width stands for.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '（' => '(',
        '）' => ')',
        '，' => ',',
        '＝' => '=',
        '＜' => '<',
        '＞' => '>',
        '＋' => '+',
        '－' => '-',
        '＊' => '*',
        '／' => '/',
        '；' => ';',
        _ => return None,
    })
}

fn full_width(c: char, at: usize) -> Fault {
    let right = plain(c).unwrap_or(c);
    Fault::new(
        at,
        words::tr!("{c} is a sign of full width, which MySQL does not know"),
    )
    .remedy(words::tr!("write {right} (half width)"))
}

/// Every `(` and every CASE must be closed; the parser's own words for it point elsewhere.
fn balanced(tokens: &VecDeque<TokenWithSpan>, source: &Source) -> Result<(), Fault> {
    let mut open: Vec<&'static str> = Vec::new();
    for token in tokens {
        let (opens, closes) = match &token.token {
            Token::LParen => (Some(")"), None),
            Token::RParen => (None, Some(")")),
            Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::CASE => {
                (Some("END"), None)
            }
            Token::Word(word) if word.quote_style.is_none() && word.keyword == Keyword::END => {
                (None, Some("END"))
            }
            _ => continue,
        };
        open.extend(opens);
        if let Some(found) = closes {
            let at = source.offset(token.span.start);
            match open.pop() {
                Some(expected) if expected == found => {}
                Some(expected) => {
                    return Err(Fault::new(
                        at,
                        words::tr!("{expected} is expected before {found}"),
                    ));
                }
                None => return Err(Fault::new(at, words::tr!("{found} closes nothing"))),
            }
        }
    }
    match open.pop() {
        Some(")") => Err(Fault::new(
            source.end,
            words::text!("found the end, but a ( is not closed"),
        )),
        Some(_) => Err(Fault::new(
            source.end,
            words::text!("found the end, but a CASE is not closed with END"),
        )),
        None => Ok(()),
    }
}

fn unclosed(message: &str) -> String {
    let message = message.trim_end_matches('.');
    if message.starts_with("Unterminated") {
        words::text!("a quote is not closed").to_owned()
    } else {
        words::retold(message)
    }
}

/// The parser's message without its position, which is given as offset instead.
fn syntax(error: &ParserError, source: &Source) -> Fault {
    let text = match error {
        ParserError::RecursionLimitExceeded => {
            return Fault::new(
                source.offsets.first().copied().unwrap_or(0),
                words::tr!("the expression is nested more than {MAX_DEPTH} deep"),
            );
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
    };
    let (message, place) = text.rsplit_once(" at Line: ").unwrap_or((text, ""));
    let location = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Location::new(
            line.trim().parse().ok()?,
            column.trim().parse().ok()?,
        ))
    });
    let offset = location.map_or(source.end, |l| {
        if l.line == 0 { source.end } else { source.offset(l) }
    });
    let readable: String = message
        .chars()
        .map(|c| if marker(c).is_some() { '□' } else { c })
        .collect();
    let readable = words::retold(&readable)
        .replace("found: EOF", words::text!("found the end"))
        .replace("Expected: ", words::text!("expected "));
    Fault::new(
        offset,
        words::tr!(
            "not a MySQL expression: {}",
            readable.replace('□', words::text!("a placeholder"))
        ),
    )
}
