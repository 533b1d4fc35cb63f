//! Our additions to a document, in a file of its own so that the document stays as the integrator made it.
//!
//! `{"key_widget": "_widget_1", "widgets": {"_widget_2": "number"}, "zone": "+08:00", "condition": […],
//! "lookup": {…}, "failed_expression": "error"}`, every key optional. A widget list as the target returns it (`{"widgets": [{"name",
//! "type", "items"}]}`) will do as well.

mod file;

use std::collections::{BTreeMap, HashMap};

use file::{Additions, FormList, Given, Item, Widgets};
use mapping::{Condition, Place, Places, Problem, Zone};
use pipeline::form::FormWidget;

use super::lookup::Declared;

/// The checked additions.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// The field that holds the company id as text; the loader fills it.
    pub key_widget: Option<String>,
    /// Where it is named.
    pub key_place: Option<Place>,
    /// Types by field as the form names them.
    pub widgets: HashMap<String, WidgetType>,
    /// Zone of dates without offset.
    pub zone: Zone,
    /// Which records go on.
    pub condition: Condition,
    /// The same as it is written, without blanks; empty when there is none.
    pub condition_text: String,
    /// What is sent for an expression that cannot be computed.
    pub failed_expression: OnFailure,
    /// Where the tables of look-ups are, until they have been read.
    pub(super) lookups: BTreeMap<String, Declared>,
    /// What of them may not be meant.
    pub(super) warnings: Vec<Problem>,
    /// Fields whose types were written by hand, with their places.
    pub(super) typed: Vec<(String, Place)>,
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

impl OnFailure {
    /// What its author should know.
    pub(super) fn risk(self) -> Option<&'static str> {
        (self == OnFailure::Text).then(|| {
            words::text!(
                "failed_expression is \"text\": an expression that fails puts its own text into the form"
            )
        })
    }
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

    /// Reads additions; all problems at once, each with its place.
    pub fn parse(text: &str, name: &str) -> Result<Extras, Vec<Problem>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let places = Places::read(text, name)?;
        let mut reading = Reading {
            name,
            places,
            extras: Extras::default(),
            problems: Vec::new(),
        };
        match text.trim_start().chars().next() {
            Some('[') => match serde_json::from_str(text) {
                Ok::<FormList, _>(list) if list.is_empty() => {
                    reading.bad(&[], words::text!("the list of widgets is empty"));
                }
                Ok(list) => reading.list(&[], &list),
                Err(error) => reading.bad(&[], words::retold(&error.to_string())),
            },
            Some('{') => match serde_json::from_str(text) {
                Ok(additions) => reading.take(additions),
                Err(error) => reading.bad(&[], words::retold(&error.to_string())),
            },
            _ => reading.bad(
                &[],
                words::text!("an object with key_widget, widgets, zone or condition is expected"),
            ),
        }
        if reading.problems.is_empty() {
            Ok(reading.extras)
        } else {
            Err(reading.problems)
        }
    }
}

fn condition_text(condition: &serde_json::Value) -> String {
    let is_none = condition.is_null() || condition.as_array().is_some_and(Vec::is_empty);
    if is_none {
        String::new()
    } else {
        condition.to_string()
    }
}

/// Additions while they are read.
struct Reading<'t> {
    name: &'t str,
    places: Places<'t>,
    extras: Extras,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn bad(&mut self, path: &[&str], message: impl Into<String>) {
        let place = self.places.of(path);
        self.problems.push(Problem::new(self.name, message).at(place));
    }

    fn list(&mut self, path: &[&str], list: &FormList) {
        list_of(list, "", &mut self.extras.widgets);
        if self.extras.widgets.is_empty() {
            self.bad(
                path,
                words::text!("the list holds no widget with a name and a type"),
            );
        }
    }

    fn take(&mut self, additions: Additions) {
        match additions.widgets {
            Some(Given::Right(Widgets::List(list))) if list.is_empty() => {
                self.bad(&["widgets"], words::text!("the list of widgets is empty"));
            }
            Some(Given::Right(Widgets::List(list))) => self.list(&["widgets"], &list),
            Some(Given::Right(Widgets::Types(types))) => {
                for (field, kind) in types {
                    self.widget(field, &kind);
                }
            }
            Some(Given::Wrong(reason)) => self.bad(&["widgets"], words::tr!("widgets {reason}")),
            None => {}
        }
        self.extras.key_widget = self.value("key_widget", additions.key_widget).map(|text| text.0);
        let key = self.extras.key_widget.as_ref();
        self.extras.key_place = key.map(|_| self.places.of(&["key_widget"]));
        self.extras.zone = self
            .value("zone", additions.zone)
            .map(|zone| zone.0)
            .unwrap_or_default();
        self.extras.failed_expression = self
            .value("failed_expression", additions.failed_expression)
            .unwrap_or_default();
        for (collection, declared) in additions.lookup.unwrap_or_default() {
            match declared {
                Given::Right(declared) => drop(self.extras.lookups.insert(collection, declared)),
                Given::Wrong(reason) => {
                    self.bad(
                        &["lookup", &collection],
                        words::of(format_args!("lookup.{collection}"), reason),
                    );
                }
            }
        }
        match self.places.condition("condition") {
            Ok(loaded) => {
                self.extras.condition_text = condition_text(&additions.condition);
                self.extras.condition = loaded.document;
                self.extras.warnings = loaded.warnings;
            }
            Err(problems) => self.problems.extend(problems),
        }
        for key in additions.unknown.keys() {
            let message = words::tr!(
                "unknown key \"{key}\"; key_widget, widgets, zone, condition, lookup and failed_expression are known"
            );
            self.bad(&[key], message);
        }
    }

    fn value<T>(&mut self, key: &str, given: Option<Given<T>>) -> Option<T> {
        match given? {
            Given::Right(value) => Some(value),
            Given::Wrong(reason) => {
                self.bad(&[key], words::of(key, reason));
                None
            }
        }
    }

    /// Unlike the list of a form, types that were written by hand must all be writable.
    fn widget(&mut self, field: String, kind: &Given<String>) {
        let path = ["widgets", field.as_str()];
        match kind.right() {
            None => self.bad(
                &path,
                words::tr!("widgets.{field} must be a type such as \"number\""),
            ),
            Some(kind) if super::Widget::parse(kind).is_none() => self.bad(
                &path,
                words::tr!("widgets.{field}: the type \"{kind}\" is not known or not writable"),
            ),
            Some(kind) => {
                let widget = WidgetType {
                    kind: kind.clone(),
                    label: None,
                    read_only: false,
                };
                let place = self.places.of(&path);
                self.extras.typed.push((field.clone(), place));
                self.extras.widgets.insert(field, widget);
            }
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

/// Adds the widgets of a list that have a type. A form may well have some that cannot be written, as long as the document
/// does not use them.
fn list_of(list: &[Given<Item>], prefix: &str, widgets: &mut HashMap<String, WidgetType>) {
    for item in list.iter().filter_map(Given::right) {
        let Some(kind) = text(&item.kind) else { continue };
        let names = [text(&item.name), text(&item.widget_name)];
        let items = item.items.as_ref().and_then(Given::right);
        for name in names.into_iter().flatten() {
            let entry = WidgetType {
                kind: kind.clone(),
                label: text(&item.label).cloned(),
                read_only: false,
            };
            widgets.insert(format!("{prefix}{name}"), entry);
            list_of(items.map_or(&[], Vec::as_slice), &format!("{name}."), widgets);
        }
    }
}

fn text(given: &Option<Given<String>>) -> Option<&String> {
    given.as_ref().and_then(Given::right)
}
