//! Reads the members of OKKI's objects in every shape that they were seen or may be expected in: integers as text, ids
//! as numbers, members that are null, or come twice, or under two names (docs/okki-api.md §4.3, §5.2, §9 row 12).
//!
//! One place for all answers; the table of what is tolerated is in the tests below.

use super::moment::{self, Unreadable};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Value, value::RawValue};
use std::{borrow::Cow, fmt};

/// The members of an object, of which none has been read yet; of two with one name the last one counts.
///
/// A detail has a hundred of them and two are asked for, so names are neither copied nor sorted.
#[derive(Debug, Default)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// The name of a member, a part of the text unless something is escaped in it.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Name<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Names)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), value)) = object.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl<'a> Members<'a> {
    /// The members of the object in `json`, which may begin with byte order marks.
    pub(super) fn read(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(unmarked(json))
    }

    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut latest_first = self.0.iter().rev();
        latest_first.find(|(other, _)| other == name).map(|(_, raw)| *raw)
    }

    /// The member as it came, unless it is null.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.get(name).filter(|raw| raw.get() != "null")
    }

    /// Whether a member other than this one is a list of something.
    pub(super) fn has_list_beside(&self, name: &str) -> bool {
        let is_list = |raw: &RawValue| {
            raw.get()
                .strip_prefix('[')
                .is_some_and(|rest| !rest.trim_start().starts_with(']'))
        };
        self.0.iter().any(|(other, raw)| other != name && is_list(raw))
    }

    /// A text that may come as a number; empty text is none.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::Number(number) => {
                Some(whole(&number).map_or_else(|| number.to_string(), |n| n.to_string()))
            }
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// The first of these that says something.
    pub(super) fn first_text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// An integer that may come as a number, as numeric text, as `""`, or not at all.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name)? {
            Value::Number(number) => whole(&number),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A time in unix seconds; `None` when there is none. One that is there and cannot be read is an error.
    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, Unreadable> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        match self.value(name) {
            Some(Value::String(text)) => moment::read(&text),
            Some(Value::Number(number)) => {
                moment::read(&whole(&number).map_or_else(|| number.to_string(), |n| n.to_string()))
            }
            _ => Err(Unreadable::new(raw.get())),
        }
    }

    /// A customer id as decimal text. Anything but a positive whole number cannot name a customer; one that went through
    /// a floating-point number (`5.6657420945678e13`, `5.0`) does as long as that shows every digit, for one that was rounded
    /// (`5.66574e+13`) is another customer's, and so does one in full-width digits (`５６`).
    pub(super) fn company_id(&self, name: &str) -> Option<String> {
        let text = match self.value(name)? {
            Value::Number(_) => self.get(name)?.get().to_owned(),
            Value::String(text) => text.trim().chars().map(narrow).collect(),
            _ => return None,
        };
        let number = text.parse().ok().as_ref().and_then(whole);
        let id = match number {
            Some(_) if is_rounded(&text) => return None,
            Some(whole) => whole.to_string(),
            None => text,
        };
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0');
        is_id.then_some(id)
    }

    fn value(&self, name: &str) -> Option<Value> {
        let raw = self.get(name)?.get();
        // What is no scalar is no text or number either, and may be large.
        if raw.starts_with(['{', '[']) {
            return None;
        }
        serde_json::from_str(raw).ok()
    }
}

/// The same text without the byte order marks in front, which are no part of it.
pub(super) fn unmarked(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix("\u{feff}".as_bytes()) {
        text = rest;
    }
    text
}

/// A whole number, also when it is written with a fraction of zero.
pub(super) fn whole(number: &serde_json::Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let exact = number
            .as_f64()
            .filter(|number| number.fract() == 0.0 && number.abs() < EXACT)?;
        Some(exact as i64)
    })
}

/// Whether a number with an exponent shows fewer digits than it has: what is not shown are no zeros but lost.
fn is_rounded(text: &str) -> bool {
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let fraction = digits.split_once('.').map_or("", |(_, fraction)| fraction);
    exponent
        .parse::<i64>()
        .is_ok_and(|exponent| exponent > fraction.len().cast_signed() as i64)
}

/// A full-width digit as an ordinary one.
fn narrow(char: char) -> char {
    match char {
        '\u{ff10}'..='\u{ff19}' => char::from_u32(char as u32 - 0xff10 + u32::from(b'0')).unwrap_or(char),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Members<'_> {
        Members::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn integers_come_in_any_dress() {
        for (json, expected) in [
            (r#"{"n": 7}"#, Some(7)),
            (r#"{"n": 7.0}"#, Some(7)),
            (r#"{"n": " 7 "}"#, Some(7)),
            (r#"{"n": "1", "n": "7"}"#, Some(7)),
            (r#"{"n": 7.5}"#, None),
            (r#"{"n": 1e300}"#, None),
            (r#"{"n": ""}"#, None),
            (r#"{"n": null}"#, None),
            (r#"{"n": []}"#, None),
            (r#"{"n": "many"}"#, None),
            ("{}", None),
        ] {
            assert_eq!(members(json).integer("n"), expected, "{json}");
        }
    }

    #[test]
    fn texts_come_in_any_dress() {
        for (json, expected) in [
            (r#"{"t": "a"}"#, Some("a")),
            (r#"{"t": 200}"#, Some("200")),
            (r#"{"t": 200.0}"#, Some("200")),
            (r#"{"t": -1}"#, Some("-1")),
            (r#"{"t": "a", "t": "b"}"#, Some("b")),
            (r#"{"\u0074": "a"}"#, Some("a")),
            (r#"{"t": null}"#, None),
            (r#"{"t": " "}"#, None),
            (r#"{"t": true}"#, None),
            (r#"{"t": {"t": "a"}}"#, None),
        ] {
            assert_eq!(members(json).text("t").as_deref(), expected, "{json}");
        }
        let both = members(r#"{"message": null, "msg": "a"}"#);
        assert_eq!(both.first_text(&["message", "msg"]).as_deref(), Some("a"));
        assert!(members(r#"{"data": null}"#).raw("data").is_none());
    }

    #[test]
    fn times_come_as_text_or_number_and_are_never_guessed() {
        for (json, expected) in [
            (r#"{"t": "2026-11-28T04:59:08+08:00"}"#, Ok(Some(1_795_813_148))),
            (r#"{"t": 1795813148000}"#, Ok(Some(1_795_813_148))),
            (r#"{"t": 1.795813148e9}"#, Ok(Some(1_795_813_148))),
            (r#"{"t": 1795813148.75}"#, Ok(Some(1_795_813_148))),
            (r#"{"t": "a", "t": "1970-01-01 00:00:00"}"#, Ok(None)),
            (r#"{"t": null}"#, Ok(None)),
            (r#"{"t": 0}"#, Ok(None)),
            ("{}", Ok(None)),
            (r#"{"t": true}"#, Err("`true` cannot be read as a time")),
            (
                r#"{"t": {"at": 1}}"#,
                Err(r#"`{"at": 1}` cannot be read as a time"#),
            ),
            (r#"{"t": -7}"#, Err("`-7` cannot be read as a time")),
            (r#"{"t": "soon"}"#, Err("`soon` cannot be read as a time")),
        ] {
            let read = members(json).time("t").map_err(|error| error.to_string());
            assert_eq!(read, expected.map_err(str::to_owned), "{json}");
        }
    }

    #[test]
    fn ids_are_positive_whole_numbers() {
        for json in [r#"{"id": 56657420945678}"#, r#"{"id": " 56657420945678"}"#] {
            assert_eq!(members(json).company_id("id").as_deref(), Some("56657420945678"));
        }
        for json in [
            r#"{"id": 5.6657420945678e13}"#,
            r#"{"id": "5.6657420945678E+13"}"#,
            r#"{"id": 56657420945678.0}"#,
        ] {
            assert_eq!(
                members(json).company_id("id").as_deref(),
                Some("56657420945678"),
                "{json}"
            );
        }
        for none in [
            r#"{"id": 0}"#,
            r#"{"id": ""}"#,
            r#"{"id": 5.6e99}"#,
            r#"{"id": "5.5"}"#,
            r#"{"id": "007"}"#,
            r#"{"id": "../x"}"#,
            r#"{"id": -4}"#,
            r#"{"id": {}}"#,
            r#"{"id": 5.66574e+13}"#,
            r#"{"id": "5.66574E13"}"#,
            r#"{"id": 6e13}"#,
            r#"{"id": "5.6657420945678e14"}"#,
        ] {
            assert_eq!(members(none).company_id("id"), None, "{none}");
        }
    }
}
