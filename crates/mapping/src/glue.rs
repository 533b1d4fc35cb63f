//! Keys that the platform glues together: it hands nested objects on as `<key>_<key of the object>`, level after level.
//!
//! A literal key wins over any reading of it, and a longer first part over a shorter one. The first part may itself
//! contain `_`, so all cuts are tried; each object of the record is entered at most once.

use serde_json::{Map, Value};

/// Every cut of a key at a `_`, the longest first part first.
pub(super) fn heads(key: &str) -> impl Iterator<Item = (&str, &str)> {
    key.rmatch_indices('_')
        .map(move |(at, _)| (&key[..at], &key[at + 1..]))
        .filter(|(head, tail)| !head.is_empty() && !tail.is_empty())
}

/// The value of a glued key that is not there literally.
pub(super) fn find<'r>(map: &'r Map<String, Value>, key: &str) -> Option<&'r Value> {
    heads(key).find_map(|(head, tail)| inside(map.get(head)?, tail))
}

/// What the rest of a glued key means in the value of its first part.
fn inside<'r>(value: &'r Value, tail: &str) -> Option<&'r Value> {
    match value {
        Value::Object(map) => map.get(tail).or_else(|| find(map, tail)),
        Value::Array(items) => {
            let (number, rest) = tail.split_once('_').unwrap_or((tail, ""));
            let n = number.parse().ok().filter(|_| is_number(number))?;
            match rest {
                "" => pair(items, n),
                rest => inside(items.get(n)?, rest),
            }
        }
        _ => None,
    }
}

/// `list_<n>`: element n; or, when element 0 is itself a pair, member n of the first pair.
fn pair(list: &[Value], n: usize) -> Option<&Value> {
    match list.first()? {
        Value::Array(pair) => pair.get(n),
        // Written as `{"0": area, "1": number}`.
        Value::Object(map) if map.contains_key("0") || map.contains_key("1") => {
            map.get(if n == 0 { "0" } else { "1" }).filter(|_| n < 2)
        }
        _ => list.get(n),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// What of a glued key is there when its value is not: whether one of its first parts holds nothing, so that nobody can
/// say which keys it would have.
pub(super) fn may_be_there(map: &Map<String, Value>, key: &str) -> bool {
    heads(key).any(|(head, tail)| match map.get(head) {
        Some(Value::Object(inner)) => inner.is_empty() || may_be_there(inner, tail),
        Some(Value::Array(items)) => {
            let number = tail.split_once('_').map_or(tail, |(number, _)| number);
            is_number(number) && (items.is_empty() || number.parse().is_ok_and(|n: usize| n >= items.len()))
        }
        Some(Value::Null) => true,
        _ => false,
    })
}
