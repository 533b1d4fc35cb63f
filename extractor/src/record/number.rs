//! Numbers: which of them may say who somebody is, and what stands in their place.

use super::{
    fields::Rule,
    known::Known,
    pseudonym::{Pseudonyms, Shape},
    scalar,
};

/// Digits from which on a number is no quantity, in a field of which nothing more is known.
const LONG: usize = 5;
/// Digits from which on a number under any name may be that of a card, an account or an identity.
const IDENTITY: usize = 15;
/// Digits behind the point that a price does not have, and a place on the map has.
const FINE: usize = 3;

/// Says whether a number that stands in such a field is replaced.
pub(crate) fn is_personal(text: &str, rule: Rule, known: &Known) -> bool {
    let digits = replaced(text).chars().filter(char::is_ascii_digit).count();
    let is_long = digits >= LONG || fraction(text) >= FINE;
    match rule {
        Rule::Kept => false,
        Rule::Phone | Rule::Birth => digits > 1,
        Rule::Area => digits > scalar::LONGEST_AREA,
        Rule::Person | Rule::Own | Rule::Unknown | Rule::Amount => is_long || known.is_personal(text),
        Rule::Listed => {
            let is_known = known.is_choice(text) || known.is_id(text);
            digits >= IDENTITY || (is_long && !is_known) || known.is_personal(text)
        }
        Rule::Code | Rule::Time | Rule::Choice | Rule::Setting | Rule::Message => {
            digits >= IDENTITY || known.is_personal(text)
        }
    }
}

/// Another number that is written in the same way: a day of the calendar becomes another day.
pub(crate) fn other(text: &str, pseudonyms: &Pseudonyms) -> String {
    let chars: Vec<char> = replaced(text).chars().collect();
    let other = match is_day(text) {
        true => scalar::another_day(&chars, &pseudonyms.of(&chars, Shape::Text)),
        false => pseudonyms.of(&chars, Shape::Phone),
    };
    let other: String = other.into_iter().collect();
    format!("{other}{}", &text[replaced(text).len()..])
}

/// Digits, whatever the point is moved by.
fn mantissa(text: &str) -> &str {
    text.find(['e', 'E']).map_or(text, |end| &text[..end])
}

/// Digits behind the point that say something.
fn fraction(text: &str) -> usize {
    let fraction = mantissa(text)
        .split_once('.')
        .map_or("", |(_, fraction)| fraction);
    fraction.trim_end_matches('0').len()
}

/// The part that is replaced: a point and zeros are how a program writes, no part of the number.
fn replaced(text: &str) -> &str {
    let mantissa = mantissa(text);
    match (fraction(text), mantissa.split_once('.')) {
        (0, Some((whole, _))) => whole,
        _ => mantissa,
    }
}

/// `19850312`.
fn is_day(text: &str) -> bool {
    let in_range = |from: usize, to: usize, most: u32| {
        let number = text.get(from..to).and_then(|part| part.parse().ok());
        number.is_some_and(|number: u32| (1..=most).contains(&number))
    };
    text.len() == 8
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.starts_with("19") || text.starts_with("20"))
        && in_range(4, 6, 12)
        && in_range(6, 8, 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_becomes_one_that_is_written_alike() {
        let pseudonyms = Pseudonyms::salted("test");
        for number in [
            "310115198001011234",
            "31.2304161234",
            "-121.4737",
            "5.6657420945678e13",
            "138001.0",
            "0.12345",
        ] {
            let made = other(number, &pseudonyms);
            let outline = |text: &str| text.replace(|char: char| char.is_ascii_digit(), "9");
            assert_eq!(outline(&made), outline(number));
            assert!(made != number && made.parse::<f64>().is_ok(), "{made}");
            assert_eq!(made, other(number, &pseudonyms));
        }
        assert!(other("138001.0", &pseudonyms).ends_with(".0"));
        let day = other("19850312", &pseudonyms);
        assert!(
            is_day(&day) && day.starts_with("198") && day != "19850312",
            "{day}"
        );
    }

    #[test]
    fn what_is_long_or_fine_is_replaced_unless_it_is_known() {
        let mut known = Known::default();
        known.add_choice("5203219001");
        let replaced = |text: &str, rule| is_personal(text, rule, &known);
        for rule in [Rule::Unknown, Rule::Own, Rule::Amount, Rule::Person] {
            for number in ["19850312", "350000", "31.2304", "1.125"] {
                assert!(replaced(number, rule), "{number} {rule:?}");
            }
            for number in ["3", "1.10", "2026", "9999", "5.6e13", "250.00"] {
                assert!(!replaced(number, rule), "{number} {rule:?}");
            }
        }
        assert!(replaced("6222021234567890123", Rule::Code) && !replaced("56657420945678", Rule::Code));
        assert!(replaced("5203219002", Rule::Listed) && !replaced("5203219001", Rule::Listed));
        assert!(!replaced("1795813148000", Rule::Time));
    }
}
