//! Patterns of dates whose signs stand where another one is meant.

/// What is odd about a pattern with `%`, and the right one.
pub(super) fn trap(pattern: &str) -> Option<(String, String)> {
    let signs = signs(pattern);
    let before = |at: usize| pattern.get(..at).and_then(|text| text.chars().next_back());
    let after = |at: usize| pattern.get(at + 2..).and_then(|text| text.chars().next());
    let is_clock = |c: Option<char>| matches!(c, Some(':' | '：'));
    let is_day = |c: Option<char>| matches!(c, Some('-' | '/' | '.' | '年' | '月' | '日'));
    let mut right = pattern.to_owned();
    let mut told: Vec<String> = Vec::new();
    let mut put = |at: usize, sign: char, message: String| {
        right.replace_range(at + 1..at + 2, &sign.to_string());
        told.push(message);
    };
    let has_half = signs.iter().any(|(_, sign)| matches!(sign, 'p' | 'r'));
    for (at, sign) in signs {
        match sign {
            'h' | 'I' | 'l' if !has_half => put(
                at,
                'H',
                words::tr!("%{sign} counts hours to 12, and without %p nobody knows which half of the day"),
            ),
            'm' | 'c' if is_clock(before(at)) || is_clock(after(at)) && !is_day(before(at)) => {
                put(
                    at,
                    'i',
                    words::tr!("%{sign} is the month, where the minute is expected"),
                );
            }
            'M' if is_clock(before(at)) => {
                put(
                    at,
                    'i',
                    words::text!("%M is the English name of the month").to_owned(),
                );
            }
            'M' if is_day(before(at)) || is_day(after(at)) => {
                put(
                    at,
                    'm',
                    words::text!("%M is the English name of the month").to_owned(),
                );
            }
            'D' if is_day(before(at)) || is_day(after(at)) => {
                put(
                    at,
                    'd',
                    words::text!("%D is the day with an English ending, as in 7th").to_owned(),
                );
            }
            'i' if is_day(before(at)) => {
                put(
                    at,
                    'm',
                    words::text!("%i is the minute, where the month is expected").to_owned(),
                );
            }
            _ => {}
        }
    }
    Some((told.first().cloned()?, words::tr!("write '{right}'")))
}

/// The letters behind `%`, with the places of their `%`.
fn signs(pattern: &str) -> Vec<(usize, char)> {
    let mut found = Vec::new();
    let mut chars = pattern.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == '%'
            && let Some((_, sign)) = chars.next()
            && sign.is_ascii()
        {
            found.push((at, sign));
        }
    }
    found
}
