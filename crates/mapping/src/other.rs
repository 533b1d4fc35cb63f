//! `otherRequest`: system parameters beside the fields.

use super::json::{Node, Value};
use super::parameter;
use super::reader::Reader;

/// Parameters beside the fields.
#[derive(Debug, Clone, Default)]
pub struct OtherRequest {
    values: Vec<(String, String)>,
}

impl OtherRequest {
    pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> OtherRequest {
        let mut other = OtherRequest::default();
        let Some(node) = node.filter(|n| !matches!(n.value, Value::Null)) else {
            return other;
        };
        if let Value::Object(members) = &node.value {
            for member in members {
                if let Some(value) = reader.text(Some(&member.value), &member.key) {
                    other.values.push((member.key.clone(), value));
                }
            }
            return other;
        }
        for parameter in parameter::list(reader, node, "otherRequest") {
            let Some(value) = parameter.value else { continue };
            if !value.is_constant() {
                reader.in_field(&parameter.label, |r| {
                    r.problem(
                        node.range.start,
                        "a system parameter must be fixed text",
                        Some("values of records belong into request"),
                    );
                });
            }
            other.values.push((parameter.field, value.as_str().to_owned()));
        }
        for name in ["is_start_workflow", "is_start_trigger"] {
            if let Some(value) = other
                .get(name)
                .filter(|v| !matches!(*v, "true" | "false" | "1" | "0" | ""))
            {
                let message = format!("{name} is \"{value}\", true or false is expected");
                reader.in_field(name, |r| r.problem(node.range.start, message, None));
            }
        }
        if other.transaction_id().is_some() {
            let message = "a fixed transaction_id takes effect once only; it is replaced by one id per batch";
            reader.in_field("transaction_id", |r| r.warn(node.range.start, message));
        }
        other
    }

    /// A parameter by name; empty is absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|v| !v.is_empty())
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| matches!(value, "true" | "1"))
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
