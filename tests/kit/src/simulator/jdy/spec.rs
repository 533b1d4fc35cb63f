//! What a form looks like: its ids and widgets. The default is the form of the seed mapping plus a key widget.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One widget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WidgetSpec {
    /// `_widget_…`
    pub name: String,
    /// Caption.
    pub label: String,
    /// `text`, `number`, `datetime`, `combo`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Widgets of a subform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<WidgetSpec>,
    /// Not in `widget/list`, although rows have it.
    #[serde(default)]
    pub hidden: bool,
    /// What `widget/list` says of it beside the documented members.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub members: Map<String, Value>,
}

impl WidgetSpec {
    /// A widget without items.
    pub fn new(name: &str, label: &str, kind: &str) -> WidgetSpec {
        WidgetSpec {
            name: name.into(),
            label: label.into(),
            kind: kind.into(),
            items: vec![],
            hidden: false,
            members: Map::new(),
        }
    }

    pub(super) fn answer(&self) -> Value {
        let mut value =
            json!({"name": self.name, "widgetName": self.name, "label": self.label, "type": self.kind});
        for (name, member) in &self.members {
            value[name] = member.clone();
        }
        if !self.items.is_empty() {
            value["items"] = self.items.iter().map(WidgetSpec::answer).collect();
        }
        value
    }
}

/// One form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormSpec {
    /// 24 hexadecimal digits.
    pub app_id: String,
    /// 24 hexadecimal digits.
    pub entry_id: String,
    /// Title.
    pub name: String,
    /// Widgets in order.
    pub widgets: Vec<WidgetSpec>,
}

/// App of the default form.
pub const APP_ID: &str = "647efacc2a57bd0008e51e9e";
/// Entry of the default form.
pub const ENTRY_ID: &str = "668a08beaf5a1cb83e659b52";
/// The widget that holds the company id in the default form.
pub const KEY_WIDGET: &str = "_widget_okki_id";
/// The 14 widgets of the seed mapping are numbered from here.
const FIRST_WIDGET: u64 = 1_720_322_268_295;

impl FormSpec {
    /// The seed's form: 14 text widgets and the key widget.
    pub fn customers() -> FormSpec {
        let mut widgets: Vec<WidgetSpec> = crate::simulator::expected::LABELS
            .iter()
            .zip(0..)
            .map(|(label, i)| WidgetSpec::new(&cell_widget(i), label, "text"))
            .collect();
        widgets.push(WidgetSpec::new(KEY_WIDGET, "OKKI ID", "text"));
        FormSpec {
            app_id: APP_ID.into(),
            entry_id: ENTRY_ID.into(),
            name: "OKKI 客户".into(),
            widgets,
        }
    }

    /// The same form without its key widget.
    pub fn without_key(mut self) -> FormSpec {
        self.widgets.retain(|widget| widget.name != KEY_WIDGET);
        self
    }

    /// The same form with one more widget, or another type for one it has.
    pub fn with(mut self, widget: WidgetSpec) -> FormSpec {
        match self.widgets.iter_mut().find(|known| known.name == widget.name) {
            Some(known) => *known = widget,
            None => self.widgets.push(widget),
        }
        self
    }
}

/// Name of the widget of the i-th cell of the seed mapping.
pub fn cell_widget(i: usize) -> String {
    format!("_widget_{}", FIRST_WIDGET + i as u64)
}
