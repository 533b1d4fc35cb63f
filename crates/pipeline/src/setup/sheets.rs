//! What both vendors say of themselves to who sets a pipeline up: the forms that there are, the widgets of one, the fields
//! that customers have. `loader form --json` and `extractor fields --json` print these, and wishes answer with them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The apps and forms that the API key may see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// In the vendor's order.
    pub apps: Vec<App>,
}

/// An app of the form's vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// `app_id`.
    pub id: String,
    /// As people see it.
    pub name: String,
    /// In the vendor's order.
    pub forms: Vec<Form>,
}

/// A form of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// `entry_id`.
    pub id: String,
    /// As people see it.
    pub name: String,
}

/// One form: its widgets, and what is in it already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormSheet {
    /// `app_id`.
    pub app_id: String,
    /// `entry_id`.
    pub entry_id: String,
    /// In the form's order.
    pub widgets: Vec<Widget>,
    /// The rows of the form.
    pub rows: Rows,
}

/// A widget of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widget {
    /// The name under which rows are written: its alias when it has one, else `_widget_…`.
    pub name: String,
    /// Its caption.
    pub label: String,
    /// The vendor's type, such as `text`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Widgets of a subform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Widget>,
    /// Why it cannot hold the customers' ids, in an English sentence (`words::kept!`); `None`: it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_key: Option<String>,
}

/// What is in a form already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// So many rows were seen.
    pub seen: u64,
    /// There are more than were seen.
    pub more: bool,
    /// How many of them have nothing in the key widget, at least; `None`: no key widget was named.
    pub keyless: Option<u64>,
}

/// The fields that customers of the account have, and a few customers as the CRM shows them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dictionary {
    /// In the vendor's order; empty where the account may not read them.
    pub fields: Vec<Field>,
    /// Answers for one customer each, `data` only, for trying a mapping; those of the customers that changed last.
    pub customers: Vec<Value>,
    /// What could not be had and why, in English sentences (`words::kept!`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// A field of customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The vendor's id of it, such as `name` or `4312001`.
    pub id: String,
    /// Its caption.
    pub label: String,
    /// The caption of the group in which the CRM shows it, such as 基本信息; empty when unknown.
    #[serde(default)]
    pub group: String,
    /// The vendor's `field_type` (docs/okki-api.md §6).
    #[serde(rename = "type")]
    pub kind: i64,
    /// It is one of the contacts, not of the customer itself.
    #[serde(default)]
    pub contact: bool,
    /// Switched off in the CRM.
    #[serde(default)]
    pub disabled: bool,
}
