//! What single texts look like: whether one can only be a code, a time, a choice, and not something about a person.

/// Digits of a country's or an area's number.
pub(crate) const LONGEST_AREA: usize = 4;
const LONGEST_CHOICE: usize = 40;
const LONGEST_TIME: usize = 40;
/// Digits in a row that no choice has.
const LONGEST_IN_CHOICE: usize = 6;

/// What OKKI says about a call (docs/okki-api.md §2, §3).
const MESSAGES: &[&str] = &[
    "success",
    "ok",
    "Not Found Resource",
    "No Privilege",
    "Invalid query",
    "Invalid data json",
    "Empty POST request body data",
    "Too Many Requests",
    "access_denied",
    "invalid_token",
    "expired",
    "系统繁忙",
    "分组不存在",
    "system busy",
    "error",
    "daily quota exceeded",
];

/// Texts of codes: kinds of contacts, and yes or no.
const WORDS: &[&str] = &[
    "linkedin",
    "facebook",
    "twitter",
    "instagram",
    "skype",
    "whatsapp",
    "wechat",
    "weixin",
    "qq",
    "viber",
    "telegram",
    "line",
    "youtube",
    "pinterest",
    "tiktok",
    "yes",
    "no",
    "true",
    "false",
    "是",
    "否",
    "无",
    "company",
    "customer",
];

const MONTHS: &[&str] = &[
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "am",
    "pm",
    "t",
    "z",
    "h",
    "utc",
    "gmt",
    "上午",
    "下午",
    "年",
    "月",
    "日",
    "时",
    "分",
    "秒",
];

pub(crate) fn is_known_message(text: &str) -> bool {
    MESSAGES.contains(&text)
}

/// A number, a colour, `CN`, `C00017`, or a word that is a code.
pub(crate) fn is_code(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let is_numeric = unsigned.starts_with(|char: char| char.is_ascii_digit())
        && unsigned.len() <= 24
        && unsigned.parse::<f64>().is_ok();
    let is_colour = text
        .strip_prefix('#')
        .is_some_and(|hex| hex.len() <= 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let digits = text.trim_start_matches(|char: char| char.is_ascii_alphabetic());
    let letters = &text[..text.len() - digits.len()];
    let digits = digits.trim_start_matches(['-', '_']);
    let is_serial = letters.len() <= 4
        && (1..=12).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_short = matches!(text.len(), 2 | 3) && text.bytes().all(|byte| byte.is_ascii_uppercase());
    is_numeric || is_colour || is_serial || is_short || WORDS.contains(&text)
}

/// A time in whatever form: digits, what stands between them, names of months.
pub(crate) fn is_time(text: &str) -> bool {
    let words = text
        .split(|char: char| !char.is_alphabetic())
        .filter(|word| !word.is_empty());
    text.chars().count() <= LONGEST_TIME
        && text.contains(|char: char| char.is_ascii_digit())
        && !text.contains('@')
        && words
            .map(str::to_lowercase)
            .all(|word| MONTHS.contains(&word.as_str()))
}

/// Nothing in it looks like an address or a telephone number.
pub(crate) fn is_tame(text: &str) -> bool {
    let longest = text
        .split(|char: char| !char.is_numeric())
        .map(|run| run.chars().count())
        .max();
    text.chars().count() <= LONGEST_CHOICE
        && longest.unwrap_or(0) <= LONGEST_IN_CHOICE
        && !text.contains(['@', '＠'])
        && !text.contains("://")
        && !text.to_ascii_lowercase().contains("www.")
}

/// What comes before a telephone number.
pub(crate) fn is_area(text: &str) -> bool {
    let digits = text
        .trim_start_matches(['+', '＋', '0', ' ', '('])
        .trim_end_matches(')');
    digits.chars().count() <= LONGEST_AREA && digits.chars().all(|char| char.is_numeric())
}

/// A day, perhaps with a time behind it.
pub(crate) fn is_day(text: &str) -> bool {
    days(&text.chars().collect::<Vec<_>>()).is_some()
}

/// How OKKI writes that there is no day.
pub(crate) fn is_no_day(text: &str) -> bool {
    text.starts_with("1970-01-01") || text.starts_with("0000-00-00")
}

/// Where year, month and day stand.
fn days(text: &[char]) -> Option<[std::ops::Range<usize>; 3]> {
    let mut runs = Vec::new();
    let mut at = 0;
    for run in text.chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit()) {
        if run[0].is_ascii_digit() {
            runs.push(at..at + run.len());
        }
        at += run.len();
    }
    match runs.as_slice() {
        [whole, ..] if whole.len() == 8 => {
            let at = whole.start;
            Some([at..at + 4, at + 4..at + 6, at + 6..at + 8])
        }
        [year, month, day, ..] if year.len() == 4 && month.len() <= 2 && day.len() <= 2 => {
            Some([year.clone(), month.clone(), day.clone()])
        }
        _ => None,
    }
}

/// The text with another day, drawn from the digits of a pseudonym; the decade stays.
pub(crate) fn another_day(text: &[char], drawn: &[char]) -> Vec<char> {
    let Some([year, month, day]) = days(text) else {
        return drawn.to_vec();
    };
    let mut other = text.to_vec();
    let number = |of: &[char]| {
        of.iter()
            .filter_map(|char| char.to_digit(10))
            .fold(0, |sum, digit| sum * 10 + digit)
    };
    let last = year.end - 1;
    other[last] = drawn[last];
    for (place, most) in [(month, 12), (day, 28)] {
        let most = if place.len() == 1 { 9 } else { most };
        let before = number(&text[place.clone()]);
        let mut after = 1 + number(&drawn[place.clone()]) % most;
        if after == before {
            after = after % most + 1;
        }
        let width = place.len();
        for (at, char) in place.zip(format!("{after:0width$}").chars()) {
            other[at] = char;
        }
    }
    other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_short_and_about_nobody() {
        for code in [
            "0", "-1", "3.50", "#cccccc", "CN", "C00017", "KH-12", "linkedin", "5.6e13", "无",
        ] {
            assert!(is_code(code), "{code}");
        }
        for other in [
            "",
            "Li",
            "zhang",
            "Zhang San",
            "1 2",
            "a@b",
            "NaN",
            "inf",
            "KUNDE-12",
            "-",
        ] {
            assert!(!is_code(other), "{other}");
        }
    }

    #[test]
    fn times_have_digits_and_no_other_words() {
        for time in [
            "2026-11-28 04:59:08",
            "2026-11-27T20:59:08.000Z",
            "28. Nov 2026, 4h59",
            "1795813148000",
            "2026年11月28日 上午4时",
            "Sat, 28 Nov 2026 04:59:08 GMT",
        ] {
            assert!(is_time(time), "{time}");
        }
        for other in ["soon", "28. Zhang 2026", "may", "", "a@1.de"] {
            assert!(!is_time(other), "{other}");
        }
    }

    #[test]
    fn choices_are_tame() {
        for tame in ["展会", "5星", "50万～100万美元", "China, South"] {
            assert!(is_tame(tame), "{tame}");
        }
        for wild in [
            "a@b.com",
            "call 13800138000",
            "１３８００１３",
            "http://x",
            "www.x.de",
        ] {
            assert!(!is_tame(wild), "{wild}");
        }
    }

    #[test]
    fn a_day_becomes_another_day() {
        for (day, drawn, expected) in [
            ("1985-03-12", "2196-34-99", "1986-11-16"),
            ("1985/3/12 00:00", "2196/4/23", "1986/5/24 00:00"),
            ("19850312", "21963499", "19861116"),
            ("1985-11-16", "2196-34-99", "1986-12-17"),
        ] {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let drawn = chars(&format!("{drawn}      "));
            assert_eq!(
                another_day(&chars(day), &drawn).into_iter().collect::<String>(),
                expected
            );
        }
        assert!(!is_day("tomorrow") && !is_day("12.3."));
        assert!(is_area("86") && is_area("+0571") && is_area("(0571)") && !is_area("13800138000"));
    }
}
