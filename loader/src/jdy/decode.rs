//! Reads the vendor's answers in every shape that they were seen or may be expected in; the table is in the tests below.
//!
//! What is not an answer stays none: an empty body, `"data": null` in a list, or a success without any sign of it leave
//! the outcome open, and a look-up decides. Members that a gateway adds, doubles or sets to null change nothing.

use mapping::surrogate;
use pipeline::stage::Stage;
use pipeline::telemetry::names;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::types::{BatchCreated, OneRow, Page, RowId, Status, Updated, WholeRow, Widget, Widgets};

/// A JSON object; of members that come twice the last one counts.
pub(super) type Object = Map<String, Value>;

/// Code and words of a failure, if the body is one.
pub(super) fn failure(body: &[u8]) -> Option<(u32, String)> {
    let (body, _) = surrogate::repaired(bare(body));
    let object: Object = serde_json::from_slice(&body).ok()?;
    let code = number(object.get("code")?)?;
    let code = u32::try_from(code).ok().filter(|code| *code != 0)?;
    // Record interfaces say `msg`, workflow ones `message`.
    let words = ["msg", "message"]
        .into_iter()
        .find_map(|name| said(&object, name));
    Some((code, words.unwrap_or_default()))
}

/// An answer that is none of a failure. A cell with half of a character costs that character, or one row would make
/// every page that it is on unreadable.
pub(super) fn success<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let body = bare(body);
    let read = serde_json::from_slice(body).ok();
    read.or_else(|| match surrogate::repaired(body) {
        (_, 0) => None,
        (repaired, halves) => {
            metrics::counter!(names::REPLACED_CHARACTERS, "stage" => Stage::Load.name())
                .increment(halves as u64);
            serde_json::from_slice(&repaired).ok()
        }
    })
}

/// Without a byte order mark.
fn bare(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// A whole number, also as text or with a fraction of zero.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let exact = number.as_f64().filter(|number| number.fract() == 0.0)?;
            (0.0..=f64::from(u32::MAX))
                .contains(&exact)
                .then_some(exact as u64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A text that is not empty; numbers are texts without quotes.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

pub(super) fn said(object: &Object, name: &str) -> Option<String> {
    object.get(name).and_then(text)
}

/// What `status` says, in the spelling that is documented.
fn status(object: &Object) -> Option<String> {
    let status = said(object, "status")?;
    Some(if status.eq_ignore_ascii_case(Status::SUCCESS) {
        Status::SUCCESS.to_owned()
    } else {
        status
    })
}

fn row_id(object: &Object) -> Option<RowId> {
    let cells = object.get("data")?.as_object()?;
    let id = cells.get("_id").and_then(text)?;
    Some(RowId {
        id,
        cells: cells.clone(),
    })
}

impl TryFrom<Object> for BatchCreated {
    type Error = &'static str;

    /// Without a count, the ids are counted; without both, no row is known to be stored, and they are looked up.
    fn try_from(object: Object) -> Result<Self, Self::Error> {
        let ids: Option<Vec<String>> = match object.get("success_ids") {
            Some(Value::Array(ids)) => ids.iter().map(text).collect(),
            _ => None,
        };
        let ids = ids.unwrap_or_default();
        let count = object.get("success_count").and_then(number);
        let count = count.and_then(|count| usize::try_from(count).ok());
        // The ids are proof enough when the word is missing.
        let proven = || (!ids.is_empty()).then(|| Status::SUCCESS.to_owned());
        Ok(Self {
            status: status(&object).or_else(proven).ok_or(words::text!("no status"))?,
            success_count: count.unwrap_or(ids.len()),
            success_ids: ids,
        })
    }
}

impl TryFrom<Object> for Page {
    type Error = &'static str;

    /// A row that cannot be named might be anybody's, so the page is none.
    fn try_from(mut object: Object) -> Result<Self, Self::Error> {
        let Some(Value::Array(rows)) = object.remove("data") else {
            return Err(words::text!("no list of rows"));
        };
        let named = |row: Value| {
            let Value::Object(mut cells) = row else {
                return None;
            };
            if !cells
                .get("_id")
                .is_some_and(|id| id.as_str().is_some_and(is_plain))
            {
                let id = cells.get("_id").and_then(text)?;
                cells.insert("_id".to_owned(), Value::String(id));
            }
            Some(cells)
        };
        let data: Option<Vec<Object>> = rows.into_iter().map(named).collect();
        let data = data.ok_or(words::text!("a row without an id"))?;
        Ok(Self { data })
    }
}

/// Nothing has to be cut off.
fn is_plain(id: &str) -> bool {
    !id.is_empty() && id.trim().len() == id.len()
}

impl TryFrom<Object> for Widgets {
    type Error = &'static str;

    /// An entry without a name is none that could be written to; it costs itself.
    fn try_from(mut object: Object) -> Result<Self, Self::Error> {
        match object.remove("widgets") {
            Some(Value::Array(widgets)) => Ok(Self {
                widgets: widgets.into_iter().filter_map(widget).collect(),
            }),
            _ => Err(words::text!("no list of widgets")),
        }
    }
}

impl TryFrom<Object> for Widget {
    type Error = &'static str;

    fn try_from(object: Object) -> Result<Self, Self::Error> {
        widget(Value::Object(object)).ok_or(words::text!("a widget without a name"))
    }
}

fn widget(value: Value) -> Option<Widget> {
    let Value::Object(mut other) = value else {
        return None;
    };
    let mut said = |name: &str| other.remove(name).as_ref().and_then(text);
    let (name, label, kind) = (said("name")?, said("label"), said("type"));
    let items = match other.remove("items") {
        Some(Value::Array(items)) => items.into_iter().filter_map(widget).collect(),
        _ => Vec::new(),
    };
    Some(Widget {
        name,
        label: label.unwrap_or_default(),
        kind: kind.unwrap_or_default(),
        items,
        other,
    })
}

impl TryFrom<Object> for OneRow {
    type Error = &'static str;

    fn try_from(object: Object) -> Result<Self, Self::Error> {
        let data = row_id(&object).ok_or(words::text!("no row id"))?;
        Ok(Self { data })
    }
}

impl TryFrom<Object> for Updated {
    type Error = &'static str;

    /// The row, or the word alone.
    fn try_from(object: Object) -> Result<Self, Self::Error> {
        let row = row_id(&object);
        let written = row.is_some() || status(&object).is_some_and(|status| status == Status::SUCCESS);
        written
            .then_some(Self { row })
            .ok_or(words::text!("neither a row nor a status"))
    }
}

impl TryFrom<Object> for Status {
    type Error = &'static str;

    fn try_from(object: Object) -> Result<Self, Self::Error> {
        let status = status(&object).ok_or(words::text!("no status"))?;
        Ok(Self { status })
    }
}

impl TryFrom<Object> for WholeRow {
    type Error = &'static str;

    /// A row, or one said not to be there; whatever else it is, it leaves open whether there is a row.
    fn try_from(object: Object) -> Result<Self, Self::Error> {
        match object.get("data") {
            Some(Value::Null) => Ok(Self { data: None }),
            Some(Value::Object(cells)) if cells.is_empty() => Ok(Self { data: None }),
            Some(Value::Object(_)) => {
                let row = row_id(&object).ok_or(words::text!("a row without an id"))?;
                let mut cells = row.cells;
                cells.insert("_id".to_owned(), Value::String(row.id));
                Ok(Self { data: Some(cells) })
            }
            _ => Err(words::text!("neither a row nor that there is none")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn a_failure_is_one_in_any_dress() {
        for (body, expected) in [
            (r#"{"code":4001,"msg":"x"}"#, Some((4001, "x"))),
            (r#"{"code":4001,"message":"x"}"#, Some((4001, "x"))),
            (r#"{"code":4001,"msg":"x","message":"y"}"#, Some((4001, "x"))),
            (r#"{"code":4001,"msg":null,"message":"y"}"#, Some((4001, "y"))),
            (r#"{"code":4001,"msg":"","message":"y"}"#, Some((4001, "y"))),
            (r#"{"code":4001,"msg":"x","msg":"z"}"#, Some((4001, "z"))),
            (r#"{"code":4001,"msg":null}"#, Some((4001, ""))),
            (r#"{"code":4001,"msg":{"a":1}}"#, Some((4001, ""))),
            (r#"{"code":4001}"#, Some((4001, ""))),
            (r#"{"code":"4001","msg":7}"#, Some((4001, "7"))),
            (r#"{"code":" 4001 "}"#, Some((4001, ""))),
            (r#"{"code":4001.0}"#, Some((4001, ""))),
            (r#"{"code":0,"msg":"x"}"#, None),
            (r#"{"code":"0"}"#, None),
            (r#"{"code":""}"#, None),
            (r#"{"code":null}"#, None),
            (r#"{"code":"success"}"#, None),
            (r#"{"code":-1}"#, None),
            (r#"{"code":99999999999}"#, None),
            (r#"{"msg":"x"}"#, None),
            ("[4001]", None),
            ("", None),
        ] {
            let expected = expected.map(|(code, words): (u32, &str)| (code, words.to_owned()));
            assert_eq!(failure(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_created_batch_is_read_as_what_it_is() {
        for (body, expected) in [
            (
                r#"{"status":"success","success_count":2,"success_ids":["a","b"]}"#,
                Some((2, "ab")),
            ),
            (
                r#"{"status":"success","success_count":"2","success_ids":null}"#,
                Some((2, "")),
            ),
            (
                r#"{"status":"success","success_count":2.0,"success_ids":["a","b"],"success_ids":["a","b"]}"#,
                Some((2, "ab")),
            ),
            (r#"{"status":"success","success_ids":["a","b"]}"#, Some((2, "ab"))),
            (
                r#"{"status":"SUCCESS","success_count":null,"success_ids":["a"]}"#,
                Some((1, "a")),
            ),
            (
                r#"{"success_count":1,"success_ids":["a"],"msg":null}"#,
                Some((1, "a")),
            ),
            // A list with a hole names no row: which is which is looked up.
            (
                r#"{"status":"success","success_count":2,"success_ids":["a",null]}"#,
                Some((2, "")),
            ),
            (r#"{"status":"success"}"#, Some((0, ""))),
            (r#"{"success_count":2}"#, None),
            (r#"{"status":null}"#, None),
            ("{}", None),
            ("null", None),
        ] {
            let created = read::<BatchCreated>(body).filter(|created| created.status == Status::SUCCESS);
            let seen = created.map(|created| (created.success_count, created.success_ids.concat()));
            let expected = expected.map(|(count, ids): (usize, &str)| (count, ids.to_owned()));
            assert_eq!(seen, expected, "{body}");
        }
    }

    #[test]
    fn a_row_asked_for_by_its_id_is_there_or_not_or_that_is_not_said() {
        for (body, id) in [
            (r#"{"data":{"_id":"a","_id":"b","_w":1}}"#, Some("b")),
            (r#"{"data":{"_id":7},"msg":null}"#, Some("7")),
            (r#"{"data":null}"#, Some("")),
            (r#"{"data":{}}"#, Some("")),
            (r#"{"data":{"_id":null,"_w":1}}"#, None),
            (r#"{"data":[]}"#, None),
            ("{}", None),
            ("null", None),
        ] {
            let row = read::<WholeRow>(body).map(|row| row.data.unwrap_or_default());
            let seen = row.map(|row| super::super::types::text(&row, "_id").to_owned());
            assert_eq!(seen.as_deref(), id, "{body}");
        }
    }

    #[test]
    fn every_row_of_a_page_has_an_id_or_the_page_is_none() {
        for (body, ids) in [
            (r#"{"data":[{"_id":"a"},{"_id":7},{"_id":" b "}]}"#, Some("a 7 b")),
            (r#"{"data":[],"msg":null}"#, Some("")),
            (r#"{"data":[{"_id":"a"},{"_w":1}]}"#, None),
            (r#"{"data":[{"_id":null}]}"#, None),
            (r#"{"data":[{"_id":""}]}"#, None),
            (r#"{"data":[null]}"#, None),
            (r#"{"data":null}"#, None),
            ("{}", None),
        ] {
            let page = success::<Page>(body.as_bytes());
            let seen = page.map(|page| {
                let ids = page.data.iter().map(|row| super::super::types::text(row, "_id"));
                ids.collect::<Vec<_>>().join(" ")
            });
            assert_eq!(seen.as_deref(), ids, "{body}");
        }
    }

    #[test]
    fn a_widget_that_cannot_be_read_costs_itself() {
        let body = "\u{feff}{\"widgets\":[null,{\"label\":\"x\"},{\"name\":\"_a\",\"label\":7,\"type\":null},\
                    {\"name\":\"_s\",\"type\":\"subform\",\"items\":[5,{\"name\":\"_i\",\"widgetDefault\":1}]}]}";
        let widgets = success::<Widgets>(body.as_bytes()).unwrap().widgets;
        let names: Vec<_> = widgets.iter().map(|widget| widget.name.as_str()).collect();
        assert_eq!(names, ["_a", "_s"]);
        assert_eq!((widgets[0].label.as_str(), widgets[0].kind.as_str()), ("7", ""));
        assert_eq!(widgets[1].items[0].name, "_i");
        assert!(widgets[1].items[0].other.contains_key("widgetDefault"));
    }

    #[test]
    fn single_writes_are_read_as_what_they_are() {
        let id = |body| read::<OneRow>(body).map(|row| row.data.id);
        assert_eq!(id(r#"{"data":{"_id":"a","_id":"b"}}"#).as_deref(), Some("b"));
        for none in [
            r#"{"data":null}"#,
            r#"{"data":{"_id":null}}"#,
            "{}",
            r#"{"data":[]}"#,
        ] {
            assert_eq!(id(none), None, "{none}");
        }
        for (body, written) in [
            (r#"{"data":{"_id":"a"},"status":null}"#, true),
            (r#"{"data":null,"status":"Success"}"#, true),
            (r#"{"data":null}"#, false),
            (r#"{"status":"failure"}"#, false),
            ("{}", false),
        ] {
            assert_eq!(read::<Updated>(body).is_some(), written, "{body}");
        }
        let status = |body| read::<Status>(body).map(|status| status.status);
        assert_eq!(
            status(r#"{"status":"failure","status":"Success"}"#).as_deref(),
            Some("success")
        );
        assert_eq!(status(r#"{"status":null}"#), None);
    }
}
