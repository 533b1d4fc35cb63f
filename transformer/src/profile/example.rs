//! The form of a value without what it says.

use serde_json::Value;

/// Characters of an example.
const LONGEST: usize = 16;

/// `xxxx 99` for `ACME 12`: letters, digits and Chinese characters replaced, signs kept.
pub(super) fn of(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(_) => "true/false".to_owned(),
        Value::Null | Value::Array(_) | Value::Object(_) => return String::new(),
    };
    let hidden = |c: char| match c {
        c if c.is_ascii_digit() || c.is_numeric() => '9',
        c if c.is_ascii_alphabetic() => 'x',
        c if c.is_alphabetic() => '字',
        c if c.is_control() => ' ',
        c => c,
    };
    let mut example: String = text.chars().take(LONGEST).map(hidden).collect();
    if text.chars().nth(LONGEST).is_some() {
        example.push('…');
    }
    example
}

/// A number so small that it is a code.
pub(super) fn code(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if text.len() <= 3 => text.parse().ok(),
        _ => None,
    };
    number.filter(|number| (-1..=999).contains(number))
}
