//! Parsers (`ConvertObjectParser` and the like): the last step between a value and the target's JSON.

use serde_json::{Map, Value as Json, json};

use super::json::{Member, Node, Value};
use super::reader::{Reader, get};
use super::record::text_of;

/// A chain of parsers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Converter {
    steps: Vec<Conversion>,
}

/// One parser.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Conversion {
    /// `ConvertObjectParser`: `{key: X}`.
    Object(String),
    /// `ConvertTwoStageObjectParser`: `{a: {b: X}}`.
    TwoStage(String, String),
    /// `StringToArray` with its separator.
    ToArray(String),
    /// `ArrayUnique`.
    Unique,
    /// `ArrayToString` with its separator.
    ToText(String),
    /// `ConvertJson`: object to key/value pairs.
    Pairs,
    /// `K3WiseHeiHuCustomParser` with its key name.
    KeyName(String),
    /// `workflowRequestTableFields`.
    TableField {
        /// `view`.
        view: String,
        /// `edit`.
        edit: String,
        /// `fieldId`.
        field_id: String,
    },
}

const NAMES: [&str; 8] = [
    "ConvertObjectParser",
    "ConvertTwoStageObjectParser",
    "StringToArray",
    "ArrayUnique",
    "ArrayToString",
    "ConvertJson",
    "K3WiseHeiHuCustomParser",
    "workflowRequestTableFields",
];
const KNOWN: &str = "ConvertObjectParser, ConvertTwoStageObjectParser, StringToArray, ArrayUnique, ArrayToString, \
                     ConvertJson, K3WiseHeiHuCustomParser, workflowRequestTableFields";

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
        let last = self.steps.iter().rev().find(|step| !matches!(step, Conversion::Object(_)));
        matches!(last, Some(Conversion::ToArray(_) | Conversion::Unique | Conversion::Pairs))
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
                let known = ["name", "params", "params1", "params2", "view", "edit", "fieldId", "type"];
                if let Some(kind) = reader.text(get(members, "type"), "type").filter(|kind| !kind.is_empty()) {
                    let message = format!("parsers by \"type\" are not supported ({kind})");
                    reader.problem(node.range.start, message, Some(&format!("known by name are {KNOWN}")));
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
    matches!(key, "value" | "phone" | "province" | "city" | "district" | "detail")
}

/// The parsers of a chain; no name is no parser.
fn chain(reader: &mut Reader<'_>, node: &Node, members: &[Member], names: &str, steps: &mut Vec<Conversion>) {
    let names: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
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

fn object(key: &str, value: Json) -> Json {
    Json::Object(Map::from_iter([(key.to_owned(), value)]))
}

impl Conversion {
    /// One parser of a chain by its name, or why it is none.
    fn read(
        reader: &mut Reader<'_>,
        members: &[Member],
        name: &str,
        params: Option<String>,
    ) -> Result<Conversion, String> {
        let need = |value: Option<String>, key: &str| {
            value
                .filter(|v| !v.is_empty())
                .ok_or_else(|| format!("{name} needs {key}"))
        };
        let mut text = |key: &str| reader.text(get(members, key), key);
        let known = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
        match known.copied().unwrap_or(name) {
            // Without a key it is the wrapping that every field of a form has.
            "ConvertObjectParser" => Ok(Conversion::Object(
                params.filter(|key| !key.is_empty()).unwrap_or_else(|| "value".to_owned()),
            )),
            "ConvertTwoStageObjectParser" => {
                let (outer, inner) = (text("params1"), text("params2"));
                Ok(Conversion::TwoStage(
                    need(outer, "params1")?,
                    need(inner, "params2")?,
                ))
            }
            "StringToArray" => Ok(Conversion::ToArray(
                params.filter(|p| !p.is_empty()).unwrap_or_else(|| ",".to_owned()),
            )),
            "ArrayToString" => Ok(Conversion::ToText(params.unwrap_or_else(|| ",".to_owned()))),
            "ArrayUnique" => Ok(Conversion::Unique),
            "ConvertJson" => Ok(Conversion::Pairs),
            "K3WiseHeiHuCustomParser" => need(params, "params, the key name").map(Conversion::KeyName),
            "workflowRequestTableFields" => Ok(Conversion::TableField {
                view: text("view").unwrap_or_default(),
                edit: text("edit").unwrap_or_default(),
                field_id: text("fieldId").unwrap_or_default(),
            }),
            _ => Err(format!("unknown parser \"{name}\"; known are {KNOWN}")),
        }
    }

    fn apply(&self, value: Json, field: &str) -> Result<Json, String> {
        Ok(match self {
            Conversion::Object(key) => object(key, value),
            Conversion::TwoStage(outer, inner) => object(outer, object(inner, value)),
            Conversion::ToArray(separator) => match value {
                Json::Array(items) => Json::Array(items),
                other => {
                    let text = text_of(&other);
                    let pieces = text
                        .split(separator.as_str())
                        .map(str::trim)
                        .filter(|piece| !piece.is_empty());
                    pieces.map(|piece| Json::from(piece.to_owned())).collect()
                }
            },
            Conversion::Unique => match value {
                Json::Array(items) => {
                    let mut kept: Vec<Json> = Vec::with_capacity(items.len());
                    let mut seen = std::collections::HashSet::new();
                    for item in items {
                        if seen.insert(item.to_string()) {
                            kept.push(item);
                        }
                    }
                    Json::Array(kept)
                }
                other => return Err(format!("ArrayUnique needs a list, the value is {}", name(&other))),
            },
            Conversion::ToText(separator) => match value {
                Json::Array(items) => items
                    .iter()
                    .map(|i| text_of(i).into_owned())
                    .collect::<Vec<_>>()
                    .join(separator)
                    .into(),
                other => text_of(&other).into_owned().into(),
            },
            Conversion::Pairs => match value {
                Json::Object(map) => map
                    .into_iter()
                    .map(|(key, value)| json!({"Key": key, "Value": flat(value)}))
                    .collect(),
                Json::String(text) if text.is_empty() => Json::Array(Vec::new()),
                other => {
                    return Err(format!(
                        "ConvertJson needs an object, the value is {}",
                        name(&other)
                    ));
                }
            },
            Conversion::KeyName(key) => json!([{"keyName": key, "keyValue": value}]),
            Conversion::TableField { view, edit, field_id } => {
                json!({"fieldName": field, "fieldValue": value, "view": view, "edit": edit, "fieldId": field_id})
            }
        })
    }
}

/// Line breaks out, numbers for texts that look like numbers.
fn flat(value: Json) -> Json {
    match value {
        Json::String(text) => {
            let text = text.replace(['\r', '\n'], "");
            match text.parse::<i64>() {
                Ok(number) if number.to_string() == text => number.into(),
                _ => text.into(),
            }
        }
        other => other,
    }
}

fn name(value: &Json) -> &'static str {
    match value {
        Json::Null => "empty",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
