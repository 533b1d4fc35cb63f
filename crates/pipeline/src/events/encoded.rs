//! Texts that are quoted in another dress: HTML entities, escapes of JSON, percent-encoding, and one within the other.

use std::ops::Range;

/// A letter that counts when texts are compared, with its place.
pub(super) type Letter = (char, Range<usize>);

/// How often a text may have been encoded.
const DEEPEST: usize = 3;
/// The longest escape, in letters: a code point of HTML with its sign.
const LONGEST: usize = 12;

/// The letters that are meant, each with the place of what stands for it.
pub(super) fn decoded(mut letters: Vec<Letter>) -> Vec<Letter> {
    for _ in 0..DEEPEST {
        if !letters.iter().any(|(char, _)| matches!(char, '&' | '\\' | '%')) {
            break;
        }
        let before = letters.len();
        letters = once(&letters);
        if letters.len() == before {
            break;
        }
    }
    letters
}

fn once(letters: &[Letter]) -> Vec<Letter> {
    let mut meant = Vec::with_capacity(letters.len());
    let mut at = 0;
    while let Some((char, place)) = letters.get(at) {
        let next: String = letters[at..].iter().take(LONGEST).map(|(char, _)| char).collect();
        let found = match char {
            '&' => entity(&next),
            '\\' => escape(&next),
            '%' => percent(&next),
            _ => None,
        };
        match found {
            Some((char, taken)) => {
                meant.push((char, place.start..letters[at + taken - 1].1.end));
                at += taken;
            }
            None => {
                meant.push((*char, place.clone()));
                at += 1;
            }
        }
    }
    meant
}

/// `&amp;`, `&#20013;`, `&#x4e2d;` with what they take.
fn entity(text: &str) -> Option<(char, usize)> {
    let (name, _) = text.get(1..)?.split_once(';')?;
    let char = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)?
        }
        None => match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => ' ',
            "commat" => '@',
            "plus" => '+',
            "lpar" => '(',
            "rpar" => ')',
            "hyphen" | "dash" => '-',
            _ => return None,
        },
    };
    Some((char, name.chars().count() + 2))
}

/// `\u4e2d`, two of them for what lies outside of the first plane, `\x41`, `\"`, `\/`.
fn escape(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| u32::from_str_radix(text.get(at..at + 4)?, 16).ok();
    match text.as_bytes().get(1)? {
        b'u' => {
            let high = unit(2)?;
            if let Some(char) = char::from_u32(high) {
                return Some((char, 6));
            }
            let low = text
                .get(6..8)
                .filter(|next| *next == "\\u")
                .and_then(|_| unit(8))?;
            let code = 0x1_0000 + (high.checked_sub(0xd800)? << 10) + low.checked_sub(0xdc00)?;
            Some((char::from_u32(code)?, 12))
        }
        b'x' => Some((char::from(u8::from_str_radix(text.get(2..4)?, 16).ok()?), 4)),
        b'n' | b't' | b'r' => Some((' ', 2)),
        b'"' | b'/' | b'\\' | b'\'' => Some((char::from(text.as_bytes()[1]), 2)),
        _ => None,
    }
}

/// `%41`, and the bytes of one letter beyond ASCII.
fn percent(text: &str) -> Option<(char, usize)> {
    let byte = |at: usize| {
        let hex = text.get(at..at + 3)?.strip_prefix('%')?;
        u8::from_str_radix(hex, 16).ok()
    };
    let length = match byte(0)? {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
        _ => return None,
    };
    let bytes: Vec<u8> = (0..length).map(|n| byte(3 * n)).collect::<Option<_>>()?;
    let char = std::str::from_utf8(&bytes).ok()?.chars().next()?;
    Some((char, 3 * length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: &str) -> String {
        let letters = text
            .char_indices()
            .map(|(at, char)| (char, at..at + char.len_utf8()));
        let letters = decoded(letters.collect());
        assert!(letters.iter().all(|(_, place)| text.get(place.clone()).is_some()));
        letters.into_iter().map(|(char, _)| char).collect()
    }

    #[test]
    fn letters_are_what_they_stand_for() {
        for (text, means) in [
            ("&#20013;&#x56FD; A&amp;B &quot;", "中国 A&B \""),
            (r#"\u4e2d\u56fd \uD83D\uDE00 \"a\/b\" \x41"#, "中国 😀 \"a/b\" A"),
            ("%E4%B8%AD%e5%9b%bd%20A%40b.cn", "中国 A@b.cn"),
            ("%25E4%25B8%25AD &amp;#20013; \\\\u4e2d", "中 中 中"),
            (
                "100 % & more \\ &x; %zz %E4 \\u12",
                "100 % & more \\ &x; %zz %E4 \\u12",
            ),
        ] {
            assert_eq!(meant(text), means, "{text}");
        }
    }
}
