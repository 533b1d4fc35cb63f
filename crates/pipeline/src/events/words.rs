//! The words of a failure without what they quote of the customer: every cell of its record, e-mail and phone. Whoever shows
//! them to others than the operator who asks for all of it takes them from here: the stream, logs, notices, lists, exports.
//!
//! A vendor may repeat what it refuses. Names cannot be recognised by their form, but here the message that died is at
//! hand, so whatever it holds is taken out of the words about it. Captions stay, since people need them.

use super::encoded::{Letter, decoded};
use crate::{failure::record::FailureRecord, mask::mask_text, message::Subject};
use prost::Message;
use proto::v1::{CompanySnapshot, FormRecord};
use std::ops::Range;

/// Stands for what was taken out.
const TAKEN_OUT: &str = "…";

/// Digits of a telephone number without its area.
const NUMBER: usize = 5;

/// Texts of one message, the longest first.
#[derive(Debug, Default)]
pub struct Cells(Vec<String>);

impl Cells {
    pub(crate) fn of(message: &impl Subject) -> Self {
        let mut cells = Self::default();
        cells.extend(message);
        cells
    }

    /// Those of a body of this kind; nobody can read what is none, and others hold nothing of a customer.
    pub fn add_body(&mut self, kind: &str, body: &[u8]) {
        match kind {
            FormRecord::TYPE => FormRecord::decode(body).is_ok_and(|record| self.extend(&record)),
            CompanySnapshot::TYPE => CompanySnapshot::decode(body).is_ok_and(|record| self.extend(&record)),
            _ => false,
        };
    }

    fn extend(&mut self, message: &impl Subject) -> bool {
        let texts = &mut self.0;
        let mut add = |text: &str| {
            // Single letters and small numbers tell nobody who it is, and would tear the words apart.
            let telling =
                text.chars().count() > 1 && !(text.len() < 4 && text.bytes().all(|b| b.is_ascii_digit()));
            if telling && text != message.company_id() {
                texts.push(text.to_owned());
            }
        };
        message.cells(&mut |text| {
            let text = text.trim();
            add(text);
            // A number is often repeated without what was written around it.
            let numbers = text.split(|letter: char| !letter.is_ascii_digit());
            numbers
                .filter(|number| number.len() >= NUMBER && number.len() < text.len())
                .for_each(&mut add);
        });
        texts.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        texts.dedup();
        true
    }

    /// Masks everything in the record that somebody has written in words.
    pub fn mask(&self, record: &mut FailureRecord) {
        record.message = self.masked(&record.message);
        if let Some(vendor) = &mut record.vendor {
            vendor.message = self.masked(&vendor.message);
        }
        for attempt in &mut record.attempts {
            attempt.message = self.masked(&attempt.message);
        }
    }

    /// The text without them. A vendor may quote in another dress: other case and width, blanks and marks within a number, a
    /// text cut short, or encoded.
    pub(crate) fn masked(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for cell in &self.0 {
            text = without(&text, cell);
        }
        mask_text(&text)
    }
}

/// So many letters of a text that was cut short tell whose it is.
const PREFIX: usize = 4;

/// The letters of a text, decoded and folded: half-width, small, and without what may be written between the digits of a number.
fn folded(text: &str) -> Vec<Letter> {
    let letters = text
        .char_indices()
        .map(|(at, char)| (char, at..at + char.len_utf8()));
    let letters = decoded(letters.collect()).into_iter().flat_map(|(char, place)| {
        let folded = narrow(char).to_lowercase();
        folded.map(move |folded| (folded, place.clone()))
    });
    // A form that is sent has a plus where a blank was.
    let letters: Vec<Letter> = letters
        .filter(|(char, _)| !char.is_whitespace() && *char != '+')
        .collect();
    let is_digit = |at: usize| {
        letters
            .get(at)
            .is_some_and(|(char, _): &Letter| char.is_ascii_digit())
    };
    let separates = |at: usize| {
        matches!(letters[at].0, '-' | '.' | '(' | ')' | '/') && at > 0 && is_digit(at - 1) && is_digit(at + 1)
    };
    let kept = (0..letters.len()).filter(|at| !separates(*at));
    kept.map(|at| letters[at].clone()).collect()
}

/// A full-width letter or digit as an ordinary one.
fn narrow(char: char) -> char {
    match char {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        other => other,
    }
}

/// Takes a cell out wherever it is no part of a longer word or number, whole or its beginning.
fn without(text: &str, cell: &str) -> String {
    let (letters, wanted) = (folded(text), folded(cell));
    let wanted: Vec<char> = wanted.into_iter().map(|(char, _)| char).collect();
    let Some(first) = wanted.first() else {
        return text.to_owned();
    };
    let mut result = String::with_capacity(text.len());
    let (mut kept, mut at) = (0, 0);
    while at < letters.len() {
        if letters[at].0 != *first {
            at += 1;
            continue;
        }
        let same = letters[at..]
            .iter()
            .zip(&wanted)
            .take_while(|((char, _), other)| char == *other);
        let same = same.count();
        let is_told = same == wanted.len() || same >= PREFIX.max(wanted.len().div_ceil(2));
        let (from, until) = (letters[at].1.start, letters[at + same - 1].1.end);
        if !is_told || from < kept || is_torn(text, &letters, at..at + same) {
            at += 1;
            continue;
        }
        result.push_str(&text[kept..from]);
        result.push_str(TAKEN_OUT);
        (kept, at) = (until, at + same);
    }
    result.push_str(&text[kept..]);
    result
}

/// Whether these letters of the text are a part of a longer word, or of a longer number, whatever is written between its digits.
fn is_torn(text: &str, letters: &[Letter], place: Range<usize>) -> bool {
    let one_word = |one: usize, other: usize| {
        let (Some((one, before)), Some((other, after))) = (letters.get(one), letters.get(other)) else {
            return false;
        };
        let between = &text[before.end..after.start.max(before.end)];
        let is_near = match one.is_ascii_digit() && other.is_ascii_digit() {
            true => !between.contains(char::is_whitespace),
            false => between.is_empty(),
        };
        one.is_ascii_alphanumeric() && other.is_ascii_alphanumeric() && is_near
    };
    (place.start > 0 && one_word(place.start - 1, place.start)) || one_word(place.end - 1, place.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::v1::{
        Address, CompanySnapshot, FieldValue, FormRecord, Subform, SubformRow, field_value::Value,
    };

    fn record() -> FormRecord {
        let cell = |value| FieldValue {
            label: "客户名称".into(),
            value: Some(value),
            ..FieldValue::default()
        };
        let inner = cell(Value::Text("Li Lei".into()));
        FormRecord {
            company_id: "56657420945678".into(),
            fields: vec![
                cell(Value::Text("上海某某贸易".into())),
                cell(Value::Text("56657420945678".into())),
                cell(Value::Phone("021-5555 1234 转 8".into())),
                cell(Value::Number("12345.60".into())),
                cell(Value::Text("0086-13812345#2".into())),
                cell(Value::Address(Address {
                    detail: "中山路 1 号".into(),
                    ..Address::default()
                })),
                cell(Value::Subform(Subform {
                    rows: vec![SubformRow { fields: vec![inner] }],
                })),
                cell(Value::Json(
                    br#"{"phone":"77778888","list":["Han Meimei"]}"#.to_vec().into(),
                )),
            ],
            ..FormRecord::default()
        }
    }

    #[test]
    fn words_about_a_record_quote_nothing_of_it() {
        let cells = Cells::of(&record());
        for (text, masked) in [
            ("客户名称「上海某某贸易」重复", "客户名称「…」重复"),
            (
                "customer 56657420945678 refused: Li Lei, Han Meimei",
                "customer 56657420945678 refused: …, …",
            ),
            ("12345.60 is above 9912345.60", "… is above 9912345.60"),
            ("no such place 中山路 1 号", "no such place …"),
            ("tel 13812345 refused", "tel … refused"),
            ("77778888 or 021-5555 1234 转 8 or a@b.cn", "… or … or a***@b.cn"),
            ("phone=0215555 1234转8, tel 138-123-45", "phone=…, tel …"),
            ("LI　LEI or han meimei", "… or …"),
            ("上海某某 is too short for 上海", "… is too short for 上海"),
            ("value 12 345.6", "value …"),
            (
                r"name=%E4%B8%8A%E6%B5%B7%E6%9F%90%E6%9F%90%E8%B4%B8%E6%98%93&who=Li+Lei, \u4e0a\u6d77\u67d0\u67d0\u8d38\u6613",
                "name=…&who=…, …",
            ),
            (
                "<td>&#19978;&#28023;&#x67D0;&#x67D0;&#36152;&#26131;</td> Li&nbsp;Lei a%40b.cn",
                "<td>…</td> … ***",
            ),
        ] {
            assert_eq!(cells.masked(text), masked);
        }
    }

    #[test]
    fn a_snapshot_is_searched_through_and_its_captions_stay() {
        let snapshot = CompanySnapshot {
            company_id: "1".into(),
            detail_json: r#"{"company":[{"name":"基本","fields":[{"name":"公司名称","value":"远大集团"}]}],
                             "customers":[{"name":"王芳","tel":"5551234"}]}"#
                .into(),
            ..CompanySnapshot::default()
        };
        let cells = Cells::of(&snapshot);
        assert_eq!(
            cells.masked("公司名称: 远大集团, 王芳 5551234"),
            "公司名称: …, … …"
        );
        let damaged = CompanySnapshot {
            detail_json: "{".into(),
            ..snapshot
        };
        assert_eq!(Cells::of(&damaged).masked("a@b.cn"), "a***@b.cn");
    }
}
