//! What is compared: the contents of some widgets, written alike whoever has typed them, and their hash.

use std::collections::HashMap;
use std::fmt::Write as _;

use proto::v1::FormRecord;
use proto::v1::field_value::Value as Cell;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::keyless::Row;

/// A widget that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Widget {
    /// Its name in the form, which is also the one in the mapping.
    pub(super) name: String,
    /// Its caption.
    pub(super) label: String,
}

/// The widgets of `--match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compared(pub(super) Vec<Widget>);

impl Compared {
    /// What a row shows; `None` when one of the widgets shows nothing that can be compared.
    pub(super) fn of_row(&self, row: &Row) -> Option<Vec<String>> {
        self.0
            .iter()
            .map(|widget| shown(row.get(&widget.name)?))
            .collect()
    }

    /// What a record would write.
    pub(super) fn of_record(&self, record: &FormRecord) -> Option<Vec<String>> {
        let fields = record.fields.iter();
        let cells: HashMap<&str, &Cell> = fields
            .filter_map(|field| Some((field.field.as_str(), field.value.as_ref()?)))
            .collect();
        self.0
            .iter()
            .map(|widget| written(cells.get(widget.name.as_str())?))
            .collect()
    }

    /// Contents for people.
    pub(super) fn describe(&self, contents: &[String], reveal: bool) -> String {
        let text = self
            .0
            .iter()
            .zip(contents)
            .map(|(widget, text)| format!("{} {text}", widget.label));
        let text = text.collect::<Vec<_>>().join(", ");
        if reveal {
            text
        } else {
            pipeline::mask::mask_text(&text)
        }
    }
}

/// The hash of contents, under which they are kept.
pub(super) fn hash(contents: &[String]) -> String {
    let mut digest = Sha256::new();
    for text in contents {
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    digest.finalize()[..16]
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _infallible = write!(text, "{byte:02x}");
            text
        })
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => plain(text),
        Value::Number(number) => number_of(&number.to_string()),
        // Phone numbers come back with what the vendor knows of them.
        Value::Object(members) => shown(members.get("phone")?),
        _ => None,
    }
}

fn written(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) | Cell::Phone(text) => plain(text),
        Cell::Number(text) => number_of(text),
        _ => None,
    }
}

/// `1`, `1.0` and `１` are one number.
fn number_of(text: &str) -> Option<String> {
    let text = plain(text)?;
    Some(text.parse::<f64>().map_or(text, |number| number.to_string()))
}

/// Without blanks at the ends, single blanks between, half-width, and small letters in an e-mail address; `None` when
/// nothing is left.
pub(super) fn plain(text: &str) -> Option<String> {
    let half: String = text.chars().map(half_width).collect();
    let words: Vec<&str> = half.split_whitespace().collect();
    let text = words.join(" ");
    let is_email = text.contains('@') && !text.contains(' ');
    let text = if is_email { text.to_lowercase() } else { text };
    (!text.is_empty()).then_some(text)
}

fn half_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3000}' | '\u{200b}' | '\u{feff}' => ' ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proto::v1::FieldValue;
    use serde_json::json;

    use super::*;

    fn compared(names: &[&str]) -> Compared {
        let widget = |name: &&str| Widget {
            name: (*name).to_owned(),
            label: format!("caption {name}"),
        };
        Compared(names.iter().map(widget).collect())
    }

    #[test]
    fn the_same_content_is_the_same_whoever_typed_it() {
        for (one, other) in [
            ("ACME", " ACME "),
            ("ＡＣＭＥ（上海）", "ACME(上海)"),
            ("ACME\u{3000}Ltd", "ACME  Ltd"),
            ("Wang@QQ.com", "ｗａｎｇ＠qq.com"),
        ] {
            assert_eq!(plain(one), plain(other), "{one}");
        }
        assert_ne!(plain("ACME"), plain("Acme"), "names keep their letters");
        assert_eq!(plain(" \u{3000}"), None);
    }

    #[test]
    fn rows_and_records_meet() {
        let cells = [
            ("_n", Cell::Text("ACME".into())),
            ("_no", Cell::Number("7.0".into())),
            ("_p", Cell::Phone("13812345678".into())),
        ];
        let fields = cells.map(|(name, cell)| FieldValue {
            field: name.into(),
            label: String::new(),
            value: Some(cell),
        });
        let record = FormRecord {
            fields: fields.into(),
            ..FormRecord::default()
        };
        let row = json!({"_n": " ACME", "_no": 7, "_p": {"phone": "13812345678", "verified": false}});
        let row = row.as_object().unwrap();
        let all = compared(&["_n", "_no", "_p"]);
        assert_eq!(all.of_row(row), all.of_record(&record));
        assert_eq!(all.of_row(row).map(|contents| hash(&contents).len()), Some(32));
        assert_eq!(
            compared(&["_n", "_gone"]).of_row(row),
            None,
            "one that is empty says nothing"
        );
        assert_eq!(compared(&["_n", "_gone"]).of_record(&record), None);
        assert_ne!(hash(&["ab".into(), "c".into()]), hash(&["a".into(), "bc".into()]));
        let said = all.describe(&all.of_row(row).unwrap(), false);
        assert_eq!(said, "caption _n ACME, caption _no 7, caption _p 138***78");
    }
}
