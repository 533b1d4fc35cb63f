//! One change of one value in a body shown as JSON, as an operator writes it: `--set field=value` and its kin.
//!
//! In a form record a field is a cell, by its widget or its caption; anywhere else it is a path such as `detail.name`.

use super::{
    change::{self, CELL, Change},
    compute::Compute,
};
use pipeline::form::FormReading;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::str::FromStr;

/// One change of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub(super) field: String,
    #[serde(flatten)]
    pub(super) change: Change,
}

/// Why a value cannot be changed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Nothing to change.
    #[error("{}", words::tr!("no cell or field `{0}` in this body"))]
    Missing(String),
    /// The cell holds another kind of value.
    #[error("{}", words::tr!("`{field}` holds {kind}: {problem}"))]
    Kind {
        /// The field.
        field: String,
        /// Member of the cell's value.
        kind: String,
        /// What does not fit.
        problem: String,
    },
    /// The expression has no value for this letter.
    #[error("{}", words::tr!("`{field}` cannot be computed: {problem}"))]
    Expression {
        /// The field.
        field: String,
        /// Why.
        problem: String,
    },
    /// The cell is empty, and no loader has read the form.
    #[error("{}", words::tr!("cell `{0}` is empty and does not say what kind of value it takes; start the loader once, which reads the form, or use `dead edit`"))]
    Empty(String),
}

/// Parts of what an operator wrote, with neither empty field nor missing sign.
pub(super) fn split<'a>(text: &'a str, usage: &str) -> Result<(String, &'a str), String> {
    match text.split_once('=') {
        Some((field, rest)) if !field.trim().is_empty() => Ok((field.trim().to_owned(), rest)),
        _ => Err(words::tr!("`{text}`: write {usage}")),
    }
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (field, value) = split(text, "field=value")?;
        let value = value.to_owned();
        Ok(Self {
            field,
            change: Change::Set { value, kind: None },
        })
    }
}

impl Assignment {
    /// Empties a field.
    #[must_use]
    pub fn clear(field: &str) -> Self {
        Self {
            field: field.trim().to_owned(),
            change: Change::Set {
                value: String::new(),
                kind: None,
            },
        }
    }

    /// Takes the blanks at both ends of a text away.
    #[must_use]
    pub fn trim(field: &str) -> Self {
        Self {
            field: field.trim().to_owned(),
            change: Change::Trim { trim: true },
        }
    }

    /// Reads `field=old=>new`.
    ///
    /// # Errors
    /// How to write it.
    pub fn replace(text: &str) -> Result<Self, String> {
        const USAGE: &str = "field=old=>new";
        let (field, rest) = split(text, USAGE)?;
        match rest.split_once("=>") {
            Some((old, new)) if !old.is_empty() => Ok(Self {
                field,
                change: Change::Replace {
                    old: old.to_owned(),
                    new: new.to_owned(),
                },
            }),
            _ => Err(words::tr!("`{text}`: write {USAGE}")),
        }
    }

    /// Reads `field=characters`.
    ///
    /// # Errors
    /// How to write it.
    pub fn truncate(text: &str) -> Result<Self, String> {
        const USAGE: &str = words::mark!("field=20, the characters that stay");
        let (field, length) = split(text, USAGE)?;
        let length = length
            .trim()
            .parse()
            .map_err(|_| words::tr!("`{text}`: write {USAGE}"))?;
        Ok(Self {
            field,
            change: Change::Truncate { length },
        })
    }

    /// The same, which also knows what kind of value the cell takes when it is empty.
    #[must_use]
    pub fn typed(mut self, form: &FormReading) -> Self {
        let field = self.field.as_str();
        let widgets = || form.widgets.iter();
        let by_caption: Vec<_> = widgets().filter(|widget| widget.label == field).collect();
        let found = widgets()
            .find(|widget| widget.name == field)
            .or(match by_caption[..] {
                [only] => Some(only),
                _ => None,
            });
        let known = found.and_then(|widget| member(&widget.kind)).map(str::to_owned);
        match &mut self.change {
            Change::Set { kind, .. } | Change::Compute(Compute { kind, .. }) if known.is_some() => {
                *kind = known
            }
            _ => {}
        }
        self
    }

    /// Changes the value.
    ///
    /// # Errors
    /// When there is no such field, or the value does not fit it.
    pub fn apply(&self, body: &mut Value) -> Result<(), Error> {
        let computed = match &self.change {
            Change::Compute(compute) => Some(compute.value(&self.field, body)?),
            _ => None,
        };
        let (field, change) = (self.field.as_str(), &self.change);
        match (place(field, body)?, computed) {
            (Place::Cell(cell), Some((kind, text))) => change::set_anew(field, cell, kind, &text),
            (Place::Cell(cell), None) => change.cell(field, cell),
            (Place::Value(value), Some((_, text))) => Change::Set {
                value: text,
                kind: None,
            }
            .value(field, value),
            (Place::Value(value), None) => change.value(field, value),
        }
    }
}

/// What a field names.
enum Place<'a> {
    Cell(&'a mut Map<String, Value>),
    Value(&'a mut Value),
}

/// In a form record a cell, by its widget or its caption; anywhere else the end of a path.
fn place<'a>(field: &str, body: &'a mut Value) -> Result<Place<'a>, Error> {
    let missing = || Error::Missing(field.to_owned());
    if body.get("fields").is_some_and(Value::is_array) {
        let is_meant = |cell: &&mut Value| CELL.iter().any(|name| cell[*name] == field);
        let mut cells = body["fields"].as_array_mut().into_iter().flatten();
        let cell = cells.find(is_meant).and_then(Value::as_object_mut);
        return cell.map(Place::Cell).ok_or_else(missing);
    }
    let mut place = body;
    for step in field.split('.') {
        let next = match place {
            Value::Object(fields) => fields.get_mut(step),
            Value::Array(items) => step.parse().ok().and_then(|index: usize| items.get_mut(index)),
            _ => None,
        };
        place = next.ok_or_else(missing)?;
    }
    Ok(Place::Value(place))
}

/// The member of a cell's value that a widget of this type takes.
fn member(widget: &str) -> Option<&'static str> {
    Some(match widget {
        "text" | "textarea" | "radiogroup" | "combo" | "richtext" | "company" => "text",
        "number" => "number",
        "datetime" => "datetime",
        "checkboxgroup" | "combocheck" => "texts",
        "address" | "location" => "address",
        "phone" => "phone",
        "user" => "member",
        "usergroup" => "members",
        "dept" => "department",
        "deptgroup" => "departments",
        "subform" => "subform",
        "lookup" => "lookup",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::form::FormWidget;
    use serde_json::json;

    fn set(body: &mut Value, text: &str) -> Result<(), Error> {
        text.parse::<Assignment>().unwrap().apply(body)
    }

    #[test]
    fn a_cell_is_found_by_widget_or_caption_and_keeps_its_kind() {
        let mut body = json!({"fields": [
            {"field": "w1", "label": "名称", "text": "a"},
            {"field": "w2", "label": "数量", "number": "1"},
            {"field": "w3", "label": "标签", "texts": {"items": ["x"]}},
            {"field": "w4", "label": "空"},
        ]});
        set(&mut body, "名称=b=c").unwrap();
        set(&mut body, "w2= 2.50 ").unwrap();
        set(&mut body, r#"w3={"items":["y"]}"#).unwrap();
        assert_eq!(body["fields"][0]["text"], "b=c");
        assert_eq!(body["fields"][1]["number"], "2.50");
        assert_eq!(body["fields"][2]["texts"], json!({"items": ["y"]}));
        set(&mut body, "w1=").unwrap();
        assert_eq!(body["fields"][0], json!({"field": "w1", "label": "名称"}));
        assert!(matches!(set(&mut body, "w2=many"), Err(Error::Kind { .. })));
        assert_eq!(set(&mut body, "w4=x"), Err(Error::Empty("w4".into())));
        assert_eq!(set(&mut body, "w9=x"), Err(Error::Missing("w9".into())));
    }

    #[test]
    fn elsewhere_a_field_is_a_path() {
        let mut body = json!({"detail": {"name": "a", "tags": [1, 2], "n": 3}});
        set(&mut body, "detail.name=7").unwrap();
        set(&mut body, "detail.tags.1=5").unwrap();
        set(&mut body, "detail.n=null").unwrap();
        assert_eq!(body, json!({"detail": {"name": "7", "tags": [1, 5], "n": null}}));
        assert_eq!(
            set(&mut body, "detail.nope=1"),
            Err(Error::Missing("detail.nope".into()))
        );
        assert!("novalue".parse::<Assignment>().is_err());
    }

    #[test]
    fn the_form_says_what_an_empty_cell_takes() {
        let widget = |name: &str, label: &str, kind: &str| FormWidget {
            name: name.to_owned(),
            label: label.to_owned(),
            kind: kind.to_owned(),
            read_only: false,
            items: Vec::new(),
        };
        let form = FormReading {
            app_id: String::new(),
            entry_id: String::new(),
            read_at_ms: 0,
            row_page: None,
            widgets: vec![widget("w1", "电话", "phone"), widget("w2", "数量", "number")],
        };
        let mut body =
            json!({"fields": [{"field": "w1", "label": "电话"}, {"field": "w2", "label": "数量"}]});
        for text in ["电话=13812345678", "w2=1.50"] {
            text.parse::<Assignment>()
                .unwrap()
                .typed(&form)
                .apply(&mut body)
                .unwrap();
        }
        assert_eq!(body["fields"][0]["phone"], "13812345678");
        assert_eq!(body["fields"][1]["number"], "1.50");
    }

    #[test]
    fn texts_are_changed_in_part() {
        let mut body = json!({"fields": [
            {"field": "w1", "label": "名称", "text": "  旧 name  "},
            {"field": "w2", "label": "标签", "texts": {"items": ["x"]}},
            {"field": "w3", "label": "空"},
        ]});
        for change in [
            Assignment::trim("w1"),
            Assignment::replace("名称=旧=>新").unwrap(),
            Assignment::truncate("w1=4").unwrap(),
            Assignment::trim("w3"),
        ] {
            change.apply(&mut body).unwrap();
        }
        assert_eq!(body["fields"][0]["text"], "新 na");
        assert!(matches!(
            Assignment::trim("w2").apply(&mut body),
            Err(Error::Kind { .. })
        ));
        Assignment::clear("w1").apply(&mut body).unwrap();
        assert_eq!(body["fields"][0], json!({"field": "w1", "label": "名称"}));
        assert!(Assignment::replace("w1=x").is_err() && Assignment::truncate("w1=x").is_err());
    }

    #[test]
    fn what_an_older_version_wrote_into_a_plan_is_read() {
        let old: Assignment = serde_json::from_str(r#"{"field":"w1","value":"x"}"#).unwrap();
        assert_eq!(old, "w1=x".parse().unwrap());
        for one in [
            Assignment::trim("a"),
            Assignment::truncate("a=3").unwrap(),
            Assignment::replace("a=b=>c").unwrap(),
        ] {
            let json = serde_json::to_string(&one).unwrap();
            assert_eq!(serde_json::from_str::<Assignment>(&json).unwrap(), one, "{json}");
        }
    }
}
