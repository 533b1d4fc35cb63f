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
    fill(spoken(key), |name, out| {
        if let Some((_, value)) = arguments.iter().find(|(it, _)| *it == name) {
            let value = value.to_string();
            // One sentence inside of another is a constant that was only marked where it stands.
            out.push_str(if value.contains(' ') { said(&value) } else { &value });
        }
    })
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
