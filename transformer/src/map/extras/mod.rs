//! Our additions to a document, in a file of its own so that the document stays as the integrator made it.
//!
//! `{"key_widget": "_widget_1", "widgets": {"_widget_2": "number"}, "zone": "+08:00", "condition": […],
//! "failed_expression": "error"}`, every key optional. A widget list as the target returns it (`{"widgets": [{"name", "type", "items"}]}`) will do as well.

use std::collections::HashMap;

use mapping::{Condition, Problem, Zone};
use pipeline::form::FormWidget;
use serde_json::{Map, Value};

/// The checked additions.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// The field that holds the company id as text; the loader fills it.
    pub key_widget: Option<String>,
    /// Types by field as the form names them.
    pub widgets: HashMap<String, WidgetType>,
    /// Zone of dates without offset.
    pub zone: Zone,
    /// Which records go on.
    pub condition: Condition,
    /// What is sent for an expression that cannot be computed.
    pub failed_expression: OnFailure,
}

/// What an expression that cannot be computed for a customer gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// An error of that customer, with field and expression.
    #[default]
    Error,
    /// The expression's own text with the values written in, as the platform sends it.
    Text,
}

/// A field of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WidgetType {
    /// The target's name of the type.
    pub kind: String,
    /// Caption on the form, if it was given.
    pub label: Option<String>,
    /// The form says that nothing can be written to it.
    pub read_only: bool,
}

impl Extras {
    /// The form's widgets as the loader read them.
    pub fn of_form(widgets: &[FormWidget]) -> Extras {
        let mut extras = Extras::default();
        add_widgets(widgets, "", &mut extras.widgets);
        extras
    }

    /// Reads additions; all problems at once.
    pub fn parse(text: &str, name: &str) -> Result<Extras, Vec<Problem>> {
        let root: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| vec![Problem::new(name, format!("not JSON: {error}"))])?;
        let mut problems = Vec::new();
        let mut extras = Extras::default();
        let mut bad = |message: String| problems.push(Problem::new(name, message));
        match &root {
            Value::Array(list) => list_of(list, "", &mut extras.widgets),
            Value::Object(map) => {
                match map.get("widgets") {
                    Some(Value::Array(list)) => list_of(list, "", &mut extras.widgets),
                    Some(Value::Object(types)) => {
                        for (field, kind) in types {
                            match kind {
                                Value::String(kind) => {
                                    extras.widgets.insert(
                                        field.clone(),
                                        WidgetType {
                                            kind: kind.clone(),
                                            label: None,
                                            read_only: false,
                                        },
                                    );
                                }
                                _ => bad(format!("widgets.{field} must be a type such as \"number\"")),
                            }
                        }
                    }
                    None | Some(Value::Null) => {}
                    Some(_) => bad("widgets must be an object of types or a widget list".to_owned()),
                }
                match text_of(map, &["key_widget", "keyWidget"]) {
                    Ok(found) => extras.key_widget = found,
                    Err(message) => bad(message),
                }
                match text_of(map, &["zone", "timezone", "time_zone"])
                    .and_then(|zone| zone.map(|z| z.parse()).transpose())
                {
                    Ok(found) => extras.zone = found.unwrap_or_default(),
                    Err(message) => bad(message),
                }
                match text_of(map, &["failed_expression"])
                    .map(Option::unwrap_or_default)
                    .as_deref()
                {
                    Ok("" | "error") => {}
                    Ok("text") => extras.failed_expression = OnFailure::Text,
                    Ok(_) => bad("failed_expression must be \"error\" or \"text\"".to_owned()),
                    Err(message) => bad(message.clone()),
                }
                if let Some(condition) = map.get("condition") {
                    match Condition::parse(&condition.to_string(), name) {
                        Ok(condition) => extras.condition = condition,
                        Err(found) => found
                            .into_iter()
                            .for_each(|problem| bad(format!("condition: {}", problem.message))),
                    }
                }
                let known = [
                    "widgets",
                    "key_widget",
                    "keyWidget",
                    "zone",
                    "timezone",
                    "time_zone",
                    "condition",
                    "failed_expression",
                    "sysWidgets",
                    "dataModifyTime",
                ];
                for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
                    bad(format!(
                        "unknown key \"{key}\"; key_widget, widgets, zone, condition and failed_expression are known"
                    ));
                }
            }
            _ => bad("an object with key_widget, widgets, zone or condition is expected".to_owned()),
        }
        for (field, widget) in &extras.widgets {
            if !is_list(&root) && super::Widget::parse(&widget.kind).is_none() {
                problems.push(Problem::new(
                    name,
                    format!(
                        "widgets.{field}: the type \"{}\" is not known or not writable",
                        widget.kind
                    ),
                ));
            }
        }
        if problems.is_empty() {
            Ok(extras)
        } else {
            Err(problems)
        }
    }
}

fn add_widgets(list: &[FormWidget], prefix: &str, widgets: &mut HashMap<String, WidgetType>) {
    for widget in list {
        let entry = WidgetType {
            kind: widget.kind.clone(),
            label: Some(widget.label.clone()),
            read_only: widget.read_only,
        };
        widgets.insert(format!("{prefix}{}", widget.name), entry);
        add_widgets(&widget.items, &format!("{}.", widget.name), widgets);
    }
}

/// A form may well contain fields that cannot be written, as long as the document does not use them.
fn is_list(root: &Value) -> bool {
    root.is_array() || root.get("widgets").is_some_and(Value::is_array)
}

fn text_of(map: &Map<String, Value>, names: &[&str]) -> Result<Option<String>, String> {
    match names.iter().find_map(|name| map.get(*name)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format!(
            "{} must be a text",
            names.first().unwrap_or(&"the value")
        )),
    }
}

fn list_of(list: &[Value], prefix: &str, widgets: &mut HashMap<String, WidgetType>) {
    for item in list {
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let Some(kind) = text("type") else { continue };
        let entry = WidgetType {
            kind: kind.to_owned(),
            label: text("label").map(str::to_owned),
            read_only: false,
        };
        for name in [text("name"), text("widgetName")].into_iter().flatten() {
            widgets.insert(format!("{prefix}{name}"), entry.clone());
            if let Some(Value::Array(items)) = item.get("items") {
                list_of(items, &format!("{name}."), widgets);
            }
        }
    }
}
