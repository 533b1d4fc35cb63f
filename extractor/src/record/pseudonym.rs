//! Personal data replaced by something of the same shape: the same input gives the same output as long as the salt is the
//! same, and nobody without the salt comes back from it.
//!
//! Each letter, digit and ideograph becomes another one of its own kind; blanks, punctuation, control characters, emoji
//! and marks stay. What differs only in case, in the width of its letters and digits, or in what stands between them,
//! still does so afterwards: `ACME`, ` acme ` and `ＡＣＭＥ` have one pseudonym, written in three ways.

use ring::{hmac, rand::SystemRandom};

/// What a text is, as far as that decides which part of it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// An address of the web or of mail keeps its scheme and the end of its host.
    Text,
    /// A telephone number keeps what comes before the subscriber's number.
    Phone,
}

/// Last parts of hosts and names of files that say nothing about anybody.
const ENDINGS: [&str; 44] = [
    "com", "cn", "net", "org", "edu", "gov", "info", "biz", "io", "co", "hk", "tw", "de", "fr", "it", "es",
    "uk", "us", "eu", "ru", "jp", "kr", "in", "br", "au", "ca", "nl", "pl", "tr", "vn", "th", "id", "my",
    "sg", "ae", "sa", "jpg", "jpeg", "png", "gif", "pdf", "doc", "xls", "html",
];

/// Beginnings of addresses.
const SCHEMES: [&str; 7] = ["https://", "http://", "ftp://", "mailto:", "tel:", "//", "www."];

/// Makes pseudonyms with one salt.
#[derive(Debug)]
pub(crate) struct Pseudonyms {
    key: hmac::Key,
}

impl Pseudonyms {
    /// With a salt that nobody knows and that ends with this process. `None` when the system has no randomness.
    pub(crate) fn random() -> Option<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok()?;
        Some(Self { key })
    }

    /// With a salt that can be given again.
    pub(crate) fn salted(salt: &str) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, salt.as_bytes()),
        }
    }

    /// The pseudonym, character by character.
    pub(crate) fn of(&self, text: &[char], shape: Shape) -> Vec<char> {
        let kept = kept(text, shape);
        let is_replaced = |at: &usize| !kept[*at] && Kind::of(text[*at]).is_some();
        let places: Vec<usize> = (0..text.len()).filter(is_replaced).collect();
        let folded: String = places.iter().map(|at| folded(text[*at])).collect();
        let mut stream = Stream::new(&self.key, &folded);
        let mut pseudonym = text.to_vec();
        for at in places {
            let draw = stream.next();
            if let Some(kind) = Kind::of(text[at]) {
                pseudonym[at] = match percent(text, at) {
                    true => other_hex(text[at], draw),
                    false => kind.other(text[at], draw),
                };
            }
        }
        pseudonym
    }
}

/// Numbers drawn from the key and the text.
struct Stream<'a> {
    key: &'a hmac::Key,
    text: &'a str,
    block: Vec<u8>,
    blocks: u32,
}

impl<'a> Stream<'a> {
    const fn new(key: &'a hmac::Key, text: &'a str) -> Self {
        Self {
            key,
            text,
            block: Vec::new(),
            blocks: 0,
        }
    }

    fn next(&mut self) -> u32 {
        if self.block.is_empty() {
            let mut context = hmac::Context::with_key(self.key);
            context.update(&self.blocks.to_be_bytes());
            context.update(self.text.as_bytes());
            self.block = context.sign().as_ref().to_vec();
            self.blocks += 1;
        }
        let four = self.block.split_off(self.block.len() - 4);
        four.iter().fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
    }
}

/// Characters that may stand for each other.
enum Kind {
    /// A run of code points.
    Run { first: u32, count: u32 },
    /// Letters without a run of their own: the like ones among their neighbours.
    Letter,
}

/// A digit of `%E5`, which stays an escape.
fn other_hex(char: char, draw: u32) -> char {
    let alike: Vec<char> = match char {
        '0'..='9' => ('0'..='9').collect(),
        'a'..='f' => ('a'..='f').collect(),
        _ => ('A'..='F').collect(),
    };
    another(&alike, char, draw)
}

impl Kind {
    fn of(char: char) -> Option<Self> {
        const RUNS: [(char, char); 11] = [
            ('a', 'z'),
            ('A', 'Z'),
            ('0', '9'),
            ('ａ', 'ｚ'),
            ('Ａ', 'Ｚ'),
            ('０', '９'),
            ('\u{660}', '\u{669}'),
            ('\u{6f0}', '\u{6f9}'),
            ('\u{966}', '\u{96f}'),
            ('\u{4e00}', '\u{9fa5}'),
            ('\u{20000}', '\u{2a6d6}'),
        ];
        let run = RUNS.iter().find(|(first, last)| (*first..=*last).contains(&char));
        match run {
            Some((first, last)) => Some(Self::Run {
                first: *first as u32,
                count: *last as u32 - *first as u32 + 1,
            }),
            None => char.is_alphabetic().then_some(Self::Letter),
        }
    }

    fn other(&self, char: char, draw: u32) -> char {
        match self {
            Self::Run { first, count } => {
                let place = char as u32 - first;
                let moved = (place + 1 + draw % (count - 1)) % count;
                char::from_u32(first + moved).unwrap_or(char)
            }
            Self::Letter => another(&alike(char), char, draw),
        }
    }
}

/// Letters near this one that are as long, and large or small like it.
fn alike(char: char) -> Vec<char> {
    let block = char as u32 & !0x3f;
    let is_alike = |other: &char| {
        other.is_alphabetic()
            && other.is_lowercase() == char.is_lowercase()
            && other.is_uppercase() == char.is_uppercase()
            && other.len_utf8() == char.len_utf8()
    };
    (block..block + 0x40)
        .filter_map(char::from_u32)
        .filter(is_alike)
        .collect()
}

fn another(from: &[char], char: char, draw: u32) -> char {
    let others: Vec<char> = from.iter().copied().filter(|other| *other != char).collect();
    match u32::try_from(others.len()) {
        Ok(count) if count > 0 => others[(draw % count) as usize],
        _ => char,
    }
}

/// Case and width do not matter.
fn folded(char: char) -> char {
    let narrow = match char {
        'ａ'..='ｚ' | 'Ａ'..='Ｚ' | '０'..='９' => char::from_u32(char as u32 - 0xfee0).unwrap_or(char),
        '\u{660}'..='\u{669}' => digit(char, '\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit(char, '\u{6f0}'),
        '\u{966}'..='\u{96f}' => digit(char, '\u{966}'),
        char => char,
    };
    narrow.to_ascii_lowercase()
}

fn digit(char: char, zero: char) -> char {
    char::from_digit(char as u32 - zero as u32, 10).unwrap_or(char)
}

/// A digit of an escape of an address.
fn percent(text: &[char], at: usize) -> bool {
    let is_hex = |place: usize| text.get(place).is_some_and(char::is_ascii_hexdigit);
    let begins = |place: usize| text.get(place) == Some(&'%') && is_hex(place + 1) && is_hex(place + 2);
    (at >= 1 && begins(at - 1)) || (at >= 2 && begins(at - 2))
}

/// Which characters stay although they could be replaced.
fn kept(text: &[char], shape: Shape) -> Vec<bool> {
    let mut kept = vec![false; text.len()];
    match shape {
        Shape::Phone => {
            for (at, char) in text.iter().enumerate().take(prefix(text)) {
                kept[at] = folded(*char).is_ascii_digit();
            }
        }
        Shape::Text => {
            let start = text.iter().position(|char| !char.is_whitespace()).unwrap_or(0);
            let end = text
                .iter()
                .rposition(|char| !char.is_whitespace())
                .map_or(0, |at| at + 1);
            let core: String = text[start..end.max(start)].iter().collect();
            if core.contains('.') && !core.contains(char::is_whitespace) {
                keep_address(&core, &mut kept[start..end]);
            }
        }
    }
    kept
}

/// The scheme, and the last part of the host or of the name of a file.
fn keep_address(core: &str, kept: &mut [bool]) {
    let chars: Vec<char> = core.chars().collect();
    let mut begin = 0;
    while let Some(scheme) = SCHEMES.iter().find(|scheme| begins_with(&chars[begin..], scheme)) {
        kept[begin..begin + scheme.len()].fill(true);
        begin += scheme.len();
    }
    let host = chars[begin..]
        .iter()
        .position(|char| matches!(char, '/' | '?' | '#' | ':'));
    for end in [host.map_or(chars.len(), |at| begin + at), chars.len()] {
        let last = chars[begin..end].iter().rposition(|char| *char == '.');
        let Some(dot) = last.map(|at| begin + at) else {
            continue;
        };
        let ending: String = chars[dot + 1..end].iter().collect();
        if ENDINGS.contains(&ending.to_ascii_lowercase().as_str()) {
            kept[dot + 1..end].fill(true);
        }
    }
}

fn begins_with(text: &[char], beginning: &str) -> bool {
    let mut text = text.iter();
    beginning
        .chars()
        .all(|char| text.next().is_some_and(|own| own.eq_ignore_ascii_case(&char)))
}

/// Characters of a telephone number before the subscriber's: `+86`, `0086`, the `0` of an area, the first digit.
fn prefix(text: &[char]) -> usize {
    let digits: Vec<usize> = (0..text.len())
        .filter(|at| folded(text[*at]).is_ascii_digit())
        .collect();
    let digit = |n: usize| digits.get(n).map(|at| folded(text[*at]));
    let before = |n: usize| digits.get(n.saturating_sub(1)).map_or(0, |at| at + 1);
    let has_plus = digits
        .first()
        .is_some_and(|first| text[..*first].iter().any(|char| matches!(char, '+' | '＋')));
    let country = match (digit(0), digit(1)) {
        (Some('0'), Some('0')) => 2,
        _ if has_plus => 0,
        // An area's 0 and the first digit of a mobile number say only what kind of number it is.
        _ => return if digits.len() > 1 { before(1) } else { 0 },
    };
    // A country has up to three digits; where nothing parts them from the rest, most have two.
    let parted =
        (country + 1..=country + 3).find(|n| digits.get(*n).is_some_and(|next| *next > digits[*n - 1] + 1));
    let country_end = parted.unwrap_or(country + 2);
    if digits.len() > country_end {
        before(country_end)
    } else {
        0
    }
}

#[cfg(test)]
mod tests;
