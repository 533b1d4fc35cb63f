//! What can be done to one value of a body: set, clear, replace a part, trim, shorten; [`super::compute`] computes one.

use super::{assignment::Error, compute::Compute};
use crate::when;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Members of a cell that are not its value.
pub(super) const CELL: [&str; 2] = ["field", "label"];

/// What is done to a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Change {
    /// Takes the place of what is there; nothing empties the cell.
    Set {
        /// The new value as text.
        value: String,
        /// The kind of value that an empty cell takes, as far as the form says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
    },
    /// Takes the place of what is there, computed from the letter's cells.
    Compute(Compute),
    /// Every occurrence of a text in the value.
    Replace {
        /// What is replaced.
        old: String,
        /// By what.
        new: String,
    },
    /// At most so many characters.
    Truncate {
        /// Characters that stay.
        length: usize,
    },
    /// Blanks at both ends.
    Trim {
        /// Says that blanks go.
        trim: bool,
    },
}

impl Change {
    /// The text after the change; `None`: this is no change of what is there.
    fn of_text(&self, text: &str) -> Option<String> {
        match self {
            Self::Set { .. } | Self::Compute(_) => None,
            Self::Replace { old, new } => Some(text.replace(old, new)),
            Self::Truncate { length } => Some(text.chars().take(*length).collect()),
            Self::Trim { .. } => Some(text.trim().to_owned()),
        }
    }

    /// Changes a cell, which keeps the kind of its value.
    pub(super) fn cell(&self, field: &str, cell: &mut Map<String, Value>) -> Result<(), Error> {
        let kind = cell.keys().find(|name| !CELL.contains(&name.as_str())).cloned();
        if let Self::Set { value, kind: known } = self {
            return set(field, cell, kind.or_else(|| known.clone()), value);
        }
        // An empty cell stays empty.
        let Some(kind) = kind else { return Ok(()) };
        let refuse = |problem: &str| Error::Kind {
            field: field.to_owned(),
            kind: kind.clone(),
            problem: problem.to_owned(),
        };
        let text = cell[&kind]
            .as_str()
            .ok_or_else(|| refuse(words::text!("only a text can be changed in part")))?;
        let changed = self.of_text(text).unwrap_or_default();
        if changed.is_empty() {
            cell.shift_remove(&kind);
            return Ok(());
        }
        set(field, cell, Some(kind), &changed)
    }

    /// Changes a value at a path.
    pub(super) fn value(&self, field: &str, place: &mut Value) -> Result<(), Error> {
        *place = match (self, &*place) {
            (Self::Set { value, .. }, Value::String(_)) => value.clone().into(),
            (Self::Set { value, .. }, _) => {
                crate::letter::exact::read(value).unwrap_or_else(|_| value.clone().into())
            }
            (change, Value::String(text)) => change.of_text(text).unwrap_or_default().into(),
            (_, Value::Null) => Value::Null,
            _ => {
                return Err(Error::Kind {
                    field: field.to_owned(),
                    kind: words::text!("no text").to_owned(),
                    problem: words::text!("only a text can be changed in part").to_owned(),
                });
            }
        };
        Ok(())
    }
}

/// Fills a cell with a value of the kind that the form says, whatever kind it held, or else of the kind that it holds.
pub(super) fn set_anew(
    field: &str,
    cell: &mut Map<String, Value>,
    kind: Option<String>,
    text: &str,
) -> Result<(), Error> {
    let held = cell.keys().find(|name| !CELL.contains(&name.as_str())).cloned();
    let kind = kind.or_else(|| held.clone());
    let other = held.filter(|held| Some(held) != kind.as_ref());
    set(field, cell, kind, text)?;
    if let Some(other) = other {
        cell.shift_remove(&other);
    }
    Ok(())
}

/// Fills a cell with a value of this kind; nothing empties it.
fn set(field: &str, cell: &mut Map<String, Value>, kind: Option<String>, text: &str) -> Result<(), Error> {
    if text.is_empty() {
        if let Some(kind) = kind {
            cell.shift_remove(&kind);
        }
        return Ok(());
    }
    let Some(kind) = kind else {
        return Err(Error::Empty(field.to_owned()));
    };
    let refuse = |problem: &str| Error::Kind {
        field: field.to_owned(),
        kind: kind.clone(),
        problem: problem.to_owned(),
    };
    let value = match kind.as_str() {
        "text" | "phone" | "member" | "lookup" => Value::String(text.to_owned()),
        "number" => {
            let decimal = text.trim();
            if decimal.parse::<f64>().is_ok_and(f64::is_finite) {
                Value::String(decimal.to_owned())
            } else {
                return Err(refuse(words::text!("write a number such as 12.50")));
            }
        }
        "datetime" => {
            let ms = text.trim().parse().or_else(|_| when::parse_time(text));
            Value::from(ms.map_err(|problem| refuse(&problem))?)
        }
        _ => crate::letter::exact::read(text).map_err(|_| refuse(words::text!("write its value as JSON")))?,
    };
    cell.insert(kind, value);
    Ok(())
}
