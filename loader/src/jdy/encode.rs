//! From a typed record to the vendor's row: wrapped values, checked here because the server checks nothing.
//!
//! A value of the wrong shape is not refused by the vendor but stored as a blank (docs/jiandaoyun-api.md §4), so
//! whatever cannot be written truthfully is an error of the record, before anything is sent.

use proto::v1::field_value::Value as Cell;
use proto::v1::{Address, FieldValue, FormRecord, Subform};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::canonical::{Side, canonical, canonical_number, hash_cells};
use super::kinds::{Kind, Kinds};

/// A record as the form takes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// `{"widget":{"value":…},…}`: the key widget and every cell that holds something. A create sends exactly this.
    pub(crate) set: String,
    /// `"widget":{"value":""},…` for the mapped cells that are empty, without braces. An update sends it as well.
    pub(crate) clear: String,
    /// Hash of the content, comparable with [`super::canonical::hash_row`].
    pub(crate) hash: String,
}

/// `set` with the members of `clear` added, which is what an update sends: every mapped cell, so that a value which is
/// gone disappears from the form too. The ledger's claim script composes stored rows the same way.
pub(crate) fn join(set: &str, clear: &str) -> String {
    match (clear.is_empty(), set.strip_suffix('}')) {
        (false, Some("{")) => format!("{{{clear}}}"),
        (false, Some(open)) => format!("{open},{clear}}}"),
        _ => set.to_owned(),
    }
}

/// A value that cannot be written truthfully.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{label} ({widget}): {problem}")]
pub(crate) struct CellError {
    /// The widget the value was meant for.
    pub(crate) widget: String,
    /// Its caption.
    pub(crate) label: String,
    /// What is wrong, without the value.
    problem: &'static str,
}

/// What the encoder has to know of the form.
pub(crate) trait Shape {
    /// The widget that holds the company id.
    fn key_widget(&self) -> Option<&str>;
    /// What empties this widget.
    fn clearing(&self, widget: &str) -> Clearing;
    /// What its values look like when they are read.
    fn kind(&self, widget: &str) -> &Kind;
}

/// The value that empties a widget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Clearing {
    /// `""`, for widgets of text.
    Text(&'static str),
    /// `{}`, for all others.
    Object {},
}

/// Cells by widget, in the order in which they are sent.
struct Cells<'a, V>(Vec<(&'a str, V)>);

#[derive(Serialize)]
struct Wrapped<'a, V> {
    value: &'a V,
}

impl<V: Serialize> Serialize for Cells<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(widget, value)| (widget, Wrapped { value })))
    }
}

impl<V: Serialize> Cells<'_, V> {
    /// All of them as one object.
    fn object(&self) -> Result<String, CellError> {
        serde_json::to_string(self).map_err(|_| CellError {
            widget: String::new(),
            label: "row".to_owned(),
            problem: UNWRITABLE,
        })
    }

    /// The same without braces.
    fn members(&self) -> Result<String, CellError> {
        let object = self.object()?;
        let inner = object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        Ok(inner.unwrap_or_default().to_owned())
    }
}

/// Encodes an upsert. `mark`: the widget that marks removed customers; one that comes back loses its mark, unless the
/// mapping itself writes that widget.
pub(crate) fn encode(record: &FormRecord, shape: &impl Shape, mark: Option<&str>) -> Result<Row, CellError> {
    let mut set: Vec<(&str, Bare)> = Vec::with_capacity(record.fields.len() + 1);
    let mut clear: Vec<(&str, Clearing)> = Vec::new();
    let key = shape.key_widget();
    if let Some(widget) = key {
        let id = Bare::text(&record.company_id);
        set.push((
            widget,
            id.map_err(|problem| error(widget, words::text!("key widget"), problem))?,
        ));
    }
    for field in &record.fields {
        let widget = field.field.as_str();
        if key == Some(widget) {
            continue; // The key always is the company id.
        }
        match bare(field, shape.kind(widget))? {
            Some(bare) => set.push((widget, bare)),
            None => clear.push((widget, shape.clearing(widget))),
        }
    }
    if let Some(mark) = mark.filter(|mark| record.fields.iter().all(|field| field.field != *mark)) {
        clear.push((mark, shape.clearing(mark)));
    }
    let content = set.iter().filter(|(widget, _)| key != Some(*widget));
    let hash = hash_cells(content.map(|(widget, bare)| (*widget, bare.canonical())));
    Ok(Row {
        set: Cells(set).object()?,
        clear: Cells(clear).members()?,
        hash,
    })
}

/// Encodes a single text cell, for the widget that marks removed customers.
pub(crate) fn encode_text(widget: &str, text: &str) -> Result<String, CellError> {
    Cells(vec![(widget, text)]).object()
}

const UNWRITABLE: &str = words::mark!("cannot be written as JSON");

fn error(widget: &str, label: &str, problem: &'static str) -> CellError {
    CellError {
        widget: widget.to_owned(),
        label: label.to_owned(),
        problem,
    }
}

/// A value without its wrapping.
struct Bare {
    write: Box<RawValue>,
    /// When it differs from what is written.
    canonical: Option<String>,
}

impl Serialize for Bare {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write.serialize(serializer)
    }
}

impl Bare {
    /// A text; its written form is the canonical one.
    fn text(text: &str) -> Result<Self, &'static str> {
        Ok(Self {
            write: raw(text)?,
            canonical: None,
        })
    }

    /// Any other value; `None` when it is empty.
    fn value(value: &Value, kind: &Kind) -> Result<Option<Self>, &'static str> {
        let Some(canonical) = canonical(kind, Side::Written, value) else {
            return Ok(None);
        };
        Ok(Some(Self {
            write: raw(value)?,
            canonical: Some(canonical.to_string()),
        }))
    }

    fn canonical(&self) -> &str {
        self.canonical.as_deref().unwrap_or_else(|| self.write.get())
    }
}

fn raw(value: &(impl Serialize + ?Sized)) -> Result<Box<RawValue>, &'static str> {
    to_raw_value(value).map_err(|_| UNWRITABLE)
}

fn bare(field: &FieldValue, kind: &Kind) -> Result<Option<Bare>, CellError> {
    let fault = |problem| error(&field.field, &field.label, problem);
    let Some(cell) = &field.value else { return Ok(None) };
    let bare = match cell {
        // Texts are the bulk of every row: no intermediate value.
        Cell::Text(text) | Cell::Member(text) | Cell::Lookup(text) => match text.is_empty() {
            true => Ok(None),
            false => Bare::text(text).map(Some),
        },
        Cell::Number(text) if text.trim().is_empty() => Ok(None),
        Cell::Number(text) => number(text).map(Some),
        Cell::Datetime(millis) => datetime(*millis).map(Some),
        Cell::Texts(list) | Cell::Members(list) => {
            let texts = list.items.iter().filter(|item| !item.is_empty());
            Bare::value(&texts.cloned().collect::<Value>(), kind)
        }
        Cell::Address(parts) => Bare::value(&address(parts), kind),
        Cell::Phone(text) => Bare::value(&object([("phone", text.as_str().into())]), kind),
        Cell::Department(number) => Bare::value(&Value::from(*number), kind),
        Cell::Departments(list) => Bare::value(&list.items.iter().copied().collect::<Value>(), kind),
        Cell::Subform(subform) => Bare::value(&subform_rows(subform, kind)?, kind),
        Cell::Json(bytes) => match serde_json::from_slice(bytes) {
            Ok(value) => Bare::value(&value, kind),
            Err(_) => Err(words::text!("not JSON")),
        },
    };
    bare.map_err(fault)
}

fn number(text: &str) -> Result<Bare, &'static str> {
    let trimmed = text.trim();
    let parsed: Option<f64> = trimmed.parse().ok();
    let canonical = parsed
        .and_then(canonical_number)
        .ok_or(words::text!("not a decimal number"))?;
    // The digits travel as they came when they are a JSON number already, so that none is lost on our side.
    let write = RawValue::from_string(trimmed.to_owned()).or_else(|_| raw(&canonical))?;
    Ok(Bare {
        write,
        canonical: Some(canonical.to_string()),
    })
}

fn datetime(millis: i64) -> Result<Bare, &'static str> {
    const OUTSIDE: &str = words::mark!("a time outside the years 0 to 9999");
    let time = jiff::Timestamp::from_millisecond(millis).map_err(|_| OUTSIDE)?;
    let text = time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    match text.starts_with(|first: char| first.is_ascii_digit()) {
        true => Bare::text(&text),
        false => Err(OUTSIDE),
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
    Value::Object(members.collect())
}

fn address(parts: &Address) -> Value {
    object([
        ("province", parts.province.as_str().into()),
        ("city", parts.city.as_str().into()),
        ("district", parts.district.as_str().into()),
        ("detail", parts.detail.as_str().into()),
    ])
}

fn subform_rows(subform: &Subform, kind: &Kind) -> Result<Value, CellError> {
    let unknown = Kinds::default();
    let kinds = match kind {
        Kind::Subform(kinds) => kinds,
        _ => &unknown,
    };
    let mut rows = Vec::with_capacity(subform.rows.len());
    for row in &subform.rows {
        let mut cells = Map::new();
        for field in &row.fields {
            // Inner values are wrapped too, or the vendor empties the whole subform.
            if let Some(cell) = bare(field, kinds.of(&field.field))? {
                let value: Value = serde_json::from_str(cell.write.get()).unwrap_or(Value::Null);
                cells.insert(field.field.clone(), object([("value", value)]));
            }
        }
        if !cells.is_empty() {
            rows.push(Value::Object(cells));
        }
    }
    Ok(Value::Array(rows))
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
