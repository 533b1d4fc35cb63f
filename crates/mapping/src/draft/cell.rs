//! The value of one cell: expression, declared type and parsers that bring a field into a widget.

use serde_json::{Value, json};

use super::known::codes;
use super::offer::{Offer, Offers, RELATION};
use super::report::Reason;
use crate::{Expression, Zone, unix_millis};

/// Between the parts of a list; OKKI's own pages write it so.
const SEPARATOR: &str = "、";
/// Members by which objects of a list have a name.
const NAMES: [&str; 5] = ["name", "nickname", "tag_name", "category_name", "value"];

/// What a widget takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Text,
    Number,
    Date,
    List,
}

impl Target {
    /// By the vendor's name of the type; `None` is left to a person.
    pub(super) fn of(kind: &str) -> Option<Target> {
        Some(match kind {
            "text" | "textarea" | "radiogroup" | "radio" | "combo" | "richtext" => Target::Text,
            "number" => Target::Number,
            "datetime" | "date" => Target::Date,
            "checkboxgroup" | "checkbox" | "combocheck" => Target::List,
            _ => return None,
        })
    }
}

/// What a document says of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cell {
    pub kind: &'static str,
    pub value: String,
    pub parser: Value,
}

/// The cell by which a field gets into a widget, or why it does not.
pub(super) fn cell(offer: &Offer, target: Target, offers: &Offers) -> Result<Cell, Reason> {
    let field = offer.field.label.clone();
    if matches!(offer.field.kind, 6 | 8) {
        return Err(Reason::Files { field });
    }
    if offer.key.is_none() && offer.field.kind == RELATION {
        return Err(Reason::Unseen { field });
    }
    let Some(key) = offer.key.as_deref().filter(|key| is_path(key)) else {
        return Err(Reason::NoPath { field });
    };
    let samples = offers.samples(key);
    let wrapped = json!({"name": "ConvertObjectParser", "params": "value"});
    match target {
        Target::Number => match is_number(offer, &samples) {
            true => Ok(cell_of("float", format!("{{{{{key}}}}}"), wrapped)),
            false => Err(Reason::NoNumber { field }),
        },
        Target::Date => match is_date(offer, key, &samples) {
            true => Ok(cell_of("datetime", format!("{{{{{key}}}}}"), wrapped)),
            false => Err(Reason::NoDate { field }),
        },
        Target::Text => Ok(cell_of("string", text(offer, key, &samples)?, wrapped)),
        Target::List => {
            let split = json!([{"name": "StringToArray", "params": SEPARATOR}, wrapped]);
            Ok(cell_of("string", text(offer, key, &samples)?, split))
        }
    }
}

fn cell_of(kind: &'static str, value: String, parser: Value) -> Cell {
    Cell { kind, value, parser }
}

/// Whether an expression reads the key and nothing else: captions may hold braces, bars and quotes.
fn is_path(key: &str) -> bool {
    let text = format!("{{{{{key}}}}}");
    let quoted = format!("_function CASE '{text}' WHEN '0' THEN '' ELSE '{text}' END");
    [text, quoted].iter().all(|text| {
        Expression::compile(text).is_ok_and(|one| {
            let paths = one.paths();
            !paths.is_empty() && paths.iter().all(|path| path.as_str() == key)
        })
    })
}

/// Codes are written with digits, too, but a number of the form is an amount.
fn is_number(offer: &Offer, samples: &[&Value]) -> bool {
    let is_star = offer.field.id == "star" && !offer.field.contact;
    let is_of_type = is_star || matches!(offer.field.kind, 5 | 11 | 12);
    is_of_type && samples.iter().all(|value| is_numeric(value))
}

fn is_numeric(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        // The same digits that a cell of numbers takes.
        Value::String(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'.';
            digits.bytes().all(is_digit) && digits.parse::<f64>().is_ok()
        }
        _ => false,
    }
}

fn is_date(offer: &Offer, key: &str, samples: &[&Value]) -> bool {
    let is_of_type = matches!(offer.field.kind, 4 | 10) || key.ends_with("_time") || key.ends_with("_date");
    let zone = Zone::default();
    let is_read = |value: &&Value| {
        value
            .as_str()
            .is_some_and(|text| unix_millis(text, &zone).is_some())
    };
    is_of_type && samples.iter().all(is_read)
}

/// The expression that says a field in words.
fn text(offer: &Offer, key: &str, samples: &[&Value]) -> Result<String, Reason> {
    let (id, contact) = (offer.field.id.as_str(), offer.field.contact);
    let is_coded = samples.iter().all(|value| is_numeric(value));
    match (id, contact) {
        ("tel", false) if samples.iter().all(|value| value.is_object()) => {
            return Ok(phone(&format!("{key}.tel_area_code"), &format!("{key}.tel")));
        }
        ("tel_list", true) => return Ok(phone(&format!("{key}_0"), &format!("{key}_1"))),
        ("star", false) if is_coded => {
            return Ok(format!(
                "_function CASE WHEN '{{{{{key}}}}}'='' THEN '' ELSE '{{{{{key}}}}}星' END"
            ));
        }
        _ => {}
    }
    if let Some(codes) = codes(id, contact).filter(|_| is_coded) {
        let arms: String = codes
            .iter()
            .map(|(code, text)| format!(" WHEN '{code}' THEN '{text}'"))
            .collect();
        return Ok(format!(
            "_function CASE '{{{{{key}}}}}'{arms} ELSE '{{{{{key}}}}}' END"
        ));
    }
    plain(offer, key, samples)
}

/// The field as it is, lists in one line.
fn plain(offer: &Offer, key: &str, samples: &[&Value]) -> Result<String, Reason> {
    let parts = || Reason::Parts {
        field: offer.field.label.clone(),
    };
    if samples.iter().any(|value| value.is_object()) {
        return Err(parts());
    }
    let lists = samples.iter().filter_map(|value| value.as_array());
    let items: Vec<&Value> = lists.flatten().collect();
    let is_wild = key.contains(".*.");
    let is_list = !items.is_empty() || is_wild || offer.field.kind == 7;
    if !is_list {
        return Ok(format!("{{{{{key}}}}}"));
    }
    if items.iter().any(|item| item.is_array()) {
        return Err(parts());
    }
    let objects: Vec<&Value> = items.iter().copied().filter(|item| item.is_object()).collect();
    if objects.is_empty() {
        return Ok(format!("{{{{{key}|implode('{SEPARATOR}')}}}}"));
    }
    let name = NAMES.iter().find(|name| {
        objects
            .iter()
            .all(|one| one.get(**name).is_some_and(Value::is_string))
    });
    let name = name.ok_or_else(parts)?;
    Ok(format!("{{{{{key}.*.{name}|implode('{SEPARATOR}')}}}}"))
}

/// Area and number of a telephone, with a line between them where there are both.
fn phone(area: &str, number: &str) -> String {
    format!(
        "_function CASE WHEN '{{{{{area}}}}}'!='' and '{{{{{number}}}}}'!='' THEN '{{{{{area}}}}}-{{{{{number}}}}}' \
         ELSE '{{{{{number}}}}}' END"
    )
}
