//! One JSON text, taken apart so that single characters can be replaced and everything odd about it stays: how a
//! character is escaped, bytes that are no UTF-8, halves of characters, escapes that no parser knows.

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unit<'a> {
    /// A character, and whether it was written as `\u…` (`Some(true)`: with capital digits).
    Char(char, Option<bool>),
    /// What stays as it is, and what it means, if it means anything.
    Odd(&'a [u8], Option<char>),
}

/// The units of what stands between two quotes.
pub(crate) fn units(inner: &[u8]) -> Vec<Unit<'_>> {
    let mut units = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let (unit, length) = match rest[0] {
            b'\\' => escape(rest),
            _ => plain(rest),
        };
        units.push(unit);
        rest = &rest[length..];
    }
    units
}

fn plain(rest: &[u8]) -> (Unit<'_>, usize) {
    let length = match rest[0] {
        0..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return (Unit::Odd(&rest[..1], None), 1),
    };
    let char = rest
        .get(..length)
        .and_then(|bytes| std::str::from_utf8(bytes).ok());
    match char.and_then(|text| text.chars().next()) {
        Some(char) => (Unit::Char(char, None), length),
        None => (Unit::Odd(&rest[..1], None), 1),
    }
}

fn escape(rest: &[u8]) -> (Unit<'_>, usize) {
    let simple = |meaning| (Unit::Odd(&rest[..2], Some(meaning)), 2);
    match rest.get(1) {
        Some(b'n') => simple('\n'),
        Some(b't') => simple('\t'),
        Some(b'r') => simple('\r'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(byte @ (b'"' | b'\\' | b'/')) => simple(char::from(*byte)),
        Some(b'u') => unicode(rest),
        // With what follows: another letter could make an escape of it.
        Some(_) => (Unit::Odd(&rest[..2], None), 2),
        None => (Unit::Odd(rest, None), 1),
    }
}

fn unicode(rest: &[u8]) -> (Unit<'_>, usize) {
    let Some(high) = unit16(rest) else {
        let length = 2 + rest[2..]
            .iter()
            .take(4)
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        return (Unit::Odd(&rest[..length], None), length);
    };
    let low = rest
        .get(6..)
        .and_then(unit16)
        .filter(|low| (0xdc00..0xe000).contains(low));
    let (char, length) = match (high, low) {
        (0xd800..0xdc00, Some(low)) => {
            let code = 0x10000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(low) - 0xdc00);
            (char::from_u32(code), 12)
        }
        _ => (char::from_u32(high.into()), 6),
    };
    match char {
        Some(char) => {
            let capital = rest[..length].iter().any(|byte| (b'A'..=b'F').contains(byte));
            (Unit::Char(char, Some(capital)), length)
        }
        None => (Unit::Odd(&rest[..6], None), 6),
    }
}

/// The UTF-16 unit of the escape that the text begins with.
fn unit16(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(br"\u")?.get(..4)?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// What a parser makes of the units; `�` for what means nothing.
pub(crate) fn meaning(units: &[Unit<'_>]) -> String {
    let char = |unit: &Unit<'_>| match unit {
        Unit::Char(char, _) => *char,
        Unit::Odd(_, char) => char.unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    units.iter().map(char).collect()
}

/// The units as they stand between two quotes.
pub(crate) fn write(units: &[Unit<'_>], out: &mut Vec<u8>) {
    for unit in units {
        match unit {
            Unit::Odd(bytes, _) => out.extend_from_slice(bytes),
            Unit::Char(char, None) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            Unit::Char(char, Some(capital)) => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let escape = if *capital {
                        format!("\\u{unit:04X}")
                    } else {
                        format!("\\u{unit:04x}")
                    };
                    out.extend_from_slice(escape.as_bytes());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_out_as_it_went_in() {
        let texts: [&[u8]; 9] = [
            "ACME 中文 \u{1f600}".as_bytes(),
            br"\u5f20\u4e09 \ud83d\ude00 \uD83D\uDE00 \u00E9",
            br"half \ud83d and \ude00\ud83d",
            b"no utf-8 \xff\xc3 \xe4\xb8",
            br#"a\n\t\"\\\/\b\f\r"#,
            br"unknown \x41 \u12 \uzz \u",
            b"raw \x01 control \n",
            br"\\ud83d",
            b"\\",
        ];
        for text in texts {
            let mut out = Vec::new();
            write(&units(text), &mut out);
            assert_eq!(out, text, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_text_means_what_a_parser_makes_of_it() {
        for (text, expected) in [
            (br"\u5f20\u4e09".as_slice(), "张三"),
            (br"\ud83d\ude00", "\u{1f600}"),
            (br"\ud83d", "\u{fffd}"),
            (br#"\"a\n"#, "\"a\n"),
            (b"\xff", "\u{fffd}"),
        ] {
            assert_eq!(meaning(&units(text)), expected);
        }
    }
}
