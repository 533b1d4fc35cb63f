//! What of a target's fields leads to nothing: names that no widget has, bodies of calls, a form that is named twice.

use super::super::expression::Expression;
use super::super::json::{Member, Node};
use super::super::other::OtherRequest;
use super::super::parameter::{Parameter, ParameterType};
use super::super::reader::{Reader, get};

/// What of the fields themselves leads to nothing.
pub(super) fn fields(reader: &mut Reader<'_>, request: &[Parameter], node: Option<&Node>) {
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
            let is_blank = |value: &Expression| value.as_str().is_empty();
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
pub(super) fn other_form(reader: &mut Reader<'_>, members: &[Member], api: &str, other: &OtherRequest) {
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
