//! JSON that is broken within one text or number, made readable: bytes that are no UTF-8, control characters and unknown
//! escapes in texts, `NaN`.
//!
//! Only listings are mended, of which nothing but ids and times is used. What is cut short stays unreadable.

use std::borrow::Cow;

/// Stands where a character cannot be read.
const REPLACEMENT: &str = "\u{fffd}";

/// The same document without what no parser takes.
pub(super) fn mend(body: &[u8]) -> Vec<u8> {
    let text: Cow<'_, str> = String::from_utf8_lossy(body);
    let mut mended = String::with_capacity(text.len());
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(quote) = rest.find('"') {
        outside(&rest[..quote], &mut mended);
        rest = inside(&rest[quote + 1..], &mut mended);
    }
    outside(rest, &mut mended);
    mended.into_bytes()
}

/// Between texts only the numbers that are none need mending.
fn outside(text: &str, mended: &mut String) {
    let numbers = text.replace("-Infinity", "null").replace("Infinity", "null");
    mended.push_str(&numbers.replace("NaN", "null"));
}

/// One text, its first quote taken; gives what follows its last one.
fn inside<'a>(text: &'a str, mended: &mut String) -> &'a str {
    mended.push('"');
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => {
                mended.push('"');
                return &text[at + 1..];
            }
            '\\' if is_escape(&text[at + 1..]) => {
                mended.push(char);
                mended.extend(chars.next().map(|(_, escaped)| escaped));
            }
            '\\' => mended.push_str(REPLACEMENT),
            char if char < ' ' => mended.push(' '),
            char => mended.push(char),
        }
    }
    ""
}

fn is_escape(behind: &str) -> bool {
    match behind.as_bytes() {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => true,
        [b'u', hex @ ..] => hex.len() >= 4 && hex[..4].iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn read(body: &[u8]) -> Option<Value> {
        assert!(serde_json::from_slice::<Value>(body).is_err(), "nothing to mend");
        serde_json::from_slice(&mend(body)).ok()
    }

    #[test]
    fn a_broken_character_costs_that_character() {
        let bodies: [&[u8]; 7] = [
            b"{\"name\": \"A\xff\", \"id\": 7}",
            b"{\"name\": \"A\nB\tC\0\", \"id\": 7}",
            b"{\"name\": \"A\\x41 \\' \\\"\", \"id\": 7}",
            b"{\"name\": \"\\u12 \\uzzzz\", \"id\": 7}",
            b"{\"name\": NaN, \"id\": 7}",
            b"{\"name\": -Infinity, \"id\": 7}",
            b"\xef\xbb\xbf{\"name\": \"a byte order mark\", \"id\": 7}",
        ];
        for body in bodies {
            let shown = String::from_utf8_lossy(body).into_owned();
            assert_eq!(read(body).expect(&shown)["id"], 7, "{shown}");
        }
    }

    #[test]
    fn what_is_sound_stays_and_what_is_cut_stays_broken() {
        let sound = r#"{"a": "NaN \\u00e9 \\ud83d \\\\", "b": [1, -2.5e3, "客户", null]}"#;
        assert_eq!(mend(sound.as_bytes()), sound.as_bytes());
        for cut in [
            r#"{"a": "b"#,
            r#"{"a": "b""#,
            r#"{"list": [{"id": 7}"#,
            "<html>",
            "",
        ] {
            assert_eq!(read(cut.as_bytes()), None, "{cut}");
        }
    }
}
