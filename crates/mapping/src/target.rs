//! The target document: what is written where.

mod operation;

use super::expression::Variable;
use super::json::{Member, Node, Value};
use super::other::OtherRequest;
use super::parameter::{self, Parameter, ParameterType};
use super::problem::{Loaded, Problem};
use super::reader::{Reader, get, key_at};
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

/// What of the fields themselves leads to nothing.
fn fields(reader: &mut Reader<'_>, request: &[Parameter], node: Option<&Node>) {
    if let (true, Some(node)) = (request.is_empty(), node) {
        let message = words::text!(
            "\"request\" has no effect: it has no fields, so rows would hold nothing but their key"
        );
        reader.idle(node.range.start, message);
    }
    for parameter in request {
        reader.in_field(&parameter.label.clone(), |reader| {
            if parameter.value.is_none() && parameter.children.is_empty() {
                let message =
                    words::text!("the field has no effect: it has no value, so nothing is sent for it");
                reader.idle(parameter.at, message);
            }
            let is_blank = |value: &super::expression::Expression| value.as_str().is_empty();
            if parameter.value.as_ref().is_some_and(is_blank) && parameter.default.is_none() {
                let message = words::text!("the value is empty, so the cell of every row is blank");
                reader.warn(parameter.at, message);
            }
            body(reader, parameter);
            widget_name(reader, parameter);
            no_widget(reader, parameter);
        });
    }
}

/// The fields of the form inside of an object, as the body of a call holds them.
fn body(reader: &mut Reader<'_>, parameter: &Parameter) {
    let is_widget = |child: &Parameter| child.field.starts_with("_widget_");
    let is_body = matches!(parameter.field.as_str(), "data" | "data_list" | "body")
        || parameter.children.iter().any(is_widget);
    let is_wrapping = parameter.children.iter().any(|child| child.field == "value");
    if parameter.kind == ParameterType::Object && !parameter.children.is_empty() && is_body && !is_wrapping {
        let message = words::tr!(
            "{} is taken for a field of the form, so none of its children is sent as a field; list them in \"request\" itself",
            parameter.field
        );
        reader.warn(parameter.at, message);
    }
}

/// What a form keeps of its rows by itself.
const OF_THE_FORM: [&str; 11] = [
    "_id",
    "appId",
    "entryId",
    "createTime",
    "updateTime",
    "deleteTime",
    "creator",
    "updater",
    "deleter",
    "flowState",
    "formName",
];

/// A name that no widget has: the form's own, or a caption.
fn no_widget(reader: &mut Reader<'_>, parameter: &Parameter) {
    let name = parameter.field.as_str();
    if OF_THE_FORM.contains(&name) {
        let message = words::tr!("{name} is kept by the form itself and cannot be written");
        reader.warn(parameter.at, message);
    } else if name.chars().any(|c| !c.is_ascii() && c.is_alphabetic()) {
        let message = words::tr!(
            "{name} looks like a caption; a field is called _widget_… or by the alias that the form gives it, and `loader form` shows them"
        );
        reader.warn(parameter.at, message);
    }
}

/// The form that the path names beside the one of otherRequest.
fn other_form(reader: &mut Reader<'_>, members: &[Member], api: &str, other: &OtherRequest) {
    let parts: Vec<&str> = api.split('/').collect();
    let behind = |name: &str| {
        let at = parts.iter().position(|part| *part == name)?;
        let id = parts.get(at + 1)?;
        (id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(*id)
    };
    for (name, id) in [("app", other.app_id()), ("entry", other.entry_id())] {
        let (Some(written), Some(id)) = (behind(name), id) else {
            continue;
        };
        if !written.eq_ignore_ascii_case(id) {
            let at = get(members, "api").map_or(0, |node| node.range.start);
            reader.warn(
                at,
                words::tr!("api names {written} behind /{name}/, and otherRequest {id}, which counts"),
            );
        }
    }
}

/// A name that is nearly one that forms give to their widgets.
fn widget_name(reader: &mut Reader<'_>, parameter: &Parameter) {
    let name = parameter.field.as_str();
    let folded = name.trim().to_ascii_lowercase();
    let digits = folded.trim_start_matches(|c: char| !c.is_ascii_digit());
    let head = &folded[..folded.len() - digits.len()];
    let near = strsim::damerau_levenshtein(head, "_widget_") <= 2 && digits.len() >= 6
        || matches!(head, "_widget_" | "widget_") && !digits.is_empty();
    let is_right =
        name.starts_with("_widget_") && name["_widget_".len()..].bytes().all(|b| b.is_ascii_digit());
    if near && !is_right {
        let right = digits.chars().filter(char::is_ascii_digit).collect::<String>();
        reader.warn(
            parameter.at,
            words::tr!(
                "{name} is no widget's name; write _widget_{right}, or the alias that the form gives it"
            ),
        );
    }
}
