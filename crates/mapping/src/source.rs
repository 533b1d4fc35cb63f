//! The source document: what is asked for, which records are kept, how they are re-read.

use super::condition::Condition;
use super::expression::{Context, EvalError, Evaluation, Expression};
use super::format::FormatResponse;
use super::json::{Member, Node};
use super::other::OtherRequest;
use super::parameter::{self, Parameter};
use super::problem::{Loaded, Problem};
use super::reader::{Reader, get, key_at};
use super::record::Record;
use super::target::effect;

/// A checked source document.
#[derive(Debug, Clone)]
pub struct SourceDocument {
    /// Path or name of the listing interface.
    pub api: String,
    /// HTTP verb.
    pub method: String,
    /// Request parameters, `info_api` and `info_key` among them.
    pub request: Vec<Parameter>,
    /// System parameters.
    pub other: OtherRequest,
    /// Which records are kept.
    pub condition: Condition,
    /// The recent past, listed once more on a schedule of its own (补漏).
    pub omission_remedy: Option<OmissionRemedy>,
    /// Reformatted keys.
    pub format_response: FormatResponse,
    /// Key that identifies a record.
    pub id: Option<String>,
    /// Key that is shown as document number.
    pub number: Option<String>,
}

/// `omissionRemedy`.
#[derive(Debug, Clone)]
pub struct OmissionRemedy {
    /// When it runs.
    pub crontab: String,
    /// Parameters that replace those of the normal run.
    pub take_over: Vec<Parameter>,
}

const KEYS: &[&str] = &[
    "api",
    "effect",
    "type",
    "method",
    "id",
    "number",
    "idCheck",
    "request",
    "otherRequest",
    "response",
    "autoFillResponse",
    "condition",
    "formatResponse",
    "omissionRemedy",
    "operation",
    "beatFlat",
    "otherResponse",
];

impl SourceDocument {
    /// Reads a source document; `name` is used in problems.
    pub fn parse(text: &str, name: &str) -> Result<Loaded<SourceDocument>, Vec<Problem>> {
        // OKKI takes one group at a time; several entries are several listings.
        let mut reader = Reader::new(text, name).joining("group_id");
        let root = reader.parse()?;
        let members = reader.object(&root, words::text!("the document"));
        reader.unknown_keys(members, KEYS, words::text!("the document"));
        effect(&mut reader, &root, members, "QUERY", "source");
        unsupported(&mut reader, members);
        let api = reader
            .text(get(members, "api"), "api")
            .filter(|api| !api.is_empty())
            .unwrap_or_else(|| {
                reader.problem(
                    root.range.start,
                    words::text!("\"api\" is missing"),
                    Some(words::text!("e.g. /v1/company/list")),
                );
                String::new()
            });
        let list = |reader: &mut Reader<'_>, key: &str| {
            get(members, key)
                .map(|n| parameter::list(reader, n, key))
                .unwrap_or_default()
        };
        id_check(&mut reader, members);
        let document = SourceDocument {
            api,
            method: reader
                .text(get(members, "method"), "method")
                .unwrap_or_else(|| "GET".to_owned()),
            request: list(&mut reader, "request"),
            other: OtherRequest::read(&mut reader, get(members, "otherRequest")),
            condition: Condition::read(&mut reader, get(members, "condition")),
            omission_remedy: remedy(&mut reader, get(members, "omissionRemedy")),
            format_response: FormatResponse::read(&mut reader, get(members, "formatResponse")),
            id: reader.text(get(members, "id"), "id"),
            number: reader.text(get(members, "number"), "number"),
        };
        reader.finish(document)
    }

    /// A request parameter by name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.request.iter().find(|parameter| parameter.field == name)
    }

    /// A text of `request`, or else of `otherRequest`.
    fn constant(&self, name: &str) -> Option<&str> {
        let parameter = self
            .parameter(name)
            .and_then(|parameter| parameter.value.as_ref());
        let given = parameter
            .map(|value| value.as_str())
            .filter(|text| !text.is_empty());
        given.or_else(|| self.other.get(name))
    }

    /// The value of a request parameter that is the same in every run; `None` when there is none or it is computed.
    pub fn fixed(&self, name: &str) -> Option<&str> {
        let parameter = self.parameter(name)?;
        let given = parameter
            .value
            .as_ref()
            .filter(|value| !value.as_str().is_empty());
        let text = given
            .or(parameter.default.as_ref())
            .filter(|value| value.is_constant());
        text.map(Expression::as_str)
            .filter(|text| !text.trim().is_empty())
    }

    /// The interface that gives the details of one listed record.
    pub fn info_api(&self) -> Option<&str> {
        self.constant("info_api")
    }

    /// The key of a listed record that `info_api` is asked with.
    pub fn info_key(&self) -> Option<&str> {
        self.constant("info_key")
    }

    /// The evaluated request parameters, without `info_api`, `info_key` and what is empty.
    pub fn parameters(&self, context: &Context) -> Result<Vec<(String, String)>, (String, EvalError)> {
        evaluate(&self.request, context)
    }
}

impl OmissionRemedy {
    /// The evaluated parameters of the remedy run: the normal ones with these in their place.
    pub fn parameters(
        &self,
        document: &SourceDocument,
        context: &Context,
    ) -> Result<Vec<(String, String)>, (String, EvalError)> {
        let mut parameters: Vec<Parameter> = document.request.clone();
        for over in &self.take_over {
            parameters.retain(|normal| normal.field != over.field);
            parameters.push(over.clone());
        }
        evaluate(&parameters, context)
    }
}

fn evaluate(
    parameters: &[Parameter],
    context: &Context,
) -> Result<Vec<(String, String)>, (String, EvalError)> {
    let record = Record::default();
    let evaluation = Evaluation::new(&record, context);
    let mut list = Vec::new();
    for parameter in parameters
        .iter()
        .filter(|p| p.field != "info_api" && p.field != "info_key")
    {
        let Some(value) = &parameter.value else { continue };
        let computed = |value: &Expression| {
            let value = value
                .evaluate(&evaluation)
                .map_err(|e| (parameter.field.clone(), e))?;
            Ok(value.into_text().into_owned())
        };
        let text = match (computed(value)?, &parameter.default) {
            (text, Some(default)) if text.is_empty() => computed(default)?,
            (text, _) => text,
        };
        if !text.is_empty() {
            list.push((parameter.field.clone(), text));
        }
    }
    Ok(list)
}

/// Reports what the platform knows and this pipeline does not do.
fn unsupported(reader: &mut Reader<'_>, members: &[Member]) {
    let empty = |node: &Node| {
        matches!(&node.value, super::json::Value::Null)
            || matches!(&node.value, super::json::Value::Array(a) if a.is_empty())
    };
    for (key, remedy) in [
        (
            "beatFlat",
            words::text!("aggregate inside a field with SUM({{list.key}}) or use children of an array"),
        ),
        ("operation", words::text!("records are not split; take it out")),
    ] {
        if get(members, key).is_some_and(|node| !empty(node) && !does_nothing(node)) {
            reader.problem(
                key_at(members, key),
                words::tr!("\"{key}\" is not supported in a source"),
                Some(remedy),
            );
        }
    }
    if get(members, "otherResponse").is_some_and(|node| !empty(node)) {
        reader.warn(
            key_at(members, "otherResponse"),
            words::text!("\"otherResponse\" is not used: the rows of the answer are found without it"),
        );
    }
}

/// `{"method": "none"}`, as the platform's editor writes it.
fn does_nothing(node: &Node) -> bool {
    let super::json::Value::Object(members) = &node.value else {
        return false;
    };
    let method = get(members, "method").map(|method| &method.value);
    matches!(method, Some(super::json::Value::String(method)) if method == "none")
}

/// Honoured as a check on id *and* version: a state of a customer that was handed on is not handed on again, but its
/// later changes are. On the platform `true` drops these, too; since it is the platform's default, nearly every document
/// has it, and nobody who synchronises customers wants that part of it (docs/mapping-language.md §6).
fn id_check(reader: &mut Reader<'_>, members: &[Member]) {
    if reader.flag(get(members, "idCheck"), "idCheck") == Some(true) {
        reader.warn(
            key_at(members, "idCheck"),
            words::text!("\"idCheck\": true compares id and update time here: later changes of a known customer are applied, \
             where the platform drops them"),
        );
    }
}

fn remedy(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<OmissionRemedy> {
    let node = node.filter(|n| !matches!(n.value, super::json::Value::Null))?;
    let members = reader.object(node, "omissionRemedy");
    reader.unknown_keys(
        members,
        &["crontab", "adapter", "takeOverRequest"],
        "omissionRemedy",
    );
    let Some(crontab) = reader
        .text(get(members, "crontab"), "crontab")
        .filter(|c| !c.is_empty())
    else {
        reader.problem(
            node.range.start,
            words::text!("omissionRemedy has no \"crontab\""),
            Some("e.g. \"2 2 * * *\""),
        );
        return None;
    };
    let take_over = get(members, "takeOverRequest")
        .map(|n| parameter::list(reader, n, "takeOverRequest"))
        .unwrap_or_default();
    Some(OmissionRemedy { crontab, take_over })
}
