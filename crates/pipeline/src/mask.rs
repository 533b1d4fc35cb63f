//! Personal data for people who only need to recognise it: e-mail addresses and phone numbers, mostly hidden.
//!
//! Used for everything that is printed or logged about a customer: error texts of vendors, dead-letter listings.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// `zhang.wei@example.com` → `z***@example.com`.
pub fn mask_email(email: &str) -> String {
    match email.rsplit_once(['@', '＠']) {
        Some((local, domain)) => format!("{}***@{domain}", local.chars().take(1).collect::<String>()),
        None => "***".to_owned(),
    }
}

/// Keeps a leading `+`, the first three and the last two digits of a number long enough to spare them:
/// `+86 138-1234-5678` → `+861***78`.
pub fn mask_phone(phone: &str) -> String {
    let digits: String = phone.chars().map(narrow).filter(char::is_ascii_digit).collect();
    let plus = if phone.trim_start().starts_with(['+', '＋']) {
        "+"
    } else {
        ""
    };
    match digits.len() {
        0..7 => "***".to_owned(),
        len => format!("{plus}{}***{}", &digits[..3], &digits[len - 2..]),
    }
}

/// Masks every e-mail address and everything that has the form of a phone number in a text.
///
/// Long ids, times and dates stay readable: a bare run of digits counts as a phone number only if it is a Chinese
/// mobile number; others need a `+`, an area code or the usual grouping. Wide digits and signs count as the usual ones.
pub fn mask_text(text: &str) -> String {
    let text = EMAIL.replace_all(text, |found: &Captures<'_>| mask_email(&found[0]));
    // Only what is found changes, so the form that is searched through has a byte for every sign that may be part of a number.
    let (narrowed, places) = narrowed(&text);
    let mut masked = String::with_capacity(text.len());
    let mut done = 0;
    for found in PHONE.captures_iter(&narrowed) {
        let Some(phone) = found.name("phone") else {
            continue;
        };
        let place = |at: usize| places.as_ref().map_or(at, |places| places[at]);
        masked.push_str(&text[done..place(phone.start())]);
        masked.push_str(&mask_phone(phone.as_str()));
        done = place(phone.end());
    }
    masked.push_str(&text[done..]);
    masked
}

/// The usual form of a wide digit or sign.
fn narrow(c: char) -> char {
    match c {
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32).unwrap_or(c),
        '＋' => '+',
        '（' => '(',
        '）' => ')',
        '－' | '‐' | '‑' | '‒' | '–' | '—' => '-',
        '．' => '.',
        '\u{3000}' | '\u{a0}' => ' ',
        _ => c,
    }
}

/// The text with the usual forms of wide digits and signs, and where each of its bytes stands in the text, if that differs.
fn narrowed(text: &str) -> (Cow<'_, str>, Option<Vec<usize>>) {
    if text.chars().all(|c| narrow(c) == c) {
        return (text.into(), None);
    }
    let (mut narrowed, mut places) = (String::with_capacity(text.len()), Vec::with_capacity(text.len()));
    for (at, c) in text.char_indices() {
        narrowed.push(narrow(c));
        places.resize(narrowed.len(), at);
    }
    places.push(text.len());
    (narrowed.into(), Some(places))
}

/// Text of others as a terminal may show it: what would move its cursor, colour it or turn the direction of writing is
/// replaced.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_harmful = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    match text.contains(is_harmful) {
        true => text.replace(is_harmful, "\u{fffd}").into(),
        false => text.into(),
    }
}

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"[\p{L}\p{N}._%+'-]+(?:[@＠]|(?i:%40|&#64;|&#x40;|&commat;|\\u0040))[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*",
    )
});

static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?x)
        (?: ^ | [^a-zA-Z\p{N}_+.-] )
        (?<phone>
            \+ \s? \d (?: [\s().-]{0,3} \d ){6,14}             # international
          | (?: \(? (?: 00 | 0 )? 86 \)? [\s-]{0,2} )? 1 [3-9] \d [\s-]? \d{4} [\s-]? \d{4} \b  # Chinese mobile
          | \(? (?: 00 | 0 )? 86 \)? [\s-]{0,2} \(? 0? [1-9] \d{1,2} \)? [\s-]{0,2} \d{3,4} [\s-]? \d{4} \b  # with the country
          | \(? 0 \d{2,3} \)? [\s-]{0,2} \d{3,4} [\s-]? \d{4} \b  # Chinese landline
          | \d{3,4} - \d{7,8} \b                                 # the same with a strange area
          | \(? [2-9] \d{2} \)? [\s.-] \d{3} [\s.-] \d{4} \b      # North America
        )",
    )
});

fn compiled(pattern: &str) -> Regex {
    // The patterns are constants and a test compiles them; without one nothing may be shown at all.
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_move_the_cursor() {
        assert_eq!(printable("上海\n公司 Ltd"), "上海\n公司 Ltd");
        assert_eq!(
            printable("\u{1b}[2J\u{7}a\rb\u{202e}c\u{9b}d"),
            "\u{fffd}[2J\u{fffd}a\u{fffd}b\u{fffd}c\u{fffd}d"
        );
    }

    #[test]
    fn emails_keep_initial_and_domain() {
        assert_eq!(mask_email("zhang.wei@example.com"), "z***@example.com");
        assert_eq!(mask_email("张伟@例子.中国"), "张***@例子.中国");
        assert_eq!(mask_email("nobody"), "***");
    }

    #[test]
    fn phones_keep_their_ends() {
        assert_eq!(mask_phone("+86 138-1234-5678"), "+861***78");
        assert_eq!(mask_phone("13812345678"), "138***78");
        assert_eq!(mask_phone("12345"), "***");
    }

    #[test]
    fn texts_lose_every_address_and_number() {
        for (text, masked) in [
            (
                "mail a.b+c@x.co.uk, call 13812345678!",
                "mail a***@x.co.uk, call 138***78!",
            ),
            (
                "电话：13812345678，邮箱：wang@qq.com。",
                "电话：138***78，邮箱：w***@qq.com。",
            ),
            (
                "tel (010) 62345678 or +49 (0)30 901820",
                "tel 010***78 or +490***20",
            ),
            ("+8613812345678", "+861***78"),
            (
                "{\"tel\":\"13812345678\",\"mail\":\"a@b.cn\"}",
                "{\"tel\":\"138***78\",\"mail\":\"a***@b.cn\"}",
            ),
            ("138 1234 5678", "138***78"),
            ("US 212-555-0187", "US 212***87"),
            ("13812345678 13912345678", "138***78 139***78"),
            ("电话1 0571 8888 3333", "电话1 057***33"),
            ("(86)571-88884444 or 0086 571 8888 4444", "865***44 or 008***44"),
            ("座机 355-42381055", "座机 355***55"),
            ("电话１３８１２３４５６７８（王）", "电话138***78（王）"),
            ("＋８６（０５７１）８８８８－３３３３", "+860***33"),
            ("wang＠qq.com", "w***@qq.com"),
            (r"wang%40qq.com wang&#64;qq.com wang\u0040qq.com", "*** *** ***"),
        ] {
            assert_eq!(mask_text(text), masked);
        }
    }

    #[test]
    fn ids_times_and_codes_stay() {
        for text in [
            "company 11520036821001 at 1762358927:1763900000000001",
            "2026-01-02 03:04:05 +08:00 code 17026",
            "59264073a2a60c0c08e20bfb _widget_1432728651402",
            "2018-01-01T10:10:10.000Z took 12345 ms",
            "87cd7d71-c6df-4281-9927-469094395677",
        ] {
            assert_eq!(mask_text(text), text);
        }
    }
}
