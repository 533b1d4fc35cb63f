//! One parser of a chain.

use serde_json::{Map, Value as Json, json};

use super::super::json::Member;
use super::super::reader::{Reader, get};
use super::super::record::text_of;

/// One parser.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Conversion {
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
pub(super) const KNOWN: &str = words::mark!(
    "ConvertObjectParser, ConvertTwoStageObjectParser, StringToArray, ArrayUnique, ArrayToString, \
                     ConvertJson, K3WiseHeiHuCustomParser, workflowRequestTableFields"
);

pub(super) fn object(key: &str, value: Json) -> Json {
    Json::Object(Map::from_iter([(key.to_owned(), value)]))
}

impl Conversion {
    /// One parser of a chain by its name, or why it is none.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        members: &[Member],
        name: &str,
        params: Option<String>,
    ) -> Result<Conversion, String> {
        let need = |value: Option<String>, key: &str| {
            value
                .filter(|v| !v.is_empty())
                .ok_or_else(|| words::tr!("{name} needs {key}"))
        };
        let mut text = |key: &str| reader.text(get(members, key), key);
        let known = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
        match known.copied().unwrap_or(name) {
            // Without a key it is the wrapping that every field of a form has.
            "ConvertObjectParser" => {
                let key = params.unwrap_or_default().trim().to_owned();
                Ok(Conversion::Object(match key.is_empty() {
                    true => "value".to_owned(),
                    false => key,
                }))
            }
            "ConvertTwoStageObjectParser" => {
                let (mut outer, mut inner) = (text("params1"), text("params2"));
                if let (None, None, Some((one, two))) = (&outer, &inner, params.as_deref().and_then(pair)) {
                    (outer, inner) = (Some(one.to_owned()), Some(two.to_owned()));
                }
                let (outer, inner) = (need(outer, "params1")?, need(inner, "params2")?);
                Ok(match outer == "value" && inner == "value" {
                    true => Conversion::Object(outer),
                    false => Conversion::TwoStage(outer, inner),
                })
            }
            "StringToArray" => Ok(Conversion::ToArray(
                params
                    .filter(|p| !p.is_empty())
                    .map_or_else(|| ",".to_owned(), separator),
            )),
            "ArrayToString" => Ok(Conversion::ToText(
                params.map_or_else(|| ",".to_owned(), separator),
            )),
            "ArrayUnique" => Ok(Conversion::Unique),
            "ConvertJson" => Ok(Conversion::Pairs),
            "K3WiseHeiHuCustomParser" => {
                need(params, words::text!("params, the key name")).map(Conversion::KeyName)
            }
            "workflowRequestTableFields" => Ok(Conversion::TableField {
                view: text("view").unwrap_or_default(),
                edit: text("edit").unwrap_or_default(),
                field_id: text("fieldId").unwrap_or_default(),
            }),
            _ => Err(words::tr!("unknown parser \"{name}\"; known are {KNOWN}")),
        }
    }

    /// It builds something around a value, which nothing can read afterwards.
    pub(super) fn wraps(&self) -> bool {
        matches!(
            self,
            Conversion::Object(_)
                | Conversion::TwoStage(..)
                | Conversion::KeyName(_)
                | Conversion::TableField { .. }
        )
    }

    /// Several signs that look as if each of them parted a text.
    pub(super) fn odd(&self) -> Option<String> {
        const SIGNS: [char; 8] = [',', '，', '、', ';', '；', '|', '/', '\n'];
        let Conversion::ToArray(separator) = self else {
            return None;
        };
        let signs = separator.chars().filter(|c| SIGNS.contains(c)).count();
        (signs > 1).then(|| {
            words::tr!(
                "StringToArray parts a text where the whole of \"{separator}\" stands, and not at each of its signs; give one \
                 sign, and bring others to it with REPLACE(…) or |replace"
            )
        })
    }

    /// Whether it has this parameter.
    pub(super) fn reads(&self, key: &str) -> bool {
        match self {
            Conversion::TwoStage(..) => matches!(key, "params1" | "params2"),
            Conversion::TableField { .. } => matches!(key, "view" | "edit" | "fieldId"),
            _ => false,
        }
    }

    pub(super) fn apply(&self, value: Json, field: &str) -> Result<Json, String> {
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
                other => {
                    let kind = name(&other);
                    return Err(words::tr!("ArrayUnique needs a list, the value is {kind}"));
                }
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
                    let kind = name(&other);
                    return Err(words::tr!("ConvertJson needs an object, the value is {kind}"));
                }
            },
            Conversion::KeyName(key) => json!([{"keyName": key, "keyValue": value}]),
            Conversion::TableField { view, edit, field_id } => {
                json!({"fieldName": field, "fieldValue": value, "view": view, "edit": edit, "fieldId": field_id})
            }
        })
    }
}

/// A line break is written as in texts of programs.
fn separator(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    text.replace("\\n", "\n").replace("\\t", "\t")
}

/// Two names with a comma between them.
fn pair(text: &str) -> Option<(&str, &str)> {
    let (one, two) = text.split_once(',')?;
    Some((one.trim(), two.trim()))
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
        Json::Null => words::text!("empty"),
        Json::Bool(_) => words::text!("a boolean"),
        Json::Number(_) => words::text!("a number"),
        Json::String(_) => words::text!("a text"),
        Json::Array(_) => words::text!("a list"),
        Json::Object(_) => words::text!("an object"),
    }
}
