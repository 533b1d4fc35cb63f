//! What the server makes of a written value, per widget type: kept, converted, silently dropped, or refused
//! (docs/jiandaoyun-api.md §4). "Dropped" is the dangerous case: HTTP 200, an empty cell, and not a word about it.

use jiff::{Timestamp, civil, tz::Offset};
use serde_json::{Value, json};

use super::oid::Oid;
use super::spec::WidgetSpec;
use crate::simulator::clock::iso_utc;
use crate::simulator::settings::JdySettings;

/// A stored cell. Most cells are text, and there are very many of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Cell {
    #[default]
    Empty,
    Text(Box<str>),
    Json(Box<Value>),
}

impl Cell {
    fn json(value: Value) -> Cell {
        Cell::Json(Box::new(value))
    }

    fn text(value: &str) -> Cell {
        Cell::Text(value.into())
    }

    /// What something in the form makes of it.
    pub(super) fn rewritten(self, widget: &str, settings: &JdySettings) -> Cell {
        let Some(text) = self.as_text().filter(|_| !settings.rewritten.is_empty()) else {
            return self;
        };
        let rule = settings.rewritten.iter().find(|rule| {
            let holds = |part: &String| text.contains(part.as_str());
            rule.widget == widget && rule.holding.as_ref().is_none_or(holds)
        });
        match rule {
            None => self,
            Some(rule) => match &rule.prefix {
                Some(prefix) => Cell::text(&format!("{prefix}{text}")),
                None => Cell::Empty,
            },
        }
    }

    /// As the API reads it back.
    pub(crate) fn read(&self) -> Value {
        match self {
            Cell::Empty => Value::Null,
            Cell::Text(text) => json!(text),
            Cell::Json(value) => (**value).clone(),
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Cell::Text(text) => Some(text),
            Cell::Json(value) => value.as_str(),
            Cell::Empty => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => text.is_empty(),
            Cell::Json(value) => value.as_array().is_some_and(Vec::is_empty),
        }
    }
}

/// Types that no API call can write.
pub(super) fn is_read_only(kind: &str) -> bool {
    matches!(
        kind,
        "linkdata" | "signature" | "sn" | "divider" | "separator" | "query" | "button"
    )
}

/// What `{"value": …}` becomes in a cell of this type; an error is the code that refuses the whole request.
pub(super) fn store(widget: &WidgetSpec, wrapped: &Value, settings: &JdySettings) -> Result<Cell, i64> {
    // a bare value is not recognised as a value at all
    let Some(value) = wrapped.as_object().and_then(|object| object.get("value")) else {
        return Ok(Cell::Empty);
    };
    let kind = widget.kind.as_str();
    let choice = matches!(
        kind,
        "radiogroup" | "combo" | "checkboxgroup" | "combocheck" | "lookup" | "linkobject"
    );
    if (value.is_null() && (settings.refuse_null || choice)) || (choice && value.as_str() == Some("")) {
        return Err(settings.invalid_parameter);
    }
    let cleared = value.is_null() || value.as_object().is_some_and(|object| object.is_empty());
    if cleared || is_read_only(kind) {
        return Ok(Cell::Empty);
    }
    Ok(match kind {
        "text" | "textarea" | "company" => text(value),
        "number" => number(value),
        "datetime" => value_time(value).map_or(Cell::Empty, |ms| Cell::text(&iso_utc(ms))),
        "radiogroup" | "combo" => value.as_str().map_or(Cell::Empty, Cell::text),
        "checkboxgroup" | "combocheck" => texts(value),
        "address" | "location" => address(value),
        "phone" => match value.get("phone").and_then(Value::as_str) {
            Some(phone) => Cell::json(json!({"phone": phone, "verified": false})),
            None => Cell::Empty,
        },
        "user" => member(value, settings).map_or(Cell::Empty, Cell::json),
        "usergroup" => many(value, |one| member(one, settings)),
        "dept" => department(value, settings).map_or(Cell::Empty, Cell::json),
        "deptgroup" => many(value, |one| department(one, settings)),
        "subform" => subform(widget, value, settings)?,
        "lookup" => match value.as_str() {
            Some(id) if id.parse::<Oid>().is_ok() => Cell::text(id),
            _ => Cell::Empty,
        },
        "linkobject" => match value.get("link_id").and_then(Value::as_str) {
            Some(id) => Cell::json(json!({"link_form": "", "link_id": id, "name": ""})),
            None => return Err(settings.invalid_parameter),
        },
        "image" | "upload" => match texts(value) {
            Cell::Json(keys) => many(&keys, |key| {
                Some(json!({"name": key, "size": 1, "mime": "", "url": ""}))
            }),
            _ => Cell::Empty,
        },
        "richtext" => match value.as_str() {
            Some(html) => Cell::json(json!({"html": html, "attachments": []})),
            None => Cell::Empty,
        },
        _ => Cell::Empty,
    })
}

fn text(value: &Value) -> Cell {
    match value {
        Value::String(text) => Cell::text(text),
        Value::Number(number) => Cell::text(&number.to_string()),
        _ => Cell::Empty,
    }
}

fn number(value: &Value) -> Cell {
    match value {
        Value::Number(_) => Cell::json(value.clone()),
        Value::String(text) => match serde_json::from_str::<serde_json::Number>(text.trim()) {
            Ok(number) => Cell::json(Value::Number(number)),
            Err(_) => Cell::Empty,
        },
        _ => Cell::Empty,
    }
}

/// ISO with or without zone, `yyyy-MM-dd HH:mm:ss`, `yyyy-MM-dd` (all taken as UTC) or epoch milliseconds.
pub(super) fn value_time(value: &Value) -> Option<i64> {
    match value {
        Value::Number(ms) => ms.as_i64().filter(|ms| *ms > 100_000_000_000),
        Value::String(text) => {
            let zoned = text.parse::<Timestamp>();
            let local = || {
                Offset::UTC
                    .to_timestamp(text.parse::<civil::DateTime>().ok()?)
                    .ok()
            };
            zoned.ok().or_else(local).map(Timestamp::as_millisecond)
        }
        _ => None,
    }
}

fn texts(value: &Value) -> Cell {
    match value.as_array() {
        Some(items) if items.iter().all(Value::is_string) => Cell::json(value.clone()),
        _ => Cell::Empty,
    }
}

fn address(value: &Value) -> Cell {
    let Some(object) = value.as_object() else {
        return Cell::Empty;
    };
    let part = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut stored = json!({"province": part("province"), "city": part("city"), "district": part("district"),
                            "detail": part("detail")});
    if let Some(place) = object.get("lnglatXY") {
        stored["lnglatXY"] = place.clone();
    }
    Cell::json(stored)
}

pub(super) fn member(value: &Value, settings: &JdySettings) -> Option<Value> {
    let name = value
        .as_str()
        .filter(|name| settings.members.iter().any(|known| known == name))?;
    Some(
        json!({"name": name, "username": name, "status": 1, "type": 0, "departments": [1], "integrate_id": name}),
    )
}

fn department(value: &Value, settings: &JdySettings) -> Option<Value> {
    let number = value
        .as_i64()
        .filter(|number| settings.departments.contains(number))?;
    Some(json!({"name": format!("部门{number}"), "dept_no": number, "status": 1, "type": 0}))
}

fn many(value: &Value, one: impl Fn(&Value) -> Option<Value>) -> Cell {
    match value.as_array() {
        Some(items) => Cell::json(items.iter().filter_map(one).collect()),
        None => Cell::Empty,
    }
}

/// Rows of wrapped values; one unwrapped value anywhere empties the whole subform.
fn subform(widget: &WidgetSpec, value: &Value, settings: &JdySettings) -> Result<Cell, i64> {
    let Some(rows) = value.as_array() else {
        return Ok(Cell::Empty);
    };
    let wrapped = |value: &Value| value.get("value").is_some();
    if !rows
        .iter()
        .all(|row| row.as_object().is_some_and(|cells| cells.values().all(wrapped)))
    {
        return Ok(Cell::json(json!([])));
    }
    let mut stored = Vec::new();
    for (row, number) in rows.iter().zip(1..) {
        let given = row
            .get("_id")
            .and_then(|id| id.get("value"))
            .and_then(Value::as_str);
        let mut cells = json!({"_id": given.map_or(format!("5f{number:022x}"), str::to_owned)});
        for item in &widget.items {
            if let Some(value) = row.get(&item.name) {
                cells[&item.name] = store(item, value, settings)?.read();
            }
        }
        stored.push(cells);
    }
    Ok(Cell::json(Value::Array(stored)))
}

#[cfg(test)]
mod tests;
