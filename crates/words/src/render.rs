//! A text in the language that is spoken.

use crate::{
    catalogue,
    language::{Language, current},
    template::{Piece, pieces},
};
use std::fmt::Display;

/// What [`tr!`](crate::tr) expands to: the text with its arguments.
#[must_use]
pub fn text(key: &str, arguments: &[(&str, &dyn Display)]) -> String {
    let value = |name: &str| {
        let (_, value) = arguments.iter().find(|(it, _)| *it == name)?;
        let value = value.to_string();
        // One sentence inside of another is a constant that was only marked where it stands.
        Some(if value.contains(' ') {
            said(&value).to_owned()
        } else {
            value
        })
    };
    match current() {
        Language::English => fill(key, |name, out| out.push_str(&value(name).unwrap_or_default())),
        Language::Chinese => filled(spoken(key), value),
    }
}

/// The same in Chinese, where the blanks that set a name off are none between two texts of the catalogue.
pub(crate) fn filled(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_ours = false;
    for piece in pieces(text) {
        match piece {
            Piece::Literal(literal) => {
                let after = literal
                    .strip_prefix(' ')
                    .filter(|rest| is_ours && rest.starts_with(is_han));
                out.push_str(match after {
                    Some(rest) if out.ends_with(is_han) => rest,
                    _ => &literal,
                });
                is_ours = false;
            }
            Piece::Argument(name) => {
                let value = value(&name).unwrap_or_default();
                is_ours = catalogue::is_chinese(&value);
                let is_gap = out
                    .strip_suffix(' ')
                    .is_some_and(|before| before.ends_with(is_han));
                if is_ours && is_gap && value.starts_with(is_han) {
                    out.pop();
                }
                out.push_str(&value);
            }
        }
    }
    out
}

pub(crate) fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// A text that was marked elsewhere ([`mark!`](crate::mark)), or came from a list of such texts; what is unknown stays.
#[must_use]
pub fn said(key: &str) -> &str {
    spoken(key)
}

/// A word that means several things: `which of them: word`, of which English shows the word alone.
#[must_use]
pub fn sense(key: &'static str) -> &'static str {
    match current() {
        Language::English => key.split_once(": ").map_or(key, |(_, word)| word),
        Language::Chinese => catalogue::chinese(key).unwrap_or(key),
    }
}

/// The ending of a noun in English; Chinese has none.
#[must_use]
pub fn plural(is_one: bool) -> &'static str {
    match current() {
        Language::English if !is_one => "s",
        _ => "",
    }
}

fn spoken(key: &str) -> &str {
    match current() {
        Language::English => key,
        Language::Chinese => catalogue::chinese(key).unwrap_or(key),
    }
}

/// The text with its placeholders replaced.
pub(crate) fn fill(text: &str, mut value: impl FnMut(&str, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Literal(literal) => out.push_str(&literal),
            Piece::Argument(name) => value(&name, &mut out),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_texts_of_the_catalogue_have_no_blank_between_them() {
        crate::scoped(Language::Chinese, || {
            let known = said("empty");
            assert_eq!(known, "空");
            let said = |value: &str| filled("请使用 {right} 再试", |_| Some(value.to_owned()));
            assert_eq!(said(known), format!("请使用{known}再试"));
            assert_eq!(said("name"), "请使用 name 再试");
            // The customers' own names stay set off.
            assert_eq!(said("星数"), "请使用 星数 再试");
        });
    }
}
