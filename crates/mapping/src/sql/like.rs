//! `LIKE` and `REGEXP`, both bounded: the first is matched without backtracking over more than one `%`, the second
//! by an engine with linear time and a limit on the size of the compiled pattern.

use regex::{Regex, RegexBuilder};

use super::collation::{Collation, fold};
use super::error::Failure;

/// Bytes that a compiled regular expression may take.
const REGEX_SIZE: usize = 256 * 1024;
/// Steps that one `LIKE` may take.
const LIKE_STEPS: usize = 5_000_000;
/// Nesting of groups in a regular expression.
const REGEX_NESTING: u32 = 40;

/// A compiled `LIKE` pattern.
#[derive(Debug, Clone)]
pub(crate) struct Like {
    items: Vec<Item>,
    collation: Collation,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Item {
    Char(char),
    One,
    Many,
}

impl Like {
    pub(crate) fn new(pattern: &str, escape: char, collation: Collation) -> Like {
        let fold = |c| letter(c, collation);
        let mut items = Vec::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            items.push(match c {
                _ if c == escape => Item::Char(fold(chars.next().unwrap_or(escape))),
                '%' => Item::Many,
                '_' => Item::One,
                _ => Item::Char(fold(c)),
            });
        }
        Like { items, collation }
    }

    pub(crate) fn matches(&self, text: &str) -> Result<bool, Failure> {
        let text: Vec<char> = text.chars().map(|c| letter(c, self.collation)).collect();
        let (mut at, mut item) = (0, 0);
        // Where to go on when the text after the last `%` does not fit.
        let mut retry: Option<(usize, usize)> = None;
        let mut steps = 0;
        while at < text.len() {
            steps += 1;
            if steps > LIKE_STEPS {
                return Err(Failure::new(
                    "too-large",
                    words::text!("LIKE takes too long on a text of this size"),
                ));
            }
            match self.items.get(item) {
                Some(Item::Many) => {
                    retry = Some((at, item + 1));
                    item += 1;
                }
                Some(Item::One) => {
                    at += 1;
                    item += 1;
                }
                Some(Item::Char(c)) if Some(c) == text.get(at) => {
                    at += 1;
                    item += 1;
                }
                _ => match &mut retry {
                    Some((from, after)) => {
                        *from += 1;
                        (at, item) = (*from, *after);
                    }
                    None => return Ok(false),
                },
            }
        }
        Ok(self.items.iter().skip(item).all(|rest| *rest == Item::Many))
    }
}

/// What a character is compared by.
fn letter(c: char, collation: Collation) -> char {
    if collation.is_exact() { c } else { fold(c) }
}

/// Data inside a pattern stands for itself.
pub(crate) fn escape_like(data: &str, escape: char) -> String {
    let special = |c: char| c == '%' || c == '_' || c == escape;
    data.chars()
        .flat_map(|c| special(c).then_some(escape).into_iter().chain([c]))
        .collect()
}

/// Data inside a regular expression stands for itself.
pub(crate) fn escape_regex(data: &str) -> String {
    regex::escape(data)
}

/// A regular expression under a collation.
pub(crate) fn regex(pattern: &str, collation: Collation) -> Result<Regex, Failure> {
    RegexBuilder::new(pattern)
        .case_insensitive(!collation.is_exact())
        .size_limit(REGEX_SIZE)
        .dfa_size_limit(REGEX_SIZE)
        .nest_limit(REGEX_NESTING)
        .build()
        .map_err(|error| Failure::new("bad-regexp", describe(&error)))
}

fn describe(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => {
            words::tr!("the regular expression is larger than {limit} bytes when compiled")
        }
        error => {
            let text = error.to_string();
            let last = text
                .lines()
                .last()
                .unwrap_or_default()
                .trim_start_matches("error: ");
            let last = words::retold(last);
            words::tr!("not a regular expression: {last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_follows_the_wildcards() {
        for (text, pattern, expected) in [
            ("abc", "A%", true),
            ("abc", "a_c", true),
            ("abc", "a", false),
            ("", "%", true),
            ("a%c", r"a\%c", true),
            ("abc", r"a\%c", false),
            ("aXbXc", "%x%c", true),
            ("客户", "客_", true),
            ("ab", "%b%a%", false),
        ] {
            assert_eq!(
                Like::new(pattern, '\\', Collation::Loose).matches(text),
                Ok(expected),
                "{text} LIKE {pattern}"
            );
        }
    }

    #[test]
    fn patterns_are_bounded() {
        assert!(regex("(a{1000}){1000}", Collation::Loose).is_err());
        assert!(regex(&"(".repeat(1000), Collation::Loose).is_err());
        assert!(regex("(?=a)", Collation::Loose).is_err());
        assert_eq!(
            Like::new(&"%a".repeat(2_000), '\\', Collation::Loose).matches(&"a".repeat(4_000)),
            Ok(true)
        );
        let (pattern, text) = ("%".to_owned() + &"a".repeat(20_000) + "b", "a".repeat(40_000));
        assert!(
            Like::new(&pattern, '\\', Collation::Loose)
                .matches(&text)
                .is_err()
        );
    }
}
