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
    pub fn foreign(&self, taken: Taken) -> Option<String> {
        self.steps.iter().find_map(|step| match step {
            Conversion::Object(key) if !taken.takes(key) => {
                Some(words::tr!("ConvertObjectParser builds {{\"{key}\": …}}"))
            }
            Conversion::TwoStage(outer, inner) if outer != "value" || !taken.takes(inner) => Some(
                words::tr!("ConvertTwoStageObjectParser builds {{\"{outer}\": {{\"{inner}\": …}}}}"),
            ),
            Conversion::KeyName(_) => {
                Some(words::text!("K3WiseHeiHuCustomParser builds [{\"keyName\": …}]").to_owned())
            }
            Conversion::TableField { .. } => {
                Some(words::text!("workflowRequestTableFields builds {\"fieldName\": …}").to_owned())
            }
            _ => None,
        })
    }

    /// The same without what wraps the value for another target.
    #[must_use]
    pub fn for_form(&self, taken: Taken) -> Converter {
        let kept = self.steps.iter().filter(|step| match step {
            Conversion::Object(key) => taken.takes(key),
            Conversion::TwoStage(outer, inner) => outer == "value" && taken.takes(inner),
            Conversion::KeyName(_) | Conversion::TableField { .. } => false,
            _ => true,
        });
        Converter {
            steps: kept.cloned().collect(),
        }
    }

    /// The first parser works on a list or an object, so that the value must not be made a text before it.
    pub fn takes_json(&self) -> bool {
        matches!(
            self.steps.first(),
            Some(Conversion::ToText(_) | Conversion::Unique | Conversion::Pairs)
        )
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

    /// The list that it makes is one of texts.
    pub fn makes_texts(&self) -> bool {
        let makes_pairs = |step: &Conversion| matches!(step, Conversion::Pairs);
        self.makes_list() && !self.steps.iter().any(makes_pairs)
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
            Value::Null | Value::Bool(false) => {}
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
                    let message = words::tr!("parsers by \"type\" are not supported ({kind})");
                    reader.problem(
                        node.range.start,
                        message,
                        Some(&words::tr!("known by name are {KNOWN}")),
                    );
                }
                reader.unknown_keys(members, &known, words::text!("the parser"));
                let names = names(reader, get(members, "name"));
                chain(reader, node, members, &names, &mut steps);
                unused(reader, members, &steps);
            }
        }
        // The form's wrapping is there once, however often it is written.
        let is_wrapping = |step: &Conversion| matches!(step, Conversion::Object(key) if key == "value");
        steps.dedup_by(|a, b| is_wrapping(a) && is_wrapping(b));
        if !steps.is_sorted_by_key(Conversion::wraps) {
            // Nothing reads what is wrapped, so a wrapping in front of other parsers can only be meant as the last one.
            steps.sort_by_key(Conversion::wraps);
            let message = words::text!(
                "a parser that wraps the value stands before others; it is applied as the last one"
            );
            reader.warn(node.range.start, message.to_owned());
        }
        Converter { steps }
    }
}

/// Which keys the field of a form takes in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Nothing but its own wrapping.
    Value,
    /// A phone number.
    Phone,
    /// The parts of an address.
    Address,
    /// Any of these, because nobody knows the form.
    Any,
}

impl Taken {
    fn takes(self, key: &str) -> bool {
        let phone = matches!(self, Taken::Phone | Taken::Any);
        let address = matches!(self, Taken::Address | Taken::Any);
        match key {
            "value" => true,
            "phone" => phone,
            "province" | "city" | "district" | "detail" => address,
            _ => false,
        }
    }
}

/// A parser's name, or the names of a chain as a list.
fn names(reader: &mut Reader<'_>, node: Option<&Node>) -> String {
    match node.map(|node| &node.value) {
        Some(Value::Array(items)) => {
            let names = items
                .iter()
                .filter_map(|item| reader.text(Some(item), words::text!("the parser's name")));
            names.collect::<Vec<_>>().join(",")
        }
        _ => reader
            .text(node, words::text!("the parser's name"))
            .unwrap_or_default(),
    }
}

/// Says which parameters no parser of the chain has.
fn unused(reader: &mut Reader<'_>, members: &[Member], steps: &[Conversion]) {
    for member in members {
        let key = member.key.as_str();
        let is_given = !matches!(&member.value.value, Value::Null)
            && !matches!(&member.value.value, Value::String(text) if text.is_empty());
        let is_parameter = matches!(key, "params1" | "params2" | "view" | "edit" | "fieldId");
        // Two stages of the form's wrapping have become one.
        let is_both = get(members, "params1").is_some() && get(members, "params2").is_some();
        let is_read = is_both && key.starts_with("params") || steps.iter().any(|step| step.reads(key));
        if is_given && is_parameter && !is_read {
            let message = words::tr!("\"{key}\" has no effect: the parser has no such parameter");
            reader.idle(member.key_start, message);
        }
    }
}

/// The parsers of a chain; no name is no parser.
fn chain(reader: &mut Reader<'_>, node: &Node, members: &[Member], names: &str, steps: &mut Vec<Conversion>) {
    let names: Vec<&str> = names
        .split([',', '，', ';', '|'])
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
            Ok(step) => {
                if let Some(message) = step.odd() {
                    let at = get(members, "params").map_or(node.range.start, |params| params.range.start);
                    reader.warn(at, message);
                }
                steps.push(step);
            }
            Err(message) => reader.problem(node.range.start, message, None),
        }
    }
}
