//! `otherRequest`: system parameters beside the fields.

use super::json::{Node, Value};
use super::parameter;
use super::presence::nearest;
use super::reader::Reader;

/// System parameters that are read.
const KNOWN: &[&str] = &[
    "is_start_workflow",
    "is_start_trigger",
    "transaction_id",
    "app_id",
    "appId",
    "entry_id",
    "entryId",
    "data_creator",
];
const TRANSACTION: &str =
    words::mark!("a fixed transaction_id takes effect once only; it is replaced by one id per batch");

fn is_id(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Parameters beside the fields.
#[derive(Debug, Clone, Default)]
pub struct OtherRequest {
    values: Vec<(String, String)>,
}

impl OtherRequest {
    /// Those of a source, which takes what it knows; what that is, is its own business.
    pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> OtherRequest {
        OtherRequest::read_as(reader, node, false)
    }

    /// Those of a target, of which everything that is not read is told.
    pub(super) fn of_target(reader: &mut Reader<'_>, node: Option<&Node>) -> OtherRequest {
        OtherRequest::read_as(reader, node, true)
    }

    fn read_as(reader: &mut Reader<'_>, node: Option<&Node>, of_target: bool) -> OtherRequest {
        let mut other = OtherRequest::default();
        let Some(node) = node.filter(|n| !matches!(n.value, Value::Null)) else {
            return other;
        };
        for parameter in parameter::list(reader, node, "otherRequest") {
            reader.in_field(&parameter.label.clone(), |reader| {
                other.take(reader, parameter, of_target)
            });
        }
        if other.differ("appId", "app_id") || other.differ("entryId", "entry_id") {
            reader.warn(
                node.range.start,
                words::text!("otherRequest names the form twice, and differently; app_id and entry_id count"),
            );
        }
        other
    }

    /// One parameter, with what is odd about it.
    fn take(&mut self, reader: &mut Reader<'_>, parameter: parameter::Parameter, of_target: bool) {
        let (name, at) = (parameter.field, parameter.at);
        let Some(value) = parameter.value else { return };
        let text = value.as_str();
        match name.as_str() {
            "transaction_id" if !text.is_empty() => {
                reader.idle(at, TRANSACTION);
            }
            "is_start_workflow" | "is_start_trigger"
                if !matches!(
                    text.to_ascii_lowercase().as_str(),
                    "true" | "false" | "1" | "0" | ""
                ) =>
            {
                let message = words::tr!("{name} is \"{text}\", true or false is expected");
                reader.problem(at, message, None);
            }
            "app_id" | "appId" | "entry_id" | "entryId" if value.is_constant() && !is_id(text) => {
                let message = words::tr!("{name} is \"{text}\", which is no id: 24 hex digits are expected");
                reader.warn(at, message);
            }
            known if KNOWN.contains(&known) || !of_target => {}
            other => {
                let near = nearest(other, KNOWN.iter().copied());
                let meant = near.first().map(|name| words::tr!("; \"{name}\" may be meant"));
                let message = words::tr!(
                    "the system parameter \"{other}\" has no effect: nothing here reads it{}",
                    meant.unwrap_or_default()
                );
                reader.idle(at, message);
            }
        }
        let is_read = (KNOWN.contains(&name.as_str()) || !of_target) && name != "transaction_id";
        if !value.is_constant() && is_read {
            reader.problem(
                at,
                words::text!("a system parameter must be fixed text"),
                Some(words::text!("values of records belong into request")),
            );
        }
        self.values.push((name, value.as_str().to_owned()));
    }

    fn differ(&self, one: &str, other: &str) -> bool {
        matches!((self.get(one), self.get(other)), (Some(a), Some(b)) if a != b)
    }

    /// A parameter by name; empty is absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.trim())
            .filter(|v| !v.is_empty())
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.get(name)
            .map(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// `app_id`, also spelt `appId`.
    pub fn app_id(&self) -> Option<&str> {
        self.get("app_id").or_else(|| self.get("appId"))
    }

    /// `entry_id`, also spelt `entryId`.
    pub fn entry_id(&self) -> Option<&str> {
        self.get("entry_id").or_else(|| self.get("entryId"))
    }

    /// `is_start_workflow`.
    pub fn is_start_workflow(&self) -> Option<bool> {
        self.flag("is_start_workflow")
    }

    /// `is_start_trigger`.
    pub fn is_start_trigger(&self) -> Option<bool> {
        self.flag("is_start_trigger")
    }

    /// The document's fixed `transaction_id`.
    pub fn transaction_id(&self) -> Option<&str> {
        self.get("transaction_id")
    }

    /// `data_creator`.
    pub fn data_creator(&self) -> Option<&str> {
        self.get("data_creator")
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}
