//! From a typed record to the vendor's row: wrapped values, checked here because the server checks nothing.
//!
//! A value of the wrong shape is not refused by the vendor but stored as a blank (docs/jiandaoyun-api.md §4), so
//! whatever cannot be written truthfully is an error of the record, before anything is sent.

use proto::v1::field_value::Value as Cell;
use proto::v1::{Address, FieldValue, FormRecord, Subform};
use serde_json::{Map, Value, json};

use super::canonical::{canonical, canonical_number, hash_cells};

/// A record as the form takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `{"widget":{"value":…},…}`: the key widget and every cell that holds something. A create sends exactly this.
    pub set: String,
    /// `"widget":{"value":""},…` for the mapped cells that are empty, without braces. An update sends it as well.
    pub clear: String,
    /// Hash of the content, comparable with [`super::canonical::hash_row`].
    pub hash: String,
}

impl Row {
    /// What an update sends: every mapped cell, so that a value which is gone disappears from the form too.
    pub fn update(&self) -> String {
        join(&self.set, &self.clear)
    }
}

/// `set` with the members of `clear` added; the ledger's claim script composes stored rows the same way.
pub fn join(set: &str, clear: &str) -> String {
    match (clear.is_empty(), set.strip_suffix('}')) {
        (false, Some("{")) => format!("{{{clear}}}"),
        (false, Some(open)) => format!("{open},{clear}}}"),
        _ => set.to_owned(),
    }
}

/// A value that cannot be written truthfully.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{label} ({widget}): {problem}")]
pub struct CellError {
    /// The widget the value was meant for.
    pub widget: String,
    /// Its caption.
    pub label: String,
    /// What is wrong, without the value.
    pub problem: &'static str,
}

/// What the encoder has to know of the form.
pub trait Shape {
    /// The widget that holds the company id.
    fn key_widget(&self) -> Option<&str>;
    /// The JSON inside `{"value": …}` that empties this widget.
    fn clearing(&self, widget: &str) -> &'static str;
}

/// Encodes an upsert.
pub fn encode(record: &FormRecord, shape: &impl Shape) -> Result<Row, CellError> {
    let mut set = String::with_capacity(64 * (record.fields.len() + 1));
    let mut clear = String::new();
    let mut hashed: Vec<(&str, String)> = Vec::with_capacity(record.fields.len());
    set.push('{');
    if let Some(widget) = shape.key_widget() {
        member(&mut set, widget, &text_json(&record.company_id));
    }
    for field in &record.fields {
        if shape.key_widget() == Some(field.field.as_str()) {
            continue; // The key always is the company id.
        }
        match bare(field)? {
            Some(Bare { write, canonical }) => {
                member(&mut set, &field.field, &write);
                hashed.push((&field.field, canonical.unwrap_or(write)));
            }
            None => member(&mut clear, &field.field, shape.clearing(&field.field)),
        }
    }
    set.push('}');
    let hash = hash_cells(hashed.iter().map(|(widget, json)| (*widget, json.as_str())));
    Ok(Row { set, clear, hash })
}

/// Encodes a single text cell, for the widget that marks removed customers.
pub fn encode_text(widget: &str, text: &str) -> String {
    let mut row = String::from("{");
    member(&mut row, widget, &text_json(text));
    row.push('}');
    row
}

/// `"widget":{"value":JSON}`, with a comma when it is not the first.
pub fn member(out: &mut String, widget: &str, json: &str) {
    if !out.is_empty() && !out.ends_with('{') {
        out.push(',');
    }
    out.push_str(&text_json(widget));
    out.push_str(":{\"value\":");
    out.push_str(json);
    out.push('}');
}

struct Bare {
    write: String,
    /// When it differs from what is written.
    canonical: Option<String>,
}

impl Bare {
    fn from_value(value: &Value) -> Option<Self> {
        let canonical = canonical(value)?.to_string();
        Some(Self {
            write: value.to_string(),
            canonical: Some(canonical),
        })
    }
}

fn bare(field: &FieldValue) -> Result<Option<Bare>, CellError> {
    let fault = |problem| CellError {
        widget: field.field.clone(),
        label: field.label.clone(),
        problem,
    };
    let Some(cell) = &field.value else { return Ok(None) };
    Ok(match cell {
        // Texts are the bulk of every row: no intermediate value, and the written form is the canonical one.
        Cell::Text(text) | Cell::Member(text) | Cell::Lookup(text) => (!text.is_empty()).then(|| Bare {
            write: text_json(text),
            canonical: None,
        }),
        Cell::Number(text) if text.trim().is_empty() => None,
        Cell::Number(text) => Some(number(text).ok_or_else(|| fault("not a decimal number"))?),
        Cell::Datetime(millis) => Some(Bare {
            write: datetime(*millis).ok_or_else(|| fault("a time outside the years 0 to 9999"))?,
            canonical: None,
        }),
        Cell::Texts(list) | Cell::Members(list) => Bare::from_value(
            &list
                .items
                .iter()
                .filter(|item| !item.is_empty())
                .cloned()
                .collect::<Value>(),
        ),
        Cell::Address(parts) => Bare::from_value(&address(parts)),
        Cell::Phone(text) => Bare::from_value(&json!({ "phone": text })),
        Cell::Department(number) => Bare::from_value(&json!(number)),
        Cell::Departments(list) => Bare::from_value(&json!(list.items)),
        Cell::Subform(subform) => Bare::from_value(&subform_rows(subform)?),
        Cell::Json(bytes) => {
            let value = serde_json::from_slice(bytes).map_err(|_| fault("not JSON"))?;
            Bare::from_value(&value)
        }
    })
}

fn number(text: &str) -> Option<Bare> {
    let trimmed = text.trim();
    let parsed: f64 = trimmed.parse().ok()?;
    let canonical = canonical_number(parsed)?.to_string();
    // The digits travel as they came when they are a JSON number already, so that none is lost on our side.
    let literal = serde_json::from_str::<f64>(trimmed).is_ok();
    let write = if literal {
        trimmed.to_owned()
    } else {
        canonical.clone()
    };
    Some(Bare {
        write,
        canonical: Some(canonical),
    })
}

fn datetime(millis: i64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(millis).ok()?;
    let text = time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    text.starts_with(|first: char| first.is_ascii_digit())
        .then(|| format!("\"{text}\""))
}

fn address(parts: &Address) -> Value {
    let mut object = Map::new();
    for (name, text) in [
        ("province", &parts.province),
        ("city", &parts.city),
        ("district", &parts.district),
        ("detail", &parts.detail),
    ] {
        object.insert(name.to_owned(), Value::String(text.clone()));
    }
    Value::Object(object)
}

fn subform_rows(subform: &Subform) -> Result<Value, CellError> {
    let mut rows = Vec::with_capacity(subform.rows.len());
    for row in &subform.rows {
        let mut object = Map::new();
        for field in &row.fields {
            // Inner values are wrapped too, or the vendor empties the whole subform.
            if let Some(cell) = bare(field)? {
                let value: Value = serde_json::from_str(&cell.write).unwrap_or(Value::Null);
                object.insert(field.field.clone(), json!({ "value": value }));
            }
        }
        if !object.is_empty() {
            rows.push(Value::Object(object));
        }
    }
    Ok(Value::Array(rows))
}

fn text_json(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
