//! What joins names and sentences that were made apart, as the language that is spoken writes it.

use crate::language::{Language, current};
use std::fmt::Display;

/// What joins sentences in English, and in Chinese.
pub(crate) const SENTENCES: (&str, &str) = ("; ", "；");
/// What stands between a name and what is said of it.
pub(crate) const OF: (&str, &str) = (": ", "：");
const LIST: (&str, &str) = (", ", "、");
const CLAUSES: (&str, &str) = (", ", "，");

fn spoken(joint: (&'static str, &'static str)) -> &'static str {
    match current() {
        Language::English => joint.0,
        Language::Chinese => joint.1,
    }
}

fn join<T: AsRef<str>>(parts: &[T], joint: (&'static str, &'static str)) -> String {
    parts
        .iter()
        .map(AsRef::as_ref)
        .collect::<Vec<_>>()
        .join(spoken(joint))
}

/// Names one behind the other.
#[must_use]
pub fn list<T: AsRef<str>>(names: &[T]) -> String {
    join(names, LIST)
}

/// Parts of a sentence one behind the other.
#[must_use]
pub fn clauses<T: AsRef<str>>(parts: &[T]) -> String {
    join(parts, CLAUSES)
}

/// Sentences one behind the other.
#[must_use]
pub fn sentences<T: AsRef<str>>(sentences: &[T]) -> String {
    join(sentences, SENTENCES)
}

/// What is said of something.
#[must_use]
pub fn of(name: impl Display, said: impl Display) -> String {
    format!("{name}{}{said}", spoken(OF))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoped;

    #[test]
    fn each_language_joins_in_its_own_way() {
        let all = || {
            [
                list(&["a", "b"]),
                clauses(&["a", "b"]),
                sentences(&["a", "b"]),
                of("a", 1),
            ]
        };
        assert_eq!(scoped(Language::English, all), ["a, b", "a, b", "a; b", "a: 1"]);
        assert_eq!(scoped(Language::Chinese, all), ["a、b", "a，b", "a；b", "a：1"]);
    }
}
