//! Bodies as JSON of their protobuf message, and back, checked against the schema.
//!
//! Two kinds of bytes hold JSON themselves: the detail answer of a snapshot (`detail` here) and a cell of any other
//! JSON (`jsonValue`). They are shown as what they are and come back byte for byte when they are not changed.

use super::{difference::differences, exact};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use pipeline::content::content_hash;
use prost::Message;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions,
};
use proto::{
    v1::FormRecord,
    v2::{Bundle, BundledRecord},
};
use serde_json::Value;
use std::sync::LazyLock;

/// Fields of bytes that hold JSON, as protobuf's JSON names them and as they are shown.
const EMBEDDED: [(&str, &str); 2] = [("detailJson", "detail"), ("json", "jsonValue")];

/// Type of a message that carries many records.
const BUNDLE: &str = "okki.pipeline.v2.Bundle";

static POOL: LazyLock<Option<DescriptorPool>> =
    LazyLock::new(|| DescriptorPool::decode(proto::DESCRIPTORS).ok());

/// Why a body cannot be shown or rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No message of ours.
    #[error("{}", words::tr!("the body is no message of ours (type `{0}`)"))]
    Foreign(String),
    /// Not what the type promises.
    #[error("{}", words::tr!("the body is no {0}"))]
    Damaged(String, #[source] prost::DecodeError),
    /// The edited JSON does not fit the schema.
    #[error("{}", words::tr!("not a valid {0}: {1}"))]
    Schema(String, String),
    /// The same, with the value at fault.
    #[error("{}", words::tr!("not a valid {kind}: {place}: {problem}"))]
    Value {
        /// Which value.
        place: String,
        /// Package and name of the message.
        kind: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Many records in one message.
    #[error("{}", words::tr!("a letter of many customers is not edited: put it back, and edit what becomes a letter of its own"))]
    Bundled,
    /// The message cannot be written as JSON.
    #[error("{}", words::tr!("the body cannot be shown as JSON: {0}"))]
    Unshowable(#[from] serde_json::Error),
}

fn descriptor(kind: &str) -> Result<MessageDescriptor, Error> {
    let found = POOL.as_ref().and_then(|pool| pool.get_message_by_name(kind));
    found.ok_or_else(|| Error::Foreign(kind.to_owned()))
}

/// The body as JSON.
///
/// # Errors
/// When it is no message of ours.
pub fn to_json(kind: &str, body: &[u8]) -> Result<Value, Error> {
    let mut json = to_exact(kind, body)?;
    exact::simplify(&mut json);
    Ok(json)
}

/// The body as JSON for an editor: numbers of embedded JSON that have a form of their own are marked texts
/// ([`exact`]).
pub(crate) fn to_exact(kind: &str, body: &[u8]) -> Result<Value, Error> {
    let message = DynamicMessage::decode(descriptor(kind)?, body)
        .map_err(|error| Error::Damaged(kind.to_owned(), error))?;
    let options = SerializeOptions::new().stringify_64_bit_integers(false);
    let mut json = message.serialize_with_options(serde_json::value::Serializer, &options)?;
    unfold(&mut json);
    if kind == BUNDLE {
        each_alone(&mut json, body)?;
    }
    Ok(json)
}

/// Shows each record of a bundle as if it had come alone.
fn each_alone(json: &mut Value, body: &[u8]) -> Result<(), Error> {
    let bundle = Bundle::decode(body).map_err(|error| Error::Damaged(BUNDLE.to_owned(), error))?;
    let shown = json["records"].as_array_mut().into_iter().flatten();
    for (shown, record) in shown.zip(&bundle.records) {
        // What cannot be read stays as it came, and so does what no publisher makes.
        if bundle.kind != BUNDLE
            && let Ok(alone) = to_exact(&bundle.kind, &record.body)
        {
            shown["body"] = alone;
        }
    }
    Ok(())
}

/// A bundle's records, and of which kind they are; none for any other message.
pub(crate) fn bundle(kind: &str, body: &[u8]) -> (String, Vec<BundledRecord>) {
    if kind != BUNDLE {
        return Default::default();
    }
    let bundle = Bundle::decode(body).unwrap_or_default();
    (bundle.kind, bundle.records)
}

/// The body that an edited JSON stands for; `original` gives back unchanged parts byte for byte.
///
/// # Errors
/// When the JSON does not fit the message's schema, with the value at fault.
pub fn from_json(kind: &str, json: &Value, original: &[u8]) -> Result<Bytes, Error> {
    if kind == BUNDLE {
        return Err(Error::Bundled);
    }
    let before = to_exact(kind, original)?;
    let mut json = json.clone();
    // What was shown in the usual form and not edited is what was there.
    exact::keep(&mut json, &before);
    let json = &json;
    if before == *json {
        return Ok(Bytes::copy_from_slice(original));
    }
    match build(kind, &before, json, original) {
        Err(Error::Schema(kind, problem)) => Err(culprit(&kind, &before, json, original)
            .map_or(Error::Schema(kind.clone(), problem), |(place, problem)| {
                Error::Value { place, kind, problem }
            })),
        built => built,
    }
}

/// The first of the changed values that does not fit, tried one by one.
fn culprit(kind: &str, before: &Value, after: &Value, original: &[u8]) -> Option<(String, String)> {
    differences(before, after).into_iter().find_map(|one| {
        let mut tried = before.clone();
        put(&mut tried, &one.pointer, one.after.clone())?;
        match build(kind, before, &tried, original) {
            Err(Error::Schema(_, problem)) => Some((one.named(), problem)),
            _ => None,
        }
    })
}

/// Puts a value where a difference was found; a new member of an object is added.
fn put(json: &mut Value, pointer: &str, value: Value) -> Option<()> {
    let (parent, name) = pointer.rsplit_once('/')?;
    match json.pointer_mut(parent)? {
        Value::Object(fields) => {
            fields.insert(name.replace("~1", "/").replace("~0", "~"), value);
        }
        Value::Array(items) => match items.get_mut(name.parse::<usize>().ok()?) {
            Some(item) => *item = value,
            None => items.push(value),
        },
        _ => return None,
    }
    Some(())
}

fn build(kind: &str, before: &Value, json: &Value, original: &[u8]) -> Result<Bytes, Error> {
    let schema = |problem: String| Error::Schema(kind.to_owned(), problem);
    let mut folded = json.clone();
    fold(&mut folded);
    exact::simplify(&mut folded);
    if before.get("detail").is_some() && before.get("detail") == json.get("detail") {
        let original = proto::v1::CompanySnapshot::decode(original)
            .map_err(|error| Error::Damaged(kind.to_owned(), error))?;
        folded["detailJson"] = BASE64_STANDARD.encode(&original.detail_json).into();
    }
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let message = DynamicMessage::deserialize_with_options(descriptor(kind)?, folded, &options)
        .map_err(|error| schema(error.to_string()))?;
    let body = message.encode_to_vec();
    if kind.ends_with(".FormRecord") {
        let mut record = FormRecord::decode(body.as_slice()).map_err(|error| schema(error.to_string()))?;
        record.content_hash = content_hash(&record).into();
        return Ok(record.encode_to_vec().into());
    }
    Ok(body.into())
}

/// Whether a body of this kind holds the text, which is in lower case, whatever the case of the body.
pub(crate) fn contains(kind: &str, body: &[u8], text: &str) -> bool {
    match to_json(kind, body) {
        Ok(json) => says(&json, text),
        Err(_) => String::from_utf8_lossy(body).to_lowercase().contains(text),
    }
}

/// The same for a body that is JSON already.
#[must_use]
pub fn says(json: &Value, text: &str) -> bool {
    any_text(json, &mut |found| found.to_lowercase().contains(text))
}

fn any_text(json: &Value, test: &mut impl FnMut(&str) -> bool) -> bool {
    match json {
        Value::String(text) => test(text),
        Value::Number(number) => test(&number.to_string()),
        Value::Array(items) => items.iter().any(|item| any_text(item, test)),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| test(name) || any_text(value, test)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Shows embedded JSON as JSON. What is none stays as base64 under its own name.
fn unfold(json: &mut Value) {
    each_object(json, &mut |fields| {
        for (name, shown) in EMBEDDED {
            let decoded = fields
                .get(name)
                .and_then(Value::as_str)
                .and_then(|text| BASE64_STANDARD.decode(text).ok())
                .and_then(|bytes| exact::read(std::str::from_utf8(&bytes).ok()?).ok());
            if let Some(decoded) = decoded {
                fields.shift_remove(name);
                fields.insert(shown.to_owned(), decoded);
            }
        }
    });
}

fn fold(json: &mut Value) {
    if let Value::Object(fields) = json {
        for (name, shown) in EMBEDDED {
            if let Some(value) = fields.shift_remove(shown) {
                fields.insert(
                    name.to_owned(),
                    BASE64_STANDARD.encode(exact::write(&value)).into(),
                );
            }
        }
        fields.values_mut().for_each(fold);
    } else if let Value::Array(items) = json {
        items.iter_mut().for_each(fold);
    }
}

fn each_object(json: &mut Value, change: &mut impl FnMut(&mut serde_json::Map<String, Value>)) {
    match json {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| each_object(value, change));
            change(fields);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_object(item, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pipeline::message::Subject;
    use proto::v1::{CompanySnapshot, FieldValue, Version, field_value};
    use serde_json::json;

    fn snapshot() -> CompanySnapshot {
        CompanySnapshot {
            company_id: "7".into(),
            version: Some(Version {
                update_time: 5,
                sequence: 1_763_900_000_000_001,
            }),
            // Odd spacing and a repeated key must survive.
            detail_json: Bytes::from_static(b"{ \"name\" : \"\\u5f20\", \"n\": 1.10 }"),
            ..CompanySnapshot::default()
        }
    }

    fn record() -> FormRecord {
        let cell = |field: &str, value| FieldValue {
            field: field.into(),
            label: "名称".into(),
            value: Some(value),
        };
        let mut record = FormRecord {
            company_id: "7".into(),
            fields: vec![
                cell("_widget_1", field_value::Value::Text("张".into())),
                cell("_widget_2", field_value::Value::Number("1.10".into())),
                cell(
                    "_widget_3",
                    field_value::Value::Json(Bytes::from_static(b"[1, 2]")),
                ),
            ],
            ..FormRecord::default()
        };
        record.content_hash = content_hash(&record).into();
        record
    }

    #[test]
    fn a_body_is_shown_and_comes_back_byte_for_byte() {
        let body = snapshot().encode_to_vec();
        let mut json = to_json(CompanySnapshot::TYPE, &body).unwrap();
        assert_eq!(json["detail"]["name"], "张");
        assert_eq!(json["version"]["sequence"], 1_763_900_000_000_001_u64);
        assert_eq!(from_json(CompanySnapshot::TYPE, &json, &body).unwrap(), body);
        json["removed"] = true.into();
        let edited =
            CompanySnapshot::decode(from_json(CompanySnapshot::TYPE, &json, &body).unwrap()).unwrap();
        assert!(edited.removed);
        assert_eq!(
            edited.detail_json,
            snapshot().detail_json,
            "untouched parts keep their bytes"
        );
    }

    #[test]
    fn a_bundle_is_shown_record_by_record_and_not_edited() {
        let of = |company_id: &str| proto::v2::BundledRecord {
            body: record().encode_to_vec().into(),
            company_id: company_id.into(),
            ..proto::v2::BundledRecord::default()
        };
        let bundle = Bundle {
            kind: FormRecord::TYPE.into(),
            lane: String::new(),
            records: vec![of("7"), of("8")],
        };
        let body = bundle.encode_to_vec();
        let shown = to_json(BUNDLE, &body).unwrap();
        assert_eq!(shown["records"][1]["companyId"], "8");
        assert_eq!(shown["records"][1]["body"]["fields"][0]["text"], "张");
        let customers = |kind, body: &[u8]| -> Vec<String> {
            let records = super::bundle(kind, body).1.into_iter();
            records.map(|record| record.company_id).collect()
        };
        assert_eq!(customers(BUNDLE, &body), ["7", "8"]);
        assert!(customers(FormRecord::TYPE, &record().encode_to_vec()).is_empty());
        assert!(matches!(from_json(BUNDLE, &shown, &body), Err(Error::Bundled)));
    }

    #[test]
    fn an_edited_record_gets_the_hash_of_its_content() {
        let body = record().encode_to_vec();
        let mut json = to_json(FormRecord::TYPE, &body).unwrap();
        assert_eq!(json["fields"][2]["jsonValue"], json!([1, 2]));
        json["fields"][0]["text"] = "李".into();
        let edited = FormRecord::decode(from_json(FormRecord::TYPE, &json, &body).unwrap()).unwrap();
        assert_eq!(
            edited.fields[0].value,
            Some(field_value::Value::Text("李".into()))
        );
        assert_eq!(edited.content_hash, content_hash(&edited));
        assert_ne!(edited.content_hash, record().content_hash);
    }

    #[test]
    fn numbers_that_are_not_edited_stay_as_they_were_written() {
        let long = CompanySnapshot {
            detail_json: Bytes::from_static(
                b"{\"name\":\"a\",\"n\":1.10,\"id\":123456789012345678901234567890}",
            ),
            ..snapshot()
        };
        let body = long.encode_to_vec();
        let mut json = to_exact(CompanySnapshot::TYPE, &body).unwrap();
        json["detail"]["name"] = "b".into();
        let text = exact::write_pretty(&json);
        assert!(text.contains(": 1.10,"), "{text}");
        let edited = from_json(CompanySnapshot::TYPE, &exact::read(&text).unwrap(), &body).unwrap();
        let edited = CompanySnapshot::decode(edited).unwrap();
        let expected = "{\"name\":\"b\",\"n\":1.10,\"id\":123456789012345678901234567890}";
        assert_eq!(edited.detail_json, expected);
    }

    #[test]
    fn what_does_not_fit_the_schema_is_refused_with_its_place() {
        let body = record().encode_to_vec();
        let mut json = to_json(FormRecord::TYPE, &body).unwrap();
        json["fields"][1]["number"] = 5.into();
        json["fields"][0]["text"] = "fits".into();
        let refused = from_json(FormRecord::TYPE, &json, &body).unwrap_err().to_string();
        assert!(refused.contains("fields[1].number (名称): "), "{refused}");
    }

    #[test]
    fn what_does_not_fit_the_schema_is_refused() {
        let body = record().encode_to_vec();
        for (pointer, value) in [
            ("/fields/0/text", json!(7)),
            ("/fields", json!("x")),
            ("/runId", json!({})),
        ] {
            let mut json = to_json(FormRecord::TYPE, &body).unwrap();
            json["runId"] = "run".into();
            *json.pointer_mut(pointer).unwrap() = value;
            let refused = from_json(FormRecord::TYPE, &json, &body).unwrap_err();
            assert!(matches!(refused, Error::Value { .. }), "{pointer}: {refused}");
        }
        let mut json = to_json(FormRecord::TYPE, &body).unwrap();
        json["colour"] = "red".into();
        assert!(
            from_json(FormRecord::TYPE, &json, &body)
                .unwrap_err()
                .to_string()
                .contains("colour")
        );
        assert!(matches!(to_json("other.v1.Thing", &body), Err(Error::Foreign(_))));
    }
}
