//! The one layout of documents, additions and tests: what fits into a line stands in one, everything else one member a
//! line. Order, keys, numbers and texts stay what they are.

use super::json::{Node, Text, Value};
use super::problem::Problem;

/// Columns of a line; a text that is longer has a line of its own.
const WIDTH: usize = 120;

/// The text in the one layout, or why it is not JSON.
///
/// What a parser reads of it is the same before and after, members that stand twice and digits of numbers included.
pub fn canonical(text: &str, name: &str) -> Result<String, Vec<Problem>> {
    let root = Text { name, text }.parse()?;
    let mut out = String::with_capacity(text.len());
    match &root.value {
        // The document itself has a line for each of its members, however short it is.
        Value::Object(members) if !members.is_empty() => broken(&root.value, 0, &mut out),
        value => value_at(value, 0, 0, &mut out),
    }
    out.push('\n');
    Ok(out)
}

/// A value whose first character stands behind `used` columns of a line with that indent.
fn value_at(value: &Value, indent: usize, used: usize, out: &mut String) {
    let mut line = String::new();
    flat(value, &mut line);
    let is_empty = match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => true,
    };
    // The comma behind it counts.
    if is_empty || used + line.chars().count() < WIDTH {
        out.push_str(&line);
    } else {
        broken(value, indent, out);
    }
}

/// A list or an object with a line for each of its parts.
fn broken(value: &Value, indent: usize, out: &mut String) {
    let inner = indent + 2;
    let (open, close) = match value {
        Value::Array(_) => ('[', ']'),
        _ => ('{', '}'),
    };
    out.push(open);
    let part = |head: &str, value: &Value, is_first: bool, out: &mut String| {
        out.push_str(if is_first { "\n" } else { ",\n" });
        out.extend(std::iter::repeat_n(' ', inner));
        out.push_str(head);
        value_at(value, inner, inner + head.chars().count(), out);
    };
    match value {
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(n, item)| part("", &item.value, n == 0, out));
        }
        Value::Object(members) => {
            for (n, member) in members.iter().enumerate() {
                let head = quoted(&member.key) + ": ";
                part(&head, &member.value.value, n == 0, out);
            }
        }
        other => flat(other, out),
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(close);
}

/// A value in one line.
fn flat(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(digits) => out.push_str(digits),
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Array(items) => {
            out.push('[');
            for (n, Node { value, .. }) in items.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                flat(value, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (n, member) in members.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                out.push_str(&quoted(&member.key));
                out.push_str(": ");
                flat(&member.value.value, out);
            }
            out.push('}');
        }
    }
}

/// A text as JSON writes it; only what nobody could see is escaped.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Controls, marks of direction and blanks without width.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn laid_out(text: &str) -> String {
        canonical(text, "t").unwrap()
    }

    /// What a text says, without where.
    fn said(text: &str) -> String {
        let mut out = String::new();
        flat(&Text { name: "t", text }.parse().unwrap().value, &mut out);
        out
    }

    #[test]
    fn lines_break_where_they_are_too_long() {
        let long = "x".repeat(WIDTH);
        let text = format!(r#"{{"b":[1,2],"a":{{"n":"{long}","m":{{}}}},"e":[]}}"#);
        assert_eq!(
            laid_out(&text),
            format!(
                "{{\n  \"b\": [1, 2],\n  \"a\": {{\n    \"n\": \"{long}\",\n    \"m\": {{}}\n  }},\n  \"e\": []\n}}\n"
            )
        );
    }

    #[test]
    fn nothing_is_read_differently() {
        for (text, expected) in [
            (
                "\u{feff}[ 1.0,-0 , 1E+2,\r\n123456789012345678901234567890.10 ]",
                "[1.0, -0, 1E+2, 123456789012345678901234567890.10]\n",
            ),
            (
                r#""\u4e2d\/\"\\\u0007\u202e\u200b😀""#,
                "\"中/\\\"\\\\\\u0007\\u202e\\u200b😀\"\n",
            ),
            (r#"{"a":1,"a":2}"#, "{\n  \"a\": 1,\n  \"a\": 2\n}\n"),
            ("{}", "{}\n"),
        ] {
            assert_eq!(laid_out(text), expected);
        }
        assert!(canonical("{\"a\": 1,}", "t").is_err());
    }

    #[test]
    fn a_line_is_full_with_its_comma() {
        for length in WIDTH - 12..WIDTH + 3 {
            let text = laid_out(&format!(r#"{{"a":["{}"],"b":1}}"#, "x".repeat(length)));
            let is_broken = text.contains("[\n");
            assert_eq!(is_broken, length + "  \"a\": [\"\"],".len() > WIDTH, "{length}");
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let text = prop_oneof!["[ -~中文😀\u{7}\u{200b}]{0,12}", ".{0,150}"];
        let word = |text: String| serde_json::to_string(&text).unwrap();
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?",
            text.prop_map(word),
        ];
        leaf.prop_recursive(6, 60, 8, move |inner| {
            let member = ("[a-c\"\\\\]{0,2}", inner.clone());
            let member = member.prop_map(move |(key, value)| format!("{}\t:{value}", word(key)));
            prop_oneof![
                prop::collection::vec(inner, 0..8).prop_map(|items| format!("[{}]", items.join(" ,\n"))),
                prop::collection::vec(member, 0..8).prop_map(|items| format!("{{ {} }}", items.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_layout_says_the_same_and_is_its_own(text in json()) {
            let once = laid_out(&text);
            prop_assert_eq!(said(&once), said(&text));
            prop_assert_eq!(laid_out(&once), once);
        }
    }
}
