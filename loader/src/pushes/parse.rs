//! What a push says, in every shape that it was seen or may be expected in. All of it is a hint and no more.

use serde_json::{Map, Value};

/// Longer ids are none of this vendor's.
const LONGEST_ID: usize = 64;

/// What somebody did to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    Create,
    Update,
    Remove,
    Recover,
}

/// A push, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// About a row of this form.
    Row(Deed, Map<String, Value>),
    /// About a row of another form.
    Foreign,
    /// About something else: the form itself, a workflow, a test of the address.
    Other,
    /// Nothing that the vendor would send.
    Nothing,
}

impl Deed {
    fn read(op: &str) -> Option<Self> {
        match op {
            "data_create" => Some(Self::Create),
            "data_update" => Some(Self::Update),
            "data_remove" | "data_delete" => Some(Self::Remove),
            "data_recover" => Some(Self::Recover),
            _ => None,
        }
    }

    pub(super) const fn letter(self) -> char {
        match self {
            Self::Create => 'c',
            Self::Update => 'u',
            Self::Remove => 'r',
            Self::Recover => 'v',
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Remove => "remove",
            Self::Recover => "recover",
        }
    }
}

/// Reads a body; `form` are the ids of app and form that it has to be about.
pub(super) fn read(body: &[u8], form: (&str, &str)) -> Said {
    let (body, _) = mapping::surrogate::repaired(body);
    let Ok(Value::Object(push)) = serde_json::from_slice::<Value>(&body) else {
        return Said::Nothing;
    };
    let op = text(&push, &["op"]).trim().to_ascii_lowercase();
    let Some(deed) = Deed::read(&op) else {
        return match op.is_empty() {
            true => Said::Nothing,
            false => Said::Other,
        };
    };
    let Some(Value::Object(data)) = push.get("data") else {
        return Said::Nothing;
    };
    let id = |names: &[&str]| {
        let named = text(data, names);
        match named.is_empty() {
            true => text(&push, names),
            false => named,
        }
    };
    // What does not say whose it is has come by an address and with a secret that only this form has.
    let is_ours = |given: &str, ours: &str| given.is_empty() || given == ours;
    let (app, entry) = (id(&["appId", "app_id"]), id(&["entryId", "entry_id"]));
    if !is_ours(app, form.0) || !is_ours(entry, form.1) {
        return Said::Foreign;
    }
    let mut row = data.clone();
    let row_id = text(data, &["_id", "data_id", "dataId"]).to_owned();
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if row_id.is_empty() || row_id.len() > LONGEST_ID || !row_id.chars().all(is_id) {
        return Said::Nothing;
    }
    row.insert("_id".to_owned(), Value::String(row_id));
    for cell in row.values_mut() {
        unwrap(cell);
    }
    Said::Row(deed, row)
}

/// The first of these members that is a text.
fn text<'a>(object: &'a Map<String, Value>, names: &[&str]) -> &'a str {
    let mut found = names.iter().filter_map(|name| object.get(*name)?.as_str());
    found.find(|text| !text.is_empty()).unwrap_or_default()
}

/// Cells are bare when they are read and wrapped when they are written; a push may do either.
fn unwrap(cell: &mut Value) {
    if let Value::Object(object) = cell
        && object.len() == 1
        && let Some(value) = object.get_mut("value")
    {
        *cell = value.take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FORM: (&str, &str) = ("app", "entry");

    fn said(body: &Value) -> Said {
        read(body.to_string().as_bytes(), FORM)
    }

    #[test]
    fn rows_are_read_in_every_dress() {
        for (body, deed) in [
            (
                json!({"op": "data_create", "data": {"_id": "a1", "appId": "app", "entryId": "entry", "_k": "7"}}),
                Deed::Create,
            ),
            (
                json!({"op": "data_update", "app_id": "app", "entry_id": "entry", "data": {"_id": "a1", "_k": {"value": "7"}}}),
                Deed::Update,
            ),
            (
                json!({"op": "data_remove", "opTime": 1, "data": {"data_id": "a1", "_k": "7", "deleter": null}}),
                Deed::Remove,
            ),
            (
                json!({"op": " Data_Recover ", "data": {"_id": "a1", "_k": "7", "app_id": "app"}}),
                Deed::Recover,
            ),
        ] {
            let Said::Row(read, row) = said(&body) else {
                panic!("{body} is {:?}", said(&body));
            };
            assert_eq!((read, &row["_id"], &row["_k"]), (deed, &json!("a1"), &json!("7")));
        }
    }

    #[test]
    fn other_forms_and_other_news_are_told_apart() {
        let of = |app: &str, entry: &str| json!({"op": "data_create", "data": {"_id": "a", "appId": app, "entryId": entry}});
        assert_eq!(said(&of("other", "entry")), Said::Foreign);
        assert_eq!(said(&of("app", "other")), Said::Foreign);
        for op in ["form_update", "data_test", "flow_update", "message"] {
            assert_eq!(said(&json!({"op": op, "data": {}})), Said::Other, "{op}");
        }
    }

    #[test]
    fn nonsense_is_nothing() {
        let long = "a".repeat(65);
        for body in [
            json!({}),
            json!([]),
            json!({"data": {"_id": "a"}}),
            json!({"op": "data_create"}),
            json!({"op": "data_create", "data": []}),
            json!({"op": "data_create", "data": {}}),
            json!({"op": "data_create", "data": {"_id": 7}}),
            json!({"op": "data_create", "data": {"_id": "a\nb"}}),
            json!({"op": "data_create", "data": {"_id": long}}),
        ] {
            assert_eq!(said(&body), Said::Nothing, "{body}");
        }
        assert_eq!(read(b"", FORM), Said::Nothing);
        assert_eq!(read(b"\xff", FORM), Said::Nothing);
    }
}
