//! Half of a character in a JSON text: `\ud83d` without its second half, which programs leave that cut texts by UTF-16
//! units. No parser takes it, so one emoji in one cell would cost the whole answer.

use std::borrow::Cow;

/// `�`, as an escape.
const REPLACEMENT: &[u8] = br"\ufffd";
const ESCAPE: usize = 6;

/// The same JSON with `�` for each half, and how many there were. Costs a copy only when there is one.
pub fn repaired(json: &[u8]) -> (Cow<'_, [u8]>, usize) {
    let mut halves = Vec::new();
    let mut at = 0;
    while let Some(found) = json[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        match unit(&json[at..]) {
            Some(0xd800..0xdc00)
                if matches!(json.get(at + ESCAPE..).and_then(unit), Some(0xdc00..0xe000)) =>
            {
                at += 2 * ESCAPE;
            }
            Some(0xd800..0xe000) => {
                halves.push(at);
                at += ESCAPE;
            }
            // An escaped backslash begins no escape, so its second half is passed over, too.
            _ => at = (at + 2).min(json.len()),
        }
    }
    if halves.is_empty() {
        return (Cow::Borrowed(json), 0);
    }
    let mut text = json.to_vec();
    for half in &halves {
        text[*half..half + ESCAPE].copy_from_slice(REPLACEMENT);
    }
    (Cow::Owned(text), halves.len())
}

/// The UTF-16 unit of the escape that the text begins with.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::repaired;

    #[test]
    fn only_halves_are_replaced() {
        for (json, expected, halves) in [
            (r#""a""#, r#""a""#, 0),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#, 0),
            (r#""\ud83d""#, r#""\ufffd""#, 1),
            (r#""x\uD83Dy\ude00""#, r#""x\ufffdy\ufffd""#, 2),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#, 1),
            (r#""\\ud83d""#, r#""\\ud83d""#, 0),
            (r#""\\\ud83d""#, r#""\\\ufffd""#, 1),
            (r#""\u4e2d\n""#, r#""\u4e2d\n""#, 0),
            (r#""\ud8"#, r#""\ud8"#, 0),
            ("\\", "\\", 0),
            ("", "", 0),
        ] {
            let (text, count) = repaired(json.as_bytes());
            assert_eq!(
                (std::str::from_utf8(&text).unwrap(), count),
                (expected, halves),
                "{json}"
            );
        }
        let (text, _) = repaired(br#"{"a":"x\ud83d"}"#);
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["a"], "x\u{fffd}");
    }
}
