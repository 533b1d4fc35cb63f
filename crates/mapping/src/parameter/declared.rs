//! What a field says of its value: type and format.

use super::super::format::ValueFormat;
use super::super::json::{Member, Node};
use super::super::reader::{Reader, get, key_at};
use super::ParameterType;
use super::list::is_something;

pub(super) fn format(reader: &mut Reader<'_>, members: &[Member]) -> Option<ValueFormat> {
    let text = reader
        .text(get(members, "format"), "format")
        .filter(|text| !text.is_empty())?;
    let format = ValueFormat::parse(&text);
    if let Some((message, remedy)) = format.as_ref().and_then(ValueFormat::odd) {
        reader.warn(
            key_at(members, "format"),
            words::sentences(&[words::of("format", message), remedy]),
        );
    }
    if format.is_none() {
        reader.idle(
            key_at(members, "format"),
            words::tr!("the format \"{text}\" has no effect: it is not known; date, dateTime, round(2), amount or a pattern such as yyyy-MM-dd are"),
        );
    }
    format
}

pub(super) fn declared_type(
    reader: &mut Reader<'_>,
    node: &Node,
    members: &[Member],
    has_children: bool,
    value: Option<&Node>,
) -> ParameterType {
    let declared = reader.text(get(members, "type"), "type").unwrap_or_default();
    if declared.is_empty() && has_children {
        return match value.is_some_and(is_something) {
            true => ParameterType::Array,
            false => ParameterType::Object,
        };
    }
    ParameterType::parse(&declared).unwrap_or_else(|| {
        let message = words::tr!(
            "the type \"{declared}\" is not known; the value is sent as text. Known are string, int, float, boolean, date, \
             datetime, object and array"
        );
        reader.warn(
            get(members, "type").map_or(node.range.start, |n| n.range.start),
            message,
        );
        ParameterType::Text
    })
}
