//! The target document: what is written where.

use super::expression::Variable;
use super::json::{Member, Node, Value};
use super::other::OtherRequest;
use super::parameter::{self, Parameter};
use super::problem::{Loaded, Problem};
use super::reader::{Reader, get, key_at};

/// A checked target document.
#[derive(Debug, Clone)]
pub struct TargetDocument {
    /// Path of the interface, with `{app_id}` and `{entry_id}` in it.
    pub api: String,
    /// HTTP verb.
    pub method: String,
    /// Fields.
    pub request: Vec<Parameter>,
    /// System parameters.
    pub other: OtherRequest,
    /// How several records become one request.
    pub operation: Operation,
}

/// `operation` of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Operation {
    /// One record, one row.
    #[default]
    Single,
    /// `batchArraySave`: rows are collected; our loader batches anyway.
    Batch {
        /// `rowsKey`.
        rows_key: String,
    },
}

const KEYS: &[&str] = &[
    "api",
    "effect",
    "type",
    "method",
    "idCheck",
    "request",
    "otherRequest",
    "operation",
    "id",
    "number",
    "response",
];
const UNSUPPORTED: &[(&str, &str)] = &[
    (
        "groupCalculate",
        "rows are not merged before mapping; aggregate inside a field with SUM({{list.key}})",
    ),
    (
        "distributionOrg",
        "there are no steps after the write; take it out",
    ),
    (
        "primaryWriteback",
        "there are no steps after the write; take it out",
    ),
    (
        "callBackStrategy",
        "there are no steps after the write; take it out",
    ),
    ("otherRequestParams", "call it otherRequest"),
];

impl TargetDocument {
    /// Reads a target document; `name` is used in problems.
    pub fn parse(text: &str, name: &str) -> Result<Loaded<TargetDocument>, Vec<Problem>> {
        let mut reader = Reader::new(text, name);
        let root = reader.parse()?;
        let members = reader.object(&root, "the document");
        reader.unknown_keys(
            members,
            &[KEYS, &UNSUPPORTED.iter().map(|u| u.0).collect::<Vec<_>>()[..]].concat(),
            "the document",
        );
        for (key, remedy) in UNSUPPORTED {
            if get(members, key).is_some_and(|n| !matches!(n.value, Value::Null)) {
                reader.problem(
                    key_at(members, key),
                    format!("\"{key}\" is not supported"),
                    Some(remedy),
                );
            }
        }
        effect(&mut reader, &root, members, "EXECUTE", "target");
        let api = reader
            .text(get(members, "api"), "api")
            .filter(|api| !api.is_empty())
            .unwrap_or_else(|| {
                reader.problem(
                    root.range.start,
                    "\"api\" is missing",
                    Some("e.g. /api/v2/app/{app_id}/entry/{entry_id}/data_create"),
                );
                String::new()
            });
        let request = match get(members, "request") {
            Some(node) => parameter::list(&mut reader, node, "request"),
            None => {
                reader.problem(
                    root.range.start,
                    "\"request\" is missing: the array of fields is expected",
                    None,
                );
                Vec::new()
            }
        };
        variables(&mut reader, &request, &root);
        // Both answers ask for what the loader does: no second row for a known customer, and its row overwritten.
        reader.flag(get(members, "idCheck"), "idCheck");
        let document = TargetDocument {
            api,
            method: reader
                .text(get(members, "method"), "method")
                .unwrap_or_else(|| "POST".to_owned()),
            request,
            other: OtherRequest::read(&mut reader, get(members, "otherRequest")),
            operation: operation(&mut reader, get(members, "operation")),
        };
        reader.finish(document)
    }
}

/// `effect` or its older spelling `type` must say what kind of document this is.
pub(super) fn effect(reader: &mut Reader<'_>, root: &Node, members: &[Member], wanted: &str, kind: &str) {
    let key = if get(members, "effect").is_some() {
        "effect"
    } else {
        "type"
    };
    match reader.text(get(members, key), key) {
        None => reader.problem(
            root.range.start,
            format!("\"effect\" is missing: {wanted} is expected"),
            None,
        ),
        Some(found) if found == wanted => {}
        Some(found) => {
            let at = get(members, key).map_or(0, |n| n.range.start);
            let other = if wanted == "EXECUTE" { "source" } else { "target" };
            let remedy = match found.as_str() {
                "QUERY" | "EXECUTE" => format!("this is a {other} document, a {kind} document is expected"),
                _ => format!("write {wanted}"),
            };
            reader.problem(
                at,
                format!("{key} is \"{found}\", {wanted} is expected"),
                Some(&remedy),
            );
        }
    }
}

/// A field of a target knows the clock but no run of the source.
fn variables(reader: &mut Reader<'_>, parameters: &[Parameter], root: &Node) {
    for parameter in parameters {
        let unknown = |v: &Variable| !matches!(v, Variable::CurrentTime | Variable::DaysAgo(_));
        let variables = parameter
            .value
            .as_ref()
            .map(|e| e.variables())
            .unwrap_or_default();
        for variable in variables.into_iter().filter(unknown) {
            let message = format!("{variable} belongs to the source document; a field cannot know it");
            reader.in_field(&parameter.label, |r| {
                r.problem(
                    root.range.start,
                    message,
                    Some("use CURRENT_TIME, DAYS_AGO_<n> or a key of the record"),
                );
            });
        }
        variables_of_children(reader, parameter, root);
    }
}

fn variables_of_children(reader: &mut Reader<'_>, parameter: &Parameter, root: &Node) {
    variables(reader, &parameter.children, root);
}

fn operation(reader: &mut Reader<'_>, node: Option<&Node>) -> Operation {
    let Some(node) = node.filter(|n| !matches!(n.value, Value::Null)) else {
        return Operation::Single;
    };
    let members = reader.object(node, "operation");
    match reader.text(get(members, "method"), "operation.method").as_deref() {
        None | Some("none") => Operation::Single,
        Some("batchArraySave") => {
            let rows_key = reader
                .text(get(members, "rowsKey"), "operation.rowsKey")
                .unwrap_or_else(|| "array".to_owned());
            Operation::Batch { rows_key }
        }
        Some(other) => {
            let message = format!("operation \"{other}\" is not supported");
            reader.problem(
                node.range.start,
                message,
                Some("leave it out (one record, one row) or write batchArraySave"),
            );
            Operation::Single
        }
    }
}
