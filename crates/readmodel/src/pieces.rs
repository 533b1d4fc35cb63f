//! Pieces of text by which a letter is found: three letters of ASCII, or two of which one is not.
//!
//! Chinese words are often two characters long, which an index of trigrams does not know; two letters of ASCII stand in
//! every letter. A piece is written as its code points, for the index keeps letters and digits only.

use serde_json::Value;
use std::collections::BTreeSet;

/// The pieces of one text, which is in lower case.
pub(crate) fn of(text: &str, pieces: &mut BTreeSet<String>) {
    let mut last: [Option<char>; 2] = [None, None];
    for char in text.chars() {
        match last {
            [_, Some(before)] if !(before.is_ascii() && char.is_ascii()) => {
                pieces.insert(named(&[before, char]));
            }
            [Some(first), Some(before)] if first.is_ascii() => {
                pieces.insert(named(&[first, before, char]));
            }
            _ => {}
        }
        last = [last[1], Some(char)];
    }
}

fn named(chars: &[char]) -> String {
    let mut name = String::with_capacity(chars.len() * 5);
    for char in chars {
        name.push_str(&format!("{:x}z", u32::from(*char)));
    }
    name
}

/// Everything that a letter says, as the index takes it.
pub(crate) fn of_letter(message: &str, body: Option<&Value>) -> String {
    let mut pieces = BTreeSet::new();
    of(&message.to_lowercase(), &mut pieces);
    if let Some(body) = body {
        of_json(body, &mut pieces);
    }
    let mut text = String::with_capacity(pieces.len() * 12);
    for piece in pieces {
        text.push_str(&piece);
        text.push(' ');
    }
    text
}

fn of_json(json: &Value, pieces: &mut BTreeSet<String>) {
    match json {
        Value::String(text) => of(&text.to_lowercase(), pieces),
        Value::Number(number) => of(&number.to_string(), pieces),
        Value::Array(items) => items.iter().for_each(|item| of_json(item, pieces)),
        Value::Object(fields) => {
            for (name, value) in fields {
                of(&name.to_lowercase(), pieces);
                of_json(value, pieces);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// What the index is asked for a text in lower case; `None`: it is too short for the index.
pub(crate) fn question(text: &str) -> Option<String> {
    /// More say no more, and cost.
    const MOST: usize = 24;
    let mut pieces = BTreeSet::new();
    of(text, &mut pieces);
    let pieces: Vec<String> = pieces.into_iter().take(MOST).collect();
    (!pieces.is_empty()).then(|| pieces.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_part_of_a_text_has_its_pieces() {
        let text = "row refused: 上海abc贸易 x é".to_lowercase();
        let mut all = BTreeSet::new();
        of(&text, &mut all);
        let chars: Vec<char> = text.chars().collect();
        for from in 0..chars.len() {
            for to in from..=chars.len() {
                let mut pieces = BTreeSet::new();
                of(&chars[from..to].iter().collect::<String>(), &mut pieces);
                assert!(pieces.is_subset(&all), "{from}..{to}");
            }
        }
        assert!(question("上海").is_some() && question("abc").is_some());
        assert_eq!((question("ab"), question("海")), (None, None));
    }
}
