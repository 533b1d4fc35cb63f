//! What a pseudonym keeps, and that it keeps nothing else.

use super::*;
use proptest::prelude::*;

fn of(text: &str, shape: Shape) -> String {
    let chars: Vec<char> = text.chars().collect();
    Pseudonyms::salted("test").of(&chars, shape).into_iter().collect()
}

/// `a` for a small letter, `A` for a large one, `9` for a digit, `中` for an ideograph; the rest as it is.
fn outline(text: &str) -> String {
    let kind = |char: char| match char {
        'a'..='z' => 'a',
        'A'..='Z' => 'A',
        '0'..='9' => '9',
        '０'..='９' => '０',
        '\u{4e00}'..='\u{9fa5}' => '中',
        char => char,
    };
    text.chars().map(kind).collect()
}

#[test]
fn the_shape_stays() {
    for text in [
        "Zhang San",
        " ACME GmbH & Co. KG\t",
        "张三（华东）",
        "zhang.san+crm@mail.example.com",
        "１３８ 0013-8000",
        "a\u{0}b\u{200b}c\u{feff}",
        "Größe \u{1f600} ①",
        "王-Wang\u{301}",
    ] {
        let made = of(text, Shape::Text);
        assert_ne!(made, text);
        assert_eq!(made.len(), text.len(), "{made}");
        if !text.contains('ö') {
            assert_eq!(outline(&made), outline(text));
        }
    }
}

#[test]
fn addresses_stay_addresses() {
    let mail = of("Zhang.San@Acme-Tools.COM", Shape::Text);
    assert!(mail.ends_with(".COM") && mail.matches('@').count() == 1, "{mail}");
    assert!(!mail.to_lowercase().contains("acme"), "{mail}");
    let page = of("https://www.acme.de/team/zhang.jpg?u=%E5%BC%A0", Shape::Text);
    assert!(
        page.starts_with("https://www.") && page.contains(".de/"),
        "{page}"
    );
    assert!(!page.contains("acme") && !page.contains("zhang"), "{page}");
    let escape = page.rsplit('%').next().unwrap();
    assert!(
        escape.len() == 2 && escape.chars().all(|char| char.is_ascii_hexdigit()),
        "{page}"
    );
    // Not an ending that everybody has.
    assert!(!of("zhang.san", Shape::Text).ends_with(".san"));
}

#[test]
fn phones_keep_what_comes_before_the_number() {
    for (phone, prefix) in [
        ("+86 138 0013 8000", "+86 "),
        ("+8613800138000", "+86"),
        ("＋８６ 13800138000", "＋８６ "),
        ("0086-571-8888", "0086-"),
        ("0571-88886666", "0"),
        ("13800138000", "1"),
        ("+1 (415) 555-0100", "+1 ("),
    ] {
        let made = of(phone, Shape::Phone);
        assert!(made.starts_with(prefix), "{phone}: {made}");
        assert_eq!(outline(&made), outline(phone));
        let rest = &phone[prefix.len()..];
        assert!(!made.ends_with(rest), "{phone}: {made}");
    }
    assert_ne!(of("5", Shape::Phone), "5");
}

#[test]
fn one_thing_written_in_several_ways_stays_one_thing() {
    let plain = of("acme", Shape::Text);
    assert_eq!(of(" ACME\n", Shape::Text).trim().to_lowercase(), plain);
    assert_eq!(of("a-c.me", Shape::Text).replace(['-', '.'], ""), plain);
    let digits = |text: &str| -> String { text.chars().map(folded).filter(char::is_ascii_digit).collect() };
    assert_eq!(
        digits(&of("１３８ 0013-8000", Shape::Phone)),
        digits(&of("13800138000", Shape::Phone))
    );
}

#[test]
fn another_salt_gives_another_pseudonym_and_the_same_one_the_same() {
    let name: Vec<char> = "Zhang San 张三".chars().collect();
    let with = |salt| Pseudonyms::salted(salt).of(&name, Shape::Text);
    assert_eq!(with("a"), with("a"));
    assert_ne!(with("a"), with("b"));
    let [one, other] = [(); 2].map(|()| Pseudonyms::random().unwrap().of(&name, Shape::Text));
    assert_ne!(one, other);
}

proptest! {
    #[test]
    fn every_text_keeps_its_outline_and_loses_every_character_that_could_be_replaced(
        text in "[a-zA-Z0-9 ._@/:%+\\-\u{0}\u{7f}\u{e4}\u{4e00}-\u{4f00}\u{430}-\u{44f}\u{ff10}-\u{ff19}\u{1f600}\u{200b}]{0,60}",
        phone: bool,
    ) {
        let shape = if phone { Shape::Phone } else { Shape::Text };
        let before: Vec<char> = text.chars().collect();
        let after = Pseudonyms::salted("test").of(&before, shape);
        let kept = kept(&before, shape);
        prop_assert_eq!(before.len(), after.len());
        for (at, (one, other)) in before.iter().zip(&after).enumerate() {
            prop_assert_eq!(one.len_utf8(), other.len_utf8());
            prop_assert_eq!(one.is_control(), other.is_control());
            prop_assert_eq!(one.is_whitespace(), other.is_whitespace());
            if Kind::of(*one).is_some() && !kept[at] {
                prop_assert_ne!(one, other);
                prop_assert_eq!(one.is_lowercase(), other.is_lowercase());
            } else {
                prop_assert_eq!(one, other);
            }
        }
    }

    #[test]
    fn any_text_at_all_has_a_pseudonym_of_the_same_length(text in any::<String>()) {
        prop_assert_eq!(of(&text, Shape::Text).len(), text.len());
    }
}
