//! The words of a failure without what they quote of the customer: every cell of its record, e-mail and phone. Whoever shows
//! them to others than the operator who asks for all of it takes them from here: the stream, logs, notices, lists, exports.
//!
//! A vendor may repeat what it refuses. Names cannot be recognised by their form, but here the message that died is at
//! hand, so whatever it holds is taken out of the words about it. Captions stay, since people need them.

use crate::{failure::record::FailureRecord, mask::mask_text, message::Subject};
use prost::Message;
use proto::v1::{CompanySnapshot, FormRecord};

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

    /// The text without them.
    pub(crate) fn masked(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for cell in &self.0 {
            if text.contains(cell.as_str()) {
                text = without(&text, cell);
            }
        }
        mask_text(&text)
    }
}

/// Takes a cell out wherever it is no part of a longer word or number.
fn without(text: &str, cell: &str) -> String {
    let is_part = |inner: Option<char>, outer: Option<char>| {
        let one_word = |c: char| c.is_ascii_alphanumeric();
        inner.is_some_and(one_word) && outer.is_some_and(one_word)
    };
    let mut rest = text;
    let mut result = String::with_capacity(text.len());
    while let Some(at) = rest.find(cell) {
        let (before, from) = rest.split_at(at);
        let after = &from[cell.len()..];
        result.push_str(before);
        let torn = is_part(cell.chars().next(), result.chars().next_back())
            || is_part(cell.chars().next_back(), after.chars().next());
        result.push_str(if torn { cell } else { TAKEN_OUT });
        rest = after;
    }
    result.push_str(rest);
    result
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
