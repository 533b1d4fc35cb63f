//! `--set field=value`: one value in a body shown as JSON.
//!
//! In a form record a field is a cell, by its widget or its caption; anywhere else it is a path such as `detail.name`.

use crate::when;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::str::FromStr;

/// Members of a cell that are not its value.
const CELL: [&str; 2] = ["field", "label"];

/// One `field=value`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    field: String,
    value: String,
}

/// Why a value cannot be set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Nothing to set.
    #[error("no cell or field `{0}` in this body")]
    Missing(String),
    /// The cell holds another kind of value.
    #[error("`{field}` holds {kind}: {problem}")]
    Kind {
        /// The field.
        field: String,
        /// Member of the cell's value.
        kind: String,
        /// What does not fit.
        problem: String,
    },
    /// The cell is empty, so its kind is not known.
    #[error("cell `{0}` is empty and does not say what kind of value it takes; use `dead edit`")]
    Empty(String),
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((field, value)) if !field.trim().is_empty() => Ok(Self {
                field: field.trim().to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(format!("`{text}`: write field=value")),
        }
    }
}

impl Assignment {
    /// Sets the value.
    ///
    /// # Errors
    /// When there is no such field, or the value does not fit it.
    pub fn apply(&self, body: &mut Value) -> Result<(), Error> {
        if let Some(Value::Array(cells)) = body.get_mut("fields") {
            let is_meant = |cell: &&mut Value| CELL.iter().any(|name| cell[*name] == self.field.as_str());
            let cell = cells.iter_mut().find(is_meant).and_then(Value::as_object_mut);
            return match cell {
                Some(cell) => self.fill(cell),
                None => Err(Error::Missing(self.field.clone())),
            };
        }
        let mut place = body;
        for step in self.field.split('.') {
            let next = match place {
                Value::Object(fields) => fields.get_mut(step),
                Value::Array(items) => step.parse().ok().and_then(|index: usize| items.get_mut(index)),
                _ => None,
            };
            place = next.ok_or_else(|| Error::Missing(self.field.clone()))?;
        }
        *place = match place {
            Value::String(_) => self.value.clone().into(),
            _ => serde_json::from_str(&self.value).unwrap_or_else(|_| self.value.clone().into()),
        };
        Ok(())
    }

    /// Fills a cell with a value of the kind that it has; nothing empties it.
    fn fill(&self, cell: &mut Map<String, Value>) -> Result<(), Error> {
        let kind = cell.keys().find(|name| !CELL.contains(&name.as_str())).cloned();
        if self.value.is_empty() {
            if let Some(kind) = kind {
                cell.shift_remove(&kind);
            }
            return Ok(());
        }
        let Some(kind) = kind else {
            return Err(Error::Empty(self.field.clone()));
        };
        let refuse = |problem: &str| Error::Kind {
            field: self.field.clone(),
            kind: kind.clone(),
            problem: problem.to_owned(),
        };
        let value = match kind.as_str() {
            "text" | "phone" | "member" | "lookup" => Value::String(self.value.clone()),
            "number" => {
                let decimal = self.value.trim();
                if decimal.parse::<f64>().is_ok_and(f64::is_finite) {
                    Value::String(decimal.to_owned())
                } else {
                    return Err(refuse("write a number such as 12.50"));
                }
            }
            "datetime" => {
                let ms = self
                    .value
                    .trim()
                    .parse()
                    .or_else(|_| when::parse_time(&self.value));
                Value::from(ms.map_err(|problem| refuse(&problem))?)
            }
            _ => serde_json::from_str(&self.value).map_err(|_| refuse("write its value as JSON"))?,
        };
        cell.insert(kind, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
