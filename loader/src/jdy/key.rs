//! A company id as it stands in a key cell, also after people or an import have touched the cell (I2).
//!
//! A spreadsheet that goes out and comes back may add blanks, write full-width digits, or take the id for a number and
//! show it with a decimal point or an exponent. Whoever reads a cell gets the id back from all of these; whoever asks
//! for an id, which the vendor compares byte for byte, can ask for [`spellings`] too.

use std::borrow::Cow;

/// Spellings that [`spellings`] returns for an id of digits.
pub(crate) const SPELLINGS: usize = 4;
/// Longer numbers are no company ids.
const LONGEST_ID: usize = 20;
/// Fewer zeros at the end of an id are no sign of rounding.
const FEWEST_ROUNDED: usize = 3;
/// Digits that rounding leaves at least.
const FEWEST_LEFT: usize = 3;

/// The company id that a cell means; empty when it holds none.
pub(crate) fn company_id(cell: &str) -> Cow<'_, str> {
    let narrow: Cow<'_, str> = match cell.chars().any(is_foreign) {
        true => cell.chars().filter(|c| !is_invisible(*c)).map(narrowed).collect(),
        false => Cow::Borrowed(cell),
    };
    let trimmed = match narrow {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    match integer(&trimmed) {
        Some(digits) => Cow::Owned(digits),
        None => trimmed,
    }
}

/// Whether this looks like a company id as OKKI gives them out.
pub(crate) fn is_company_id(key: &str) -> bool {
    key.len() <= LONGEST_ID && !key.starts_with('0') && all_digits(key).is_some()
}

/// Whether this is written like a telephone number: a mobile number of China (11 digits, 1 and 3 to 9 first), with 86 or
/// without, or anything with an area code. A company's id has more digits.
pub(crate) fn is_phone(key: &str) -> bool {
    let with_country = key.starts_with('+');
    let dialled = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')');
    let digits: String = key.chars().filter(char::is_ascii_digit).collect();
    let national = digits
        .strip_prefix("86")
        .filter(|rest| rest.len() == 11)
        .unwrap_or(&digits);
    let is_mobile =
        national.len() == 11 && national.starts_with('1') && !matches!(&national[1..2], "0" | "1" | "2");
    let has_area = with_country || digits.starts_with('0') && key.contains(['-', ' ', '(']);
    key.chars().all(dialled) && (is_mobile || has_area && (7..=15).contains(&digits.len()))
}

/// Whether a cell of a row that is known to be this company's may still mean it: not when it holds another company's id.
/// What no company has as its id is damage: a remark, thousands separators, a formula, an id whose last digits a
/// spreadsheet has rounded away.
pub(crate) fn may_mean(cell: &str, company: &str) -> bool {
    let key = company_id(cell);
    let typed: String = cell.chars().filter(|c| !is_invisible(*c)).map(narrowed).collect();
    key == company || !is_company_id(typed.trim()) || is_rounded(&key, company)
}

/// Whether `key` is `company` with its last digits, three at least, rounded to zeros.
fn is_rounded(key: &str, company: &str) -> bool {
    let zeros = key.len() - key.trim_end_matches('0').len();
    let (Ok(rounded), Ok(exact)) = (key.parse::<u128>(), company.parse::<u128>()) else {
        return false;
    };
    let unit = 10_u128.pow(u32::try_from(zeros).unwrap_or(0).min(20));
    let off = rounded.abs_diff(exact);
    let is_near = off * 2 <= unit || rounded < exact && off < unit;
    zeros >= FEWEST_ROUNDED && key.len() - zeros >= FEWEST_LEFT && is_near
}

/// Other ways in which the id may stand in a cell, those that imports are known to make. Not all that [`company_id`]
/// reads: the walk over the form finds the rest.
pub(crate) fn spellings(company: &str) -> Vec<String> {
    let mut others = vec![format!("{company} ")];
    if !company.is_empty() && company.bytes().all(|byte| byte.is_ascii_digit()) {
        others.push(company.chars().map(widened).collect());
        others.push(format!("{company}.0"));
        others.extend(scientific(company));
    }
    others
}

/// The digits of a number that is written with a point or an exponent, if it is a whole one.
fn integer(text: &str) -> Option<String> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
            (mantissa, all_digits(exponent)?.parse::<usize>().ok()?)
        }
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, all_digits(fraction)?),
        None if exponent == 0 => return None,
        None => (mantissa, ""),
    };
    let significant = fraction.trim_end_matches('0');
    // Beyond 20 digits it is no id, and a cell shall not make us write a thousand zeros.
    if all_digits(whole)?.len() + exponent > 20 || significant.len() > exponent {
        return None;
    }
    let zeros = "0".repeat(exponent - significant.len());
    Some(format!("{whole}{significant}{zeros}"))
}

fn all_digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

/// `56056418101234` as `5.6056418101234E+13`.
fn scientific(digits: &str) -> Option<String> {
    let exponent = digits.len().checked_sub(1).filter(|exponent| *exponent > 0)?;
    let (first, rest) = digits.split_at_checked(1)?;
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    (first != "0").then(|| format!("{first}{point}{rest}E+{exponent}"))
}

fn is_foreign(c: char) -> bool {
    is_invisible(c) || narrowed(c) != c
}

/// Characters that a text copied from a web page or a spreadsheet brings along.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Full-width forms and the ideographic space as their ASCII counterparts.
fn narrowed(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        _ => c,
    }
}

fn widened(digit: char) -> char {
    char::from_u32(u32::from(digit) + 0xfee0).unwrap_or(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touched_cell_still_means_its_customer() {
        let id = "56056418101234";
        let cells = [
            "56056418101234",
            " 56056418101234",
            "56056418101234\u{a0}\n",
            "\u{feff}56056418101234\u{200b}",
            "\u{3000}５６０５６４１８１０１２３４",
            "56056418101234.0",
            "56056418101234.000",
            "5.6056418101234E+13",
            "5.6056418101234e13",
            "５．６０５６４１８１０１２３４Ｅ＋１３",
            "56056418101.234E3",
        ];
        for cell in cells {
            assert_eq!(company_id(cell), id, "{cell:?}");
        }
        for other in spellings(id) {
            assert_eq!(company_id(&other), id, "{other:?}");
        }
        assert_eq!(spellings(id).len(), SPELLINGS);
        assert_eq!(company_id("5.60564181012E+13"), "56056418101200");
        assert_eq!(spellings("100")[3], "1E+2");
    }

    #[test]
    fn damage_is_no_id_of_another_company() {
        let company = "56056418101234";
        for damaged in [
            "",
            "作废",
            "56,056,418,101,234",
            "056056418101234",
            "=\"56056418101234\"",
            "5.60564E+13",
            "56056400000000",
            "56056418101000",
            "\u{202a}56056418101234\u{202c}",
            " 56056418101234",
        ] {
            assert!(may_mean(damaged, company), "{damaged:?}");
        }
        for other in ["56056418101235", "56056418101200", "56056500000000", "7", "５６"] {
            assert!(!may_mean(other, company), "{other:?}");
        }
    }

    #[test]
    fn what_is_no_whole_number_stays_as_it_is() {
        for cell in [
            "", "12.5", "1.25E+1", "1E", "E5", "1E-3", "1e99", "A-17", "一二", ".5", "5.", "12",
        ] {
            assert_eq!(company_id(cell), cell);
        }
        assert_eq!(company_id("  "), "");
        assert_eq!(spellings("A-17"), ["A-17 "]);
    }
}
