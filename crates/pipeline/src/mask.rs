//! Personal data for people who only need to recognise it: e-mail addresses and phone numbers, mostly hidden.
//!
//! Used for everything that is printed or logged about a customer: error texts of vendors, dead-letter listings.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// `zhang.wei@example.com` → `z***@example.com`.
pub fn mask_email(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{}***@{domain}", local.chars().take(1).collect::<String>()),
        None => "***".to_owned(),
    }
}

/// Keeps a leading `+`, the first three and the last two digits of a number long enough to spare them:
/// `+86 138-1234-5678` → `+861***78`.
pub fn mask_phone(phone: &str) -> String {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
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
/// mobile number; others need a `+`, an area code or the usual grouping.
pub fn mask_text(text: &str) -> String {
    let text = EMAIL.replace_all(text, |found: &Captures<'_>| mask_email(&found[0]));
    PHONE
        .replace_all(&text, |found: &Captures<'_>| {
            format!("{}{}", &found["before"], mask_phone(&found["phone"]))
        })
        .into_owned()
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

static EMAIL: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*"));

static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?x)
        (?<before> ^ | [^\p{L}\p{N}_+＋.-] )
        (?<phone>
            [+＋] \s? \d (?: [\s().-]{0,2} \d ){6,14}             # international
          | (?: \(? 0?86 \)? [\s-]? )? 1 [3-9] \d [\s-]? \d{4} [\s-]? \d{4} \b  # Chinese mobile
          | \(? 0 \d{2,3} \)? [\s-]? \d{7,8} \b                   # Chinese landline
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
