//! JSON whose numbers stay as they were written: `1.10` and thirty digits are what somebody wrote, and an edit of another
//! part must not change them.
//!
//! A number that its usual form would not give back is kept as a text that begins with a mark of no script.

use serde_json::Value;

/// From the private use area.
const MARK: char = '\u{f8ff}';

/// Reads JSON; numbers that would lose their form become marked texts. An error names the place in the text as it was given.
pub(crate) fn read(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(&marked(text)).map_err(|error| {
        let unmarked = serde_json::from_str::<serde::de::IgnoredAny>(text);
        unmarked.err().unwrap_or(error)
    })
}

/// Whether a text stands for a number.
pub(crate) fn is_marked(text: &str) -> bool {
    text.starts_with(MARK)
}

/// Writes JSON with the numbers as they were read.
pub(crate) fn write(value: &Value) -> String {
    unmarked(&value.to_string())
}

/// The same over several lines.
pub(crate) fn write_pretty(value: &Value) -> String {
    unmarked(&format!("{value:#}"))
}

/// Turns marked texts into the numbers that they are nearest to, for readers that know no others.
pub(crate) fn simplify(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(number) = text
                .strip_prefix(MARK)
                .and_then(|text| text.parse::<serde_json::Number>().ok())
            {
                *value = Value::Number(number);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Object(fields) => fields.values_mut().for_each(simplify),
        _ => {}
    }
}

/// Gives numbers their form of before where they are the same numbers in the same places.
pub(crate) fn keep(value: &mut Value, before: &Value) {
    match (&mut *value, before) {
        (Value::Number(_), Value::String(_)) => {
            let mut usual = before.clone();
            simplify(&mut usual);
            if usual == *value {
                *value = before.clone();
            }
        }
        (Value::Array(items), Value::Array(old)) => {
            items.iter_mut().zip(old).for_each(|(item, old)| keep(item, old));
        }
        (Value::Object(fields), Value::Object(old)) => {
            for (name, value) in fields.iter_mut() {
                if let Some(old) = old.get(name) {
                    keep(value, old);
                }
            }
        }
        _ => {}
    }
}

fn is_number(c: char) -> bool {
    c.is_ascii_digit() || "+-.eE".contains(c)
}

/// Copies JSON and marks numbers outside of texts.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = if rest.starts_with('"') {
            text_length(rest)
        } else {
            rest.find(|c| !is_number(c)).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at(length);
        let usual = || {
            token
                .parse::<serde_json::Number>()
                .is_ok_and(|number| number.to_string() == token)
        };
        let valid = || serde_json::from_str::<&serde_json::value::RawValue>(token).is_ok();
        if token.starts_with('"') || usual() || !valid() {
            out.push_str(token);
        } else {
            out.push('"');
            out.push(MARK);
            out.push_str(token);
            out.push('"');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Length of the text at the beginning, with its quotes; all of it when it does not end.
fn text_length(json: &str) -> usize {
    let mut escaped = false;
    for (at, c) in json.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

/// Takes the marks and their quotes away.
fn unmarked(json: &str) -> String {
    let begin = format!("\"{MARK}");
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('"') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (token, after) = rest.split_at(text_length(rest));
        let number = token
            .strip_prefix(&begin)
            .and_then(|token| token.strip_suffix('"'));
        match number.filter(|number| number.chars().all(is_number)) {
            Some(number) => out.push_str(number),
            None => out.push_str(token),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_stay_as_they_were_written() {
        let json = r#"{"a":1.10,"b":123456789012345678901234567890,"c":1e5,"d":-0.0,"e":7,"f":"1.10 \" 2","g":[2.50,"x"]}"#;
        let read = read(json).unwrap();
        assert_eq!(write(&read), json);
        let mut simple = read;
        simplify(&mut simple);
        assert_eq!(
            (&simple["a"], &simple["e"], &simple["f"]),
            (&1.1.into(), &7.into(), &"1.10 \" 2".into())
        );
    }

    #[test]
    fn what_is_no_json_is_still_none() {
        for text in ["{\"a\":1.}", "[1 2]", "\"open", "-", "01", "{\"a\":+1}"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_always_was(text in ".{0,60}") {
            let usual = serde_json::from_str::<Value>(&text);
            let mut exact = read(&text);
            if let Ok(exact) = &mut exact {
                simplify(exact);
            }
            prop_assert_eq!(usual.ok(), exact.ok());
        }
    }
}
