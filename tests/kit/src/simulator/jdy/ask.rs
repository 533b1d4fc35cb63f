//! One request on its way through an operation, and how its parameters are read.

use serde_json::{Map, Value};

use super::oid::Oid;
use super::route::Route;
use super::transactions;
use crate::simulator::settings::{JdySettings, Poison};

/// One request.
pub(super) struct Ask<'a> {
    pub route: Route<'a>,
    pub body: Map<String, Value>,
    pub settings: &'a JdySettings,
    pub now_ms: i64,
    /// Position of the form.
    pub form: usize,
}

/// What an operation ends in: an answer, or the code that refuses it.
pub(super) type Answer = Result<Value, i64>;

impl Ask<'_> {
    pub(super) fn invalid(&self) -> i64 {
        self.settings.invalid_parameter
    }

    /// Whether this operation answers success and does nothing.
    pub(super) fn is_unheeded(&self, operation: &str) -> bool {
        self.settings
            .unheeded
            .iter()
            .any(|unheeded| unheeded == operation)
    }

    /// A parameter that must be text when it is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, i64> {
        match self.body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(self.invalid()),
        }
    }

    /// Flags must be booleans; the old paths have always taken their text forms too.
    pub(super) fn check_flags(&self) -> Result<(), i64> {
        for name in ["is_start_workflow", "is_start_trigger"] {
            let good = match self.body.get(name) {
                None | Some(Value::Null | Value::Bool(_)) => true,
                Some(Value::String(text)) => {
                    self.route.version < 5 && matches!(text.as_str(), "true" | "false" | "")
                }
                Some(_) => false,
            };
            if !good {
                return Err(self.invalid());
            }
        }
        Ok(())
    }

    /// `data_creator`, which must be a known member.
    pub(super) fn creator(&self) -> Result<Option<&str>, i64> {
        match self.text("data_creator")? {
            Some(name) if !self.settings.members.iter().any(|known| known == name) => Err(1010),
            name => Ok(name),
        }
    }

    /// `transaction_id`, which must be well-formed.
    pub(super) fn transaction(&self) -> Result<Option<&str>, i64> {
        match self.text("transaction_id")? {
            Some(id) if !transactions::is_well_formed(id) => Err(17025),
            id => Ok(id),
        }
    }

    /// An object parameter.
    pub(super) fn object(&self, name: &str) -> Result<&Map<String, Value>, i64> {
        self.body
            .get(name)
            .and_then(Value::as_object)
            .ok_or(self.invalid())
    }

    /// The record id under `data_id`; text that is no id names no record.
    pub(super) fn data_id(&self) -> Result<Oid, i64> {
        let text = self.text("data_id")?.ok_or(self.invalid())?;
        text.parse().map_err(|()| 4001)
    }

    /// `data_ids`, 1 to 100 of them.
    pub(super) fn data_ids(&self, too_many: i64) -> Result<Vec<Oid>, i64> {
        let ids = self
            .body
            .get("data_ids")
            .and_then(Value::as_array)
            .ok_or(self.invalid())?;
        if ids.len() > 100 {
            return Err(too_many);
        }
        if ids.is_empty() || !ids.iter().all(Value::is_string) {
            return Err(self.invalid());
        }
        Ok(ids
            .iter()
            .filter_map(Value::as_str)
            .filter_map(|id| id.parse().ok())
            .collect())
    }
}

/// The code of the first marker that one of these rows contains.
pub(super) fn poisoned<'a>(
    rows: impl IntoIterator<Item = &'a Map<String, Value>>,
    settings: &JdySettings,
) -> Option<i64> {
    marked(rows, &settings.poison)
}

/// The code of the first of these markers that one of these rows contains.
pub(super) fn marked<'a>(
    rows: impl IntoIterator<Item = &'a Map<String, Value>>,
    markers: &[Poison],
) -> Option<i64> {
    if markers.is_empty() {
        return None;
    }
    rows.into_iter().find_map(|row| {
        let hit = markers
            .iter()
            .find(|poison| row.values().any(|value| holds(value, &poison.marker)));
        hit.map(|poison| poison.code)
    })
}

/// Whether one of the texts of a row contains one of these.
pub(super) fn contains_any(row: &Map<String, Value>, markers: &[String]) -> bool {
    let is_in = |marker: &String| row.values().any(|value| holds(value, marker));
    markers.iter().any(is_in)
}

fn holds(value: &Value, marker: &str) -> bool {
    match value {
        Value::String(text) => text.contains(marker),
        Value::Array(items) => items.iter().any(|item| holds(item, marker)),
        Value::Object(fields) => fields.values().any(|field| holds(field, marker)),
        _ => false,
    }
}
