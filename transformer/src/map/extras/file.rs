//! The shape of a file of additions. A value of a wrong type is kept as the reason, so that it hides no other problem.

use std::collections::BTreeMap;

use mapping::Zone;
use serde::de::{Deserializer, Error as _, IgnoredAny};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::super::lookup::Declared;
use super::OnFailure;

/// Additions as they are written.
#[derive(Deserialize)]
pub(super) struct Additions {
    #[serde(alias = "keyWidget", default)]
    pub key_widget: Option<Given<Text>>,
    #[serde(default)]
    pub widgets: Option<Given<Widgets>>,
    #[serde(alias = "timezone", alias = "time_zone", default)]
    pub zone: Option<Given<ZoneText>>,
    #[serde(default)]
    pub failed_expression: Option<Given<OnFailure>>,
    /// Tables of look-ups by collection.
    #[serde(alias = "lookups", default)]
    pub lookup: Option<BTreeMap<String, Given<Declared>>>,
    /// Has a reader of its own, which knows places.
    #[serde(default)]
    pub condition: Value,
    /// For editors.
    #[serde(rename = "$schema", default)]
    _schema: IgnoredAny,
    /// What the target returns beside a widget list.
    #[serde(rename = "sysWidgets", default)]
    _system_widgets: IgnoredAny,
    #[serde(rename = "dataModifyTime", default)]
    _modified: IgnoredAny,
    // What `loader form --json` prints beside it.
    #[serde(rename = "app_id", default)]
    _app_id: IgnoredAny,
    #[serde(rename = "entry_id", default)]
    _entry_id: IgnoredAny,
    #[serde(rename = "rows", default)]
    _rows: IgnoredAny,
    #[serde(flatten)]
    pub unknown: BTreeMap<String, IgnoredAny>,
}

/// `widgets`: types by field, or the list of a form.
#[derive(Deserialize)]
#[serde(untagged, expecting = "must be an object of types or a widget list")]
pub(super) enum Widgets {
    List(FormList),
    Types(BTreeMap<String, Given<String>>),
}

/// A widget list as the target returns it; what is no widget is passed over.
pub(super) type FormList = Vec<Given<Item>>;

/// A widget of such a list.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(rename = "type")]
    pub kind: Option<Given<String>>,
    pub name: Option<Given<String>>,
    #[serde(rename = "widgetName")]
    pub widget_name: Option<Given<String>>,
    pub label: Option<Given<String>>,
    pub items: Option<Given<FormList>>,
}

/// A value, or why it is none.
pub(super) enum Given<T> {
    Right(T),
    Wrong(String),
}

impl<T> Given<T> {
    pub(super) fn right(&self) -> Option<&T> {
        match self {
            Given::Right(value) => Some(value),
            Given::Wrong(_) => None,
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        Ok(T::deserialize(value).map_or_else(
            |error| Given::Wrong(words::retold(&error.to_string())),
            Given::Right,
        ))
    }
}

pub(super) struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => Ok(Text(text)),
            _ => Err(D::Error::custom(words::text!("must be a text"))),
        }
    }
}

/// A time zone by its name or offset.
pub(super) struct ZoneText(pub Zone);

impl<'de> Deserialize<'de> for ZoneText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(from)?.0;
        text.parse().map(ZoneText).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for OnFailure {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)?.as_str() {
            Some("" | "error") => Ok(OnFailure::Error),
            Some("text") => Ok(OnFailure::Text),
            _ => Err(D::Error::custom(words::text!("must be \"error\" or \"text\""))),
        }
    }
}
