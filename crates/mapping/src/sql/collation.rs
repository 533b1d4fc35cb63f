//! Comparing text as the server's default collation does: case and accents do not count, trailing spaces neither;
//! or to the letter, where BINARY or COLLATE asks for it.
//!
//! Deliberate differences: characters beyond the basic plane (emoji) differ from each other, and a comparison with
//! the empty text ignores all white space around.

use std::cmp::Ordering;

use unicode_normalization::char::decompose_canonical;

/// How texts are compared, the loosest first: beside each other the strictest one counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Collation {
    /// Case and accents do not count.
    #[default]
    Loose,
    /// The same, in the order of GBK, which for the usual characters is that of their sounds.
    Gbk,
    /// `…_bin`: to the letter, but for spaces at the end.
    Letter,
    /// `…_nopad_bin`: to the letter.
    LetterAndSpace,
    /// `BINARY`: to the byte, which is no other order than to the letter.
    Byte,
}

impl Collation {
    /// Case and accents count.
    pub(crate) fn is_exact(self) -> bool {
        self >= Collation::Letter
    }

    /// The one that a name stands for, whatever the character set in front of it; all text is Unicode here.
    pub(super) fn named(name: &str) -> Option<Collation> {
        let name = name.to_ascii_lowercase();
        if name == "binary" {
            return Some(Collation::Byte);
        }
        let (set, kind) = name.split_once('_')?;
        match (set, kind) {
            ("gbk", "chinese_ci") => Some(Collation::Gbk),
            ("utf8mb4" | "utf8mb3" | "utf8", kind) => match kind {
                "bin" => Some(Collation::Letter),
                "nopad_bin" | "0900_bin" => Some(Collation::LetterAndSpace),
                "general_ci" | "unicode_ci" | "unicode_520_ci" | "0900_ai_ci" | "uca1400_ai_ci" => {
                    Some(Collation::Loose)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Total order of two texts under a collation, shorter texts padded with spaces.
pub(super) fn compare(a: &str, b: &str, collation: Collation) -> Ordering {
    match collation {
        Collation::Loose if a.is_empty() || b.is_empty() => order(a.trim(), b.trim(), fold),
        Collation::Loose => order(a, b, fold),
        Collation::Gbk => order(a, b, gbk),
        Collation::Letter => order(a, b, |c| c),
        Collation::LetterAndSpace | Collation::Byte => a.cmp(b),
    }
}

/// The place of a character in GBK; what is not in it stands behind everything that is.
fn gbk(c: char) -> u32 {
    let mut text = [0; 4];
    let (bytes, _, unknown) = encoding_rs::GBK.encode(c.to_ascii_uppercase().encode_utf8(&mut text));
    match unknown {
        true => u32::from(c) + (1 << 24),
        false => bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte)),
    }
}

fn order<K: Ord>(a: &str, b: &str, key: fn(char) -> K) -> Ordering {
    let (mut a, mut b) = (a.chars(), b.chars());
    loop {
        let pair = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => (key(x.unwrap_or(' ')), key(y.unwrap_or(' '))),
        };
        match pair.0.cmp(&pair.1) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
    }
}

/// The character without case and accent.
pub(super) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let base = if is_latin(c) { base(c) } else { c };
    let mut upper = base.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        (Some('S'), _) if c == 'ß' => 'S',
        _ => base,
    }
}

fn is_latin(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

fn base(c: char) -> char {
    let mut first = None;
    decompose_canonical(c, |part| {
        first.get_or_insert(part);
    });
    first.unwrap_or(c)
}

/// Searching compares stretches of equal length in bytes: `é` finds `É`, but not `e`.
fn fold_in_place(c: char) -> char {
    let same_size = |folded: &char| folded.len_utf8() == c.len_utf8();
    Some(fold(c))
        .filter(same_size)
        .or_else(|| c.to_uppercase().next().filter(same_size))
        .unwrap_or(c)
}

/// Position, in characters from 0, of `needle` in `text` at or after character `from`. Linear in both.
pub(super) fn find(text: &str, needle: &str, from: usize, collation: Collation) -> Option<usize> {
    let kept = |c| match collation.is_exact() {
        true => c,
        false => fold_in_place(c),
    };
    let needle: String = needle.chars().map(kept).collect();
    let text: String = text.chars().map(kept).collect();
    let start = match text.char_indices().nth(from) {
        Some((at, _)) => at,
        None if text.chars().count() == from => text.len(),
        None => return None,
    };
    let at = text.get(start..)?.find(&needle)?;
    Some(from + text.get(start..start + at)?.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_case_accents_and_trailing_spaces() {
        for (a, b) in [
            ("A", "a"),
            ("é", "E"),
            ("1 ", "1"),
            (" ", ""),
            ("\t", ""),
            ("ß", "s"),
        ] {
            assert_eq!(compare(a, b, Collation::Loose), Ordering::Equal, "{a:?} {b:?}");
        }
        for (a, b) in [("0", ""), ("😀", "😁"), ("客", "户"), (" 1", "1")] {
            assert_ne!(compare(a, b, Collation::Loose), Ordering::Equal, "{a:?} {b:?}");
        }
        assert_eq!(find("xxab", "AB", 0, Collation::Loose), Some(2));
        assert_eq!(find("abc", "", 0, Collation::Loose), Some(0));
        assert_eq!(find("aXbX", "x", 2, Collation::Loose), Some(3));
        assert_eq!(
            (
                find("e", "é", 0, Collation::Loose),
                find("É", "é", 0, Collation::Loose)
            ),
            (None, Some(0))
        );
    }
}
