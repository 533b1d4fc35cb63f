//! An English sentence said again in the language of who reads it.
//!
//! A service writes failure records, pauses and states in English, because machines and people of any language read them
//! later. Whoever shows one of them to a person looks for the text that it was made of, and fills the other language's text
//! with the same arguments. What no text fits stays as it is, so a vendor's own words do, too.

use crate::{
    catalogue,
    joints::{OF, SENTENCES},
    language::{Language, current},
    render::{filled, is_han},
    template::{Piece, pieces},
};
use std::{collections::HashMap, sync::OnceLock};

/// Texts inside of texts inside of texts: a cause's cause; deeper ones stay English.
const DEPTH: usize = 8;
/// A text of fewer letters fits anything.
const LETTERS: usize = 7;
/// Joints of sentences that were made apart, and what joins them in Chinese.
const JOINTS: [(&str, &str); 2] = [OF, SENTENCES];

struct Pattern {
    pieces: Vec<Piece>,
    letters: usize,
    chinese: &'static str,
}

static PATTERNS: OnceLock<Vec<Pattern>> = OnceLock::new();

/// The texts with arguments, the most telling first.
fn patterns() -> &'static [Pattern] {
    PATTERNS.get_or_init(|| {
        let mut all: Vec<Pattern> = catalogue::entries()
            .map(|(english, chinese)| {
                let pieces = pieces(english);
                let letters = pieces.iter().map(letters).sum();
                Pattern {
                    pieces,
                    letters,
                    chinese,
                }
            })
            .filter(|it| it.letters >= LETTERS && it.pieces.iter().any(|it| matches!(it, Piece::Argument(_))))
            .collect();
        all.sort_by(|a, b| b.letters.cmp(&a.letters).then(a.chinese.cmp(b.chinese)));
        all
    })
}

fn letters(piece: &Piece) -> usize {
    match piece {
        Piece::Literal(text) => text.chars().filter(|it| it.is_alphabetic()).count(),
        Piece::Argument(_) => 0,
    }
}

/// The sentence in the language that is spoken, as far as it was made of texts that are known.
#[must_use]
pub fn retold(sentence: &str) -> String {
    match current() {
        Language::English => sentence.to_owned(),
        Language::Chinese => retell(sentence, DEPTH),
    }
}

fn retell(sentence: &str, depth: usize) -> String {
    whole(sentence, depth)
        .or_else(|| joined(sentence, depth))
        .or_else(|| bracketed(sentence, depth))
        .unwrap_or_else(|| sentence.to_owned())
}

/// One text is all of it.
fn whole(sentence: &str, depth: usize) -> Option<String> {
    if let Some(text) = catalogue::chinese(sentence) {
        return Some(text.to_owned());
    }
    if depth == 0 {
        return None;
    }
    patterns().iter().find_map(|pattern| {
        let arguments = arguments(&pattern.pieces, sentence)?;
        Some(filled(pattern.chinese, |name| {
            arguments.get(name).map(|value| inner(value, depth - 1))
        }))
    })
}

/// A value inside of a sentence: one word may be a customer's and is left alone.
fn inner(value: &str, depth: usize) -> String {
    match value.contains(' ') {
        true => retell(value, depth),
        false => value.to_owned(),
    }
}

/// Several texts, one behind the other.
fn joined(sentence: &str, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    JOINTS.iter().find_map(|(joint, chinese)| {
        sentence.match_indices(joint).find_map(|(at, _)| {
            let (first, rest) = (&sentence[..at], &sentence[at + joint.len()..]);
            let (told, behind) = (whole(first, depth), retell(rest, depth));
            match told {
                Some(first) => Some(format!("{first}{chinese}{behind}")),
                // Names and numbers lead many a sentence: `ALERT_URL: is not a URL`.
                None if behind != rest => Some(format!("{first}{chinese}{behind}")),
                // Both were told in Chinese when they were made. What stands in brackets is no second one.
                None if rest.starts_with(is_han) && first.contains(is_han) && is_closed(first) => {
                    Some(format!("{first}{chinese}{rest}"))
                }
                None => None,
            }
        })
    })
}

/// Somebody else's words, and behind them in brackets what they mean.
fn bracketed(sentence: &str, depth: usize) -> Option<String> {
    let (theirs, ours) = sentence.strip_suffix(')')?.rsplit_once(" (")?;
    let ours = whole(ours, depth.checked_sub(1)?)?;
    let theirs = retell(theirs, depth - 1);
    Some(match theirs.ends_with(&ours) {
        // They have said so themselves.
        true => theirs,
        false => format!("{theirs}（{ours}）"),
    })
}

/// The arguments that make the pieces this sentence; each takes as little as it can.
fn arguments<'a>(pieces: &[Piece], sentence: &'a str) -> Option<HashMap<String, &'a str>> {
    let mut found: HashMap<String, &str> = HashMap::new();
    let mut rest = sentence;
    let mut open: Option<&String> = None;
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Argument(name) => open = Some(name),
            Piece::Literal(text) => {
                let is_last = index + 1 == pieces.len();
                let at = match (open, is_last) {
                    (None, _) => rest.starts_with(text.as_str()).then_some(0),
                    (Some(_), true) => rest.ends_with(text.as_str()).then(|| rest.len() - text.len()),
                    (Some(_), false) => rest.find(text.as_str()),
                }?;
                keep(&mut found, open.take(), &rest[..at])?;
                rest = &rest[at + text.len()..];
            }
        }
    }
    match open {
        Some(_) => keep(&mut found, open, rest)?,
        None if !rest.is_empty() => return None,
        None => {}
    }
    Some(found)
}

/// A placeholder that stands twice has one value, and none is empty.
fn keep<'a>(found: &mut HashMap<String, &'a str>, name: Option<&String>, value: &'a str) -> Option<()> {
    let Some(name) = name else { return Some(()) };
    let fits = !value.is_empty() && found.get(name).is_none_or(|before| *before == value);
    fits.then(|| {
        found.insert(name.clone(), value);
    })
}

/// No bracket of the text is open at its end.
fn is_closed(text: &str) -> bool {
    text.matches('(').count() == text.matches(')').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scoped;

    fn told(sentence: &str) -> String {
        scoped(Language::Chinese, || retold(sentence))
    }

    #[test]
    fn a_sentence_is_told_again_with_its_arguments() {
        assert_eq!(retold("no queue `x`"), "no queue `x`");
        assert_eq!(told("no queue `x`"), "没有队列 `x`");
        assert_eq!(told("nobody has written this"), "nobody has written this");
    }

    #[test]
    fn causes_are_told_one_by_one_with_those_of_the_system() {
        let chain = told(
            "ask Redis: no connection to redis at redis://h:6379/0 (REDIS_URL): Connection refused (os error 111)",
        );
        assert_eq!(
            chain,
            "访问 Redis：连接不上 redis://h:6379/0 的 Redis（REDIS_URL）：连接被拒绝（错误码 111）"
        );
    }

    #[test]
    fn what_stands_in_brackets_behind_foreign_words_is_told_again() {
        assert_eq!(
            told("row-refused: 3005 字段校验失败 (invalid parameter)"),
            "row-refused：3005 字段校验失败（参数无效）"
        );
        assert_eq!(
            told("4001 数据不存在 (the record does not exist)"),
            "4001 数据不存在"
        );
        for foreign in ["4001 nobody has written (this)", "7 (", "x)"] {
            assert_eq!(told(foreign), foreign);
        }
    }

    #[test]
    fn what_was_told_before_is_joined_in_chinese() {
        assert_eq!(
            told("无法使用 t.json: 文件中没有测试"),
            "无法使用 t.json：文件中没有测试"
        );
        let vendor = "无法使用 t.json (the vendor: 3005: 字段校验失败)";
        assert!(!told(vendor).contains("vendor："), "{}", told(vendor));
        assert_eq!(
            told("invalid type: map, expected a sequence"),
            "类型不对：这里是对象，应为列表"
        );
    }

    #[test]
    fn arguments_take_as_little_as_they_can() {
        let read = |text, sentence| {
            let found = arguments(&pieces(text), sentence)?;
            let mut found: Vec<_> = found
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            found.sort();
            Some(found.join(" "))
        };
        assert_eq!(read("{a} of {b}", "1 of 2 of 3").unwrap(), "a=1 b=2 of 3");
        assert_eq!(read("x{a}y", "x1y2y").unwrap(), "a=1y2");
        assert_eq!(read("{a} and {a}", "1 and 2"), None);
        assert_eq!(read("no", "nothing"), None);
    }
}
