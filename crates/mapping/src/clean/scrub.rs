//! Texts trimmed and without control characters, dates in one form; everything in place.

use super::super::Zone;
use super::super::sql::dates::normal_date;
use serde_json::Value;

/// Unix times before this are counts or durations, not dates (it is in 2001).
const EARLIEST_UNIX: i64 = 1_000_000_000;
const LATEST_UNIX: i64 = 100_000_000_000_000;

/// Keys that hold dates.
pub(super) fn is_date_key(key: &str) -> bool {
    ["_time", "_date", "_at"].iter().any(|end| key.ends_with(end))
        || matches!(key, "birth" | "birthday" | "date" | "time")
}

/// Cleans a value and everything in it; `date` says that it is a date by its key or type.
pub(super) fn scrub(value: &mut Value, date: bool, zone: &Zone) {
    match value {
        Value::String(text) => {
            tidy(text);
            if date && let Some(normal) = normal_date(text, zone) {
                *text = normal;
            }
        }
        Value::Number(number) if date => {
            let unix = number.as_i64().unwrap_or(-1);
            if unix == 0 {
                *value = Value::String(String::new());
            } else if (EARLIEST_UNIX..LATEST_UNIX).contains(&unix)
                && let Some(normal) = normal_date(&unix.to_string(), zone)
            {
                *value = Value::String(normal);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(item, date, zone)),
        Value::Object(map) => map
            .iter_mut()
            .for_each(|(key, value)| scrub(value, is_date_key(key), zone)),
        _ => {}
    }
}

/// Most texts are clean already and stay untouched.
pub(super) fn tidy(text: &mut String) {
    let bad = |c: char| c.is_control() && c != '\n' && c != '\t';
    // Control characters are below a space, DEL, or begin with C2; few texts need the closer look.
    let suspect = |byte: u8| byte < b' ' || byte == 0x7f || byte == 0xc2;
    if text.bytes().any(suspect) && text.chars().any(bad) {
        text.retain(|c| !bad(c));
    }
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        *text = trimmed.to_owned();
    }
}
