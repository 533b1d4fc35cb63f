//! Reading a test of a `condition`: its comparison in the spellings that people use, and what it compares with.

use std::cmp::Ordering;

use super::super::expression::{Expression, Variable};
use super::super::json::{Node, Value};
use super::super::path::Path;
use super::super::reader::{Reader, get};
use super::Test;
use super::compare::{Logic, Members, Wanted};

const GREATER: &[Ordering] = &[Ordering::Greater];
const AT_LEAST: &[Ordering] = &[Ordering::Greater, Ordering::Equal];
const LESS: &[Ordering] = &[Ordering::Less];
const AT_MOST: &[Ordering] = &[Ordering::Less, Ordering::Equal];

pub(super) fn test(reader: &mut Reader<'_>, node: &Node) -> Option<Test> {
    let members = reader.object(node, words::text!("a test of condition"));
    reader.unknown_keys(
        members,
        &["field", "logic", "value", "strictMode"],
        words::text!("a test of condition"),
    );
    let Some(field) = reader
        .text(get(members, "field"), "field")
        .filter(|f| !f.is_empty())
    else {
        reader.problem(
            node.range.start,
            words::text!("a test of condition has no \"field\""),
            None,
        );
        return None;
    };
    let given = get(members, "value");
    let value = value(reader, given)?;
    let name = reader.text(get(members, "logic"), "logic").unwrap_or_default();
    let name = spelt(&name);
    let text = match name.as_str() {
        "isnull" | "notnull" => format!("{field} {name}"),
        _ => format!("{field} {name} \"{}\"", value.shown()),
    };
    odd(reader, &name, &value, given.unwrap_or(node));
    let logic = logic(reader, &name, value, given, node)?;
    let strict = reader
        .flag(get(members, "strictMode"), "strictMode")
        .unwrap_or(false);
    Some(Test {
        place: reader.place(node.range.start),
        path: Path::new(field.replace(['{', '}'], "").trim()),
        logic,
        strict,
        text,
    })
}

/// The name of a comparison; its sign will do, and so will the names that other platforms give it.
fn spelt(name: &str) -> String {
    let is_gap = |c: char| c.is_whitespace() || c == '_' || c == '-';
    let name: String = name
        .to_ascii_lowercase()
        .chars()
        .filter(|c| !is_gap(*c))
        .collect();
    let known = match name.as_str() {
        "=" | "==" | "===" | "equal" | "equals" | "等于" => "eq",
        "!=" | "<>" | "!==" | "ne" | "noteq" | "notequal" | "不等于" => "neq",
        ">" | "大于" => "gt",
        ">=" | "gte" | "ge" | "大于等于" => "egt",
        "<" | "小于" => "lt",
        "<=" | "lte" | "le" | "小于等于" => "elt",
        "contains" | "contain" | "包含" => "like",
        "notcontains" | "notcontain" | "不包含" => "notlike",
        "nin" => "notin",
        "null" | "empty" | "isempty" | "为空" => "isnull",
        "isnotnull" | "notempty" | "isnotempty" | "不为空" => "notnull",
        _ => return name,
    };
    known.to_owned()
}

/// Tells what can hold for nobody.
fn odd(reader: &mut Reader<'_>, name: &str, value: &Wanted, given: &Node) {
    let is_list = matches!(given.value, Value::Array(_));
    let message = match name {
        "isnull" | "notnull" => None,
        "in" | "notin" => value.odd(name),
        _ if is_list && name != "between" => Some(words::tr!(
            "{name} compares with one value; a list stands with in, notin and between"
        )),
        _ => value.odd(name),
    };
    if let Some(message) = message {
        reader.warn(given.range.start, message);
    }
}

fn logic(
    reader: &mut Reader<'_>,
    name: &str,
    value: Wanted,
    given: Option<&Node>,
    node: &Node,
) -> Option<Logic> {
    Some(match name {
        "eq" => Logic::Equal(value, true),
        "neq" => Logic::Equal(value, false),
        "gt" => Logic::Order(value, GREATER),
        "egt" => Logic::Order(value, AT_LEAST),
        "lt" => Logic::Order(value, LESS),
        "elt" => Logic::Order(value, AT_MOST),
        "in" => Logic::In(members(reader, value, given), true),
        "notin" => Logic::In(members(reader, value, given), false),
        "like" => Logic::Like(value, true),
        "notlike" => Logic::Like(value, false),
        "between" if !value.is_pair() => {
            let message = words::text!("between needs two values, e.g. \"100,500\"");
            reader.problem(node.range.start, message, None);
            return None;
        }
        "between" => Logic::Between(value),
        "notnull" => Logic::Null(false),
        "isnull" => Logic::Null(true),
        other => {
            let message = words::tr!("unknown logic \"{}\"", other);
            reader.problem(
                node.range.start,
                message,
                Some(words::text!(
                    "eq, neq, gt, egt, lt, elt, in, notin, like, notlike, between, notnull and isnull are known"
                )),
            );
            return None;
        }
    })
}

/// The values of `in`: those of a list each by itself, those of a text with commas between them.
fn members(reader: &mut Reader<'_>, value: Wanted, given: Option<&Node>) -> Members {
    match given.map(|node| &node.value) {
        Some(Value::Array(items)) => {
            let values = items.iter().filter_map(|item| self::value(reader, Some(item)));
            Members::Each(values.collect())
        }
        _ => Members::Joined(vec![value]),
    }
}

/// The value of a test, compiled.
fn value(reader: &mut Reader<'_>, node: Option<&Node>) -> Option<Wanted> {
    let Some(node) = node.filter(|node| !matches!(node.value, Value::Null)) else {
        return Some(Wanted::Fixed(String::new()));
    };
    let value = match listed(reader, node) {
        Some(text) => Expression::fixed(&text),
        None => reader.expression(node)?,
    };
    if value.variables().contains(&Variable::LastSyncTime) {
        reader.warn(
            node.range.start,
            words::text!(
                "LAST_SYNC_TIME is not known where conditions are applied; the test holds for every record"
            ),
        );
    }
    let wanted = Wanted::new(value);
    if wanted.is_no_time() {
        reader.warn(
            node.range.start,
            words::text!(
                "what stands behind timestamp: is no point of time; the test holds for every record"
            ),
        );
    }
    Some(wanted)
}

/// The two values of `between`, written as a list.
fn listed(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let Value::Array(items) = &node.value else {
        return None;
    };
    let texts: Vec<String> = items
        .iter()
        .filter_map(|item| reader.text(Some(item), words::text!("a value of the test")))
        .collect();
    Some(texts.join(","))
}
