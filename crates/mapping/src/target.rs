//! The target document: what is written where.

mod fields;
mod operation;

use super::expression::Variable;
use super::json::{Member, Node, Value};
use super::other::OtherRequest;
use super::parameter::{self, Parameter};
use super::problem::{Loaded, Problem};
use super::reader::{Reader, get, key_at};
use fields::{fields, other_form};
pub use operation::Operation;
use operation::operation;

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

const KEYS: &[&str] = &[
    "api",
    "effect",
    "type",
    "method",
    "idCheck",
    "request",
    "otherRequest",
    "otherRequestParams",
    "operation",
];
const STEP: &str = words::mark!("there are no steps after the write");
/// Keys of a target that are read and change nothing, each with the reason.
const IDLE: &[(&str, &str)] = &[
    ("distributionOrg", STEP),
    ("primaryWriteback", STEP),
    ("callBackStrategy", STEP),
    ("autoCheck", STEP),
    (
        "response",
        words::mark!("no answer is written back; what was written is in the account of events"),
    ),
    ("id", words::mark!("a customer is known by its company_id")),
    ("number", words::mark!("a customer is known by its company_id")),
    (
        "condition",
        words::mark!("a target has none; put it into the source document or into the additions"),
    ),
    ("groupCalculate", ""),
];

impl TargetDocument {
    /// Reads a target document; `name` is used in problems.
    pub fn parse(text: &str, name: &str) -> Result<Loaded<TargetDocument>, Vec<Problem>> {
        let mut reader = Reader::new(text, name).with_lookups();
        let root = reader.parse()?;
        let members = reader.object(&root, words::text!("the document"));
        reader.unknown_keys(
            members,
            &[KEYS, &IDLE.iter().map(|u| u.0).collect::<Vec<_>>()[..]].concat(),
            words::text!("the document"),
        );
        idle(&mut reader, members);
        effect(&mut reader, &root, members, "EXECUTE", "target");
        let api = reader
            .text(get(members, "api"), "api")
            .filter(|api| !api.is_empty())
            .unwrap_or_else(|| {
                reader.problem(
                    root.range.start,
                    words::text!("\"api\" is missing"),
                    Some(words::text!(
                        "e.g. /api/v2/app/{app_id}/entry/{entry_id}/data_create"
                    )),
                );
                String::new()
            });
        let request = match get(members, "request") {
            Some(node) => parameter::list(&mut reader, node, "request"),
            None => {
                reader.problem(
                    root.range.start,
                    words::text!("\"request\" is missing: the array of fields is expected"),
                    None,
                );
                Vec::new()
            }
        };
        variables(&mut reader, &request);
        fields(&mut reader, &request, get(members, "request"));
        // Both answers ask for what the loader does: no second row for a known customer, and its row overwritten.
        reader.flag(get(members, "idCheck"), "idCheck");
        let other = get(members, "otherRequest").or_else(|| get(members, "otherRequestParams"));
        let other = OtherRequest::of_target(&mut reader, other);
        other_form(&mut reader, members, &api, &other);
        let document = TargetDocument {
            api,
            method: reader
                .text(get(members, "method"), "method")
                .unwrap_or_else(|| "POST".to_owned()),
            request,
            other,
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
    let older = reader.text(get(members, "type"), "type").unwrap_or_default();
    let contradicts = ["QUERY", "EXECUTE"]
        .iter()
        .any(|known| older.trim().eq_ignore_ascii_case(known) && *known != wanted);
    if key == "effect" && contradicts {
        let message = words::tr!("\"type\": \"{older}\" has no effect: \"effect\" says what the document is");
        reader.idle(key_at(members, "type"), message);
    }
    match reader.text(get(members, key), key) {
        None => reader.problem(
            root.range.start,
            words::tr!("\"effect\" is missing: {wanted} is expected"),
            None,
        ),
        Some(found) if found.trim().eq_ignore_ascii_case(wanted) => {}
        Some(found) => {
            let at = get(members, key).map_or(0, |n| n.range.start);
            let other = if wanted == "EXECUTE" { "source" } else { "target" };
            let remedy = match found.as_str() {
                "QUERY" | "EXECUTE" => {
                    words::tr!("this is a {other} document, a {kind} document is expected")
                }
                _ => words::tr!("write {wanted}"),
            };
            reader.problem(
                at,
                words::tr!("{key} is \"{found}\", {wanted} is expected"),
                Some(&remedy),
            );
        }
    }
}

/// A field of a target knows the clock but no run of the source.
fn variables(reader: &mut Reader<'_>, parameters: &[Parameter]) {
    for parameter in parameters {
        let unknown = |v: &Variable| !matches!(v, Variable::CurrentTime | Variable::DaysAgo(_));
        let needed = parameter
            .value
            .as_ref()
            .map(|e| e.variables())
            .unwrap_or_default();
        for variable in needed.into_iter().filter(unknown) {
            let message = words::tr!("{variable} belongs to the source document; a field cannot know it");
            reader.in_field(&parameter.label, |r| {
                r.problem(
                    parameter.at,
                    message,
                    Some(words::text!(
                        "use CURRENT_TIME, DAYS_AGO_<n> or a key of the record"
                    )),
                );
            });
        }
        variables(reader, &parameter.children);
    }
}

/// Exports write nothing as an empty text, list or object.
fn is_something(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}

/// Everything of the document's own keys that is written and not used.
fn idle(reader: &mut Reader<'_>, members: &[Member]) {
    for (key, why) in IDLE {
        if !get(members, key).is_some_and(is_something) {
            continue;
        }
        match *key {
            "groupCalculate" => reader.problem(
                key_at(members, key),
                words::text!("\"groupCalculate\" is not supported"),
                Some(words::text!(
                    "rows are not merged before mapping; aggregate inside a field with SUM({{list.key}})"
                )),
            ),
            _ => reader.idle(key_at(members, key), words::tr!("\"{key}\" has no effect: {why}")),
        }
    }
    let api = get(members, "api").map(|node| (node, reader.text(Some(node), "api").unwrap_or_default()));
    if let Some((node, api)) = api.filter(|(_, api)| !api.is_empty() && !creates(api)) {
        let message = words::tr!(
            "\"api\": \"{api}\" has no effect: the loader makes and changes rows by calls of its own, whatever is named here"
        );
        reader.idle(node.range.start, message);
    }
    let method =
        get(members, "method").map(|node| (node, reader.text(Some(node), "method").unwrap_or_default()));
    if let Some((node, method)) = method.filter(|(_, m)| !m.is_empty() && !m.eq_ignore_ascii_case("POST")) {
        let message = words::tr!("\"method\": \"{method}\" has no effect: rows are written with POST");
        reader.idle(node.range.start, message);
    }
}

/// A call that makes rows, as the loader does.
fn creates(api: &str) -> bool {
    let path = api.split('?').next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last == "create" || last.ends_with("_create")
}
