//! The bodies of our requests, as the vendor documents them (docs/jiandaoyun-api.md §2).
//!
//! Rows travel as raw values: what is sent is byte for byte what the ledger has stored.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A row as it was encoded and stored.
#[derive(Clone, Copy)]
pub(super) struct Row<'a>(pub(super) &'a str);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// Any body: the form, and what the call is about.
#[derive(Serialize)]
pub(super) struct Body<'a, T> {
    pub(super) app_id: &'a str,
    pub(super) entry_id: &'a str,
    #[serde(flatten)]
    pub(super) call: T,
}

/// `batch_create`.
#[derive(Serialize)]
pub(super) struct BatchCreate<'a> {
    pub(super) transaction_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_creator: Option<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) is_start_workflow: bool,
    pub(super) data_list: Vec<Row<'a>>,
}

/// The create call of a mapping document.
#[derive(Serialize)]
pub(super) struct SingleCreate<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_creator: Option<&'a str>,
    pub(super) is_start_workflow: bool,
    pub(super) is_start_trigger: bool,
    pub(super) data: Row<'a>,
}

/// `update`.
#[derive(Serialize)]
pub(super) struct Update<'a> {
    pub(super) data_id: &'a str,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) is_start_trigger: bool,
    pub(super) data: Row<'a>,
}

/// `delete`.
#[derive(Serialize)]
pub(super) struct Delete<'a> {
    pub(super) data_id: &'a str,
}

/// `list`.
#[derive(Serialize)]
pub(super) struct List<'a> {
    pub(super) limit: usize,
    /// The last row that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) filter: Option<&'a Filter<'a>>,
}

/// Which rows `list` shows.
#[derive(Serialize)]
pub(crate) struct Filter<'a> {
    rel: &'static str,
    cond: [Condition<'a>; 1],
}

#[derive(Serialize)]
struct Condition<'a> {
    field: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    method: &'static str,
    value: &'a [&'a str],
}

impl<'a> Filter<'a> {
    /// Rows of which this text widget holds one of the values.
    pub(super) fn text_in(widget: &'a str, values: &'a [&'a str]) -> Self {
        let condition = Condition {
            field: widget,
            kind: "text",
            method: "in",
            value: values,
        };
        Self {
            rel: "and",
            cond: [condition],
        }
    }

    /// Rows of which this text widget is empty.
    pub(super) fn text_empty(widget: &'a str) -> Self {
        let condition = Condition {
            field: widget,
            kind: "text",
            method: "empty",
            value: &[],
        };
        Self {
            rel: "and",
            cond: [condition],
        }
    }
}

/// `data/get`.
#[derive(Serialize)]
pub(super) struct Get<'a> {
    pub(super) data_id: &'a str,
}

/// A call that needs nothing but the form.
#[derive(Serialize)]
pub(super) struct Nothing {}

fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(call: impl Serialize) -> String {
        let body = Body {
            app_id: "a\"p",
            entry_id: "e",
            call,
        };
        serde_json::to_string(&body).unwrap()
    }

    #[test]
    fn bodies_are_what_the_vendor_documents_and_rows_keep_their_bytes() {
        let first = r#"{"_w":{"value":100.50},"_k":{"value":"客 \u00e9"}}"#;
        let create = |data_creator, is_start_workflow| BatchCreate {
            transaction_id: "t",
            data_creator,
            is_start_workflow,
            data_list: vec![Row(first), Row("{}")],
        };
        assert_eq!(
            written(create(None, false)),
            format!(r#"{{"app_id":"a\"p","entry_id":"e","transaction_id":"t","data_list":[{first},{{}}]}}"#)
        );
        assert_eq!(
            written(create(Some("xj"), true)),
            format!(
                r#"{{"app_id":"a\"p","entry_id":"e","transaction_id":"t","data_creator":"xj","is_start_workflow":true,"data_list":[{first},{{}}]}}"#
            )
        );
        let single = SingleCreate {
            data_creator: None,
            is_start_workflow: false,
            is_start_trigger: true,
            data: Row(first),
        };
        assert_eq!(
            written(single),
            format!(
                r#"{{"app_id":"a\"p","entry_id":"e","is_start_workflow":false,"is_start_trigger":true,"data":{first}}}"#
            )
        );
        let update = Update {
            data_id: "1",
            is_start_trigger: false,
            data: Row(first),
        };
        assert_eq!(
            written(update),
            format!(r#"{{"app_id":"a\"p","entry_id":"e","data_id":"1","data":{first}}}"#)
        );
        assert_eq!(
            written(Delete { data_id: "1" }),
            r#"{"app_id":"a\"p","entry_id":"e","data_id":"1"}"#
        );
        assert_eq!(written(Nothing {}), r#"{"app_id":"a\"p","entry_id":"e"}"#);
    }

    #[test]
    fn a_filter_names_the_key_widget_and_the_values() {
        let filter = Filter::text_in("_k", &["1", "2"]);
        let list = List {
            limit: 100,
            data_id: Some("9"),
            filter: Some(&filter),
        };
        assert_eq!(
            written(list),
            r#"{"app_id":"a\"p","entry_id":"e","limit":100,"data_id":"9","filter":{"rel":"and","cond":[{"field":"_k","type":"text","method":"in","value":["1","2"]}]}}"#
        );
    }

    #[test]
    fn a_row_that_is_not_json_makes_no_body() {
        let call = BatchCreate {
            transaction_id: "t",
            data_creator: None,
            is_start_workflow: false,
            data_list: vec![Row("{}"), Row("{},{}")],
        };
        assert!(serde_json::to_string(&call).is_err());
    }
}
