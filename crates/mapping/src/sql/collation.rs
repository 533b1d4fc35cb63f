//! Comparing text as the server's default collation does: case and accents do not count, trailing spaces neither.
//!
//! Deliberate differences: characters beyond the basic plane (emoji) differ from each other, and a comparison with
//! the empty text ignores all white space around.

use std::cmp::Ordering;

use unicode_normalization::char::decompose_canonical;

/// Total order of two texts under the collation, shorter texts padded with spaces.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    if a.is_empty() || b.is_empty() {
        return order(a.trim(), b.trim());
    }
    order(a, b)
}

fn order(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.chars(), b.chars());
    loop {
        let pair = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) => (fold(x.unwrap_or(' ')), fold(y.unwrap_or(' '))),
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
pub(super) fn find(text: &str, needle: &str, from: usize) -> Option<usize> {
    let needle: String = needle.chars().map(fold_in_place).collect();
    let text: String = text.chars().map(fold_in_place).collect();
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
            assert_eq!(compare(a, b), Ordering::Equal, "{a:?} {b:?}");
        }
        for (a, b) in [("0", ""), ("😀", "😁"), ("客", "户"), (" 1", "1")] {
            assert_ne!(compare(a, b), Ordering::Equal, "{a:?} {b:?}");
        }
        assert_eq!(find("xxab", "AB", 0), Some(2));
        assert_eq!(find("abc", "", 0), Some(0));
        assert_eq!(find("aXbX", "x", 2), Some(3));
        assert_eq!((find("e", "é", 0), find("É", "é", 0)), (None, Some(0)));
    }
}
