//! Parsers (`ConvertObjectParser` and the like): the last step between a value and the target's JSON.

mod step;

use serde_json::Value as Json;

use super::json::{Member, Node, Value};
use super::reader::{Reader, get};
use step::{Conversion, KNOWN, object};

/// A chain of parsers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Converter {
    steps: Vec<Conversion>,
}

impl Converter {
    /// Nothing but the wrapping, or nothing at all.
    pub fn is_plain(&self) -> bool {
        match self.steps.as_slice() {
            [] => true,
            [Conversion::Object(key)] => key == "value",
            _ => false,
        }
    }

    /// Applies all parsers but the wrapping `{"value": …}`.
    pub fn apply(&self, value: Json, field: &str) -> Result<Json, String> {
        let last = self.steps.len().saturating_sub(1);
        let mut value = value;
        for (i, step) in self.steps.iter().enumerate() {
            value = match step {
                Conversion::Object(key) if i == last && key == "value" => value,
                Conversion::TwoStage(outer, inner) if i == last && outer == "value" => object(inner, value),
                step => step.apply(value, field)?,
            };
        }
        Ok(value)
    }

    /// What wraps the value for another target than a form: its name and what it builds. Nothing of a form takes
    /// `{"FNumber": X}`.
    pub fn foreign(&self) -> Option<String> {
        self.steps.iter().find_map(|step| match step {
            Conversion::Object(key) if !is_of_form(key) => {
                Some(format!("ConvertObjectParser builds {{\"{key}\": …}}"))
            }
            Conversion::TwoStage(outer, inner) if outer != "value" || !is_of_form(inner) => Some(format!(
                "ConvertTwoStageObjectParser builds {{\"{outer}\": {{\"{inner}\": …}}}}"
            )),
            Conversion::KeyName(_) => Some("K3WiseHeiHuCustomParser builds [{\"keyName\": …}]".to_owned()),
            Conversion::TableField { .. } => {
                Some("workflowRequestTableFields builds {\"fieldName\": …}".to_owned())
            }
            _ => None,
        })
    }

    /// The same without what wraps the value for another target.
    #[must_use]
    pub fn for_form(&self) -> Converter {
        let kept = self.steps.iter().filter(|step| match step {
            Conversion::Object(key) => is_of_form(key),
            Conversion::TwoStage(outer, inner) => outer == "value" && is_of_form(inner),
            Conversion::KeyName(_) | Conversion::TableField { .. } => false,
            _ => true,
        });
        Converter {
            steps: kept.cloned().collect(),
        }
    }

    /// It makes a list of a text.
    pub fn makes_list(&self) -> bool {
        let last = self
            .steps
            .iter()
            .rev()
            .find(|step| !matches!(step, Conversion::Object(_)));
        matches!(
            last,
            Some(Conversion::ToArray(_) | Conversion::Unique | Conversion::Pairs)
        )
    }

    /// Nothing is applied.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(super) fn read(reader: &mut Reader<'_>, node: Option<&Node>) -> Converter {
        let Some(node) = node else {
            return Converter::default();
        };
        let mut steps = Vec::new();
        match &node.value {
            Value::Null => {}
            Value::String(names) => chain(reader, node, &[], names, &mut steps),
            Value::Array(items) => {
                for item in items {
                    steps.extend(Converter::read(reader, Some(item)).steps);
                }
            }
            _ => {
                let members = reader.object(node, "parser");
                let known = [
                    "name", "params", "params1", "params2", "view", "edit", "fieldId", "type",
                ];
                if let Some(kind) = reader
                    .text(get(members, "type"), "type")
                    .filter(|kind| !kind.is_empty())
                {
                    let message = format!("parsers by \"type\" are not supported ({kind})");
                    reader.problem(
                        node.range.start,
                        message,
                        Some(&format!("known by name are {KNOWN}")),
                    );
                }
                reader.unknown_keys(members, &known, "the parser");
                let names = reader.text(get(members, "name"), "the parser's name");
                chain(reader, node, members, &names.unwrap_or_default(), &mut steps);
            }
        }
        Converter { steps }
    }
}

/// Keys of what a form takes: its own wrapping, a phone, the parts of an address.
fn is_of_form(key: &str) -> bool {
    matches!(
        key,
        "value" | "phone" | "province" | "city" | "district" | "detail"
    )
}

/// The parsers of a chain; no name is no parser.
fn chain(reader: &mut Reader<'_>, node: &Node, members: &[Member], names: &str, steps: &mut Vec<Conversion>) {
    let names: Vec<&str> = names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    let mut params = match get(members, "params").map(|n| &n.value) {
        Some(Value::Array(items)) => items.iter().map(|n| reader.text(Some(n), "params")).collect(),
        Some(Value::Object(inner)) => inner
            .iter()
            .map(|member| reader.text(Some(&member.value), "params"))
            .collect(),
        _ => vec![reader.text(get(members, "params"), "params"); names.len()],
    };
    params.resize(names.len(), None);
    for (name, params) in names.into_iter().zip(params) {
        match Conversion::read(reader, members, name, params) {
            Ok(step) => steps.push(step),
            Err(message) => reader.problem(node.range.start, message, None),
        }
    }
}
