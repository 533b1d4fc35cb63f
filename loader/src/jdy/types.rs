//! What a call to the vendor can end in, and the answers that are read.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::codes::{self, Class};
use super::decode::Object;

/// The end of a call. Only `Ok` and `Refused` say what the vendor did.
#[derive(Debug)]
pub(crate) enum Reply<T> {
    /// Done, with this answer.
    Ok(T),
    /// Definitely not done.
    Refused(Refusal),
    /// Sent, but what became of it is not known: time-out, lost connection, 5xx, an answer that cannot be read.
    Unknown(String),
    /// Definitely never sent.
    Unsent(Unsent),
}

impl<T> Reply<T> {
    /// The same without a secret that the vendor's words show.
    pub(crate) fn without(mut self, secret: &str) -> Self {
        if let Self::Refused(Refusal { message, .. }) = &mut self
            && !secret.is_empty()
            && message.contains(secret)
        {
            *message = message.replace(secret, "***");
        }
        self
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Reply<U> {
        match self {
            Self::Ok(answer) => Reply::Ok(change(answer)),
            Self::Refused(refusal) => Reply::Refused(refusal),
            Self::Unknown(reason) => Reply::Unknown(reason),
            Self::Unsent(reason) => Reply::Unsent(reason),
        }
    }
}

/// Why nothing was sent.
#[derive(Debug)]
pub(crate) enum Unsent {
    /// No connection to the vendor.
    Connect(String),
    /// The batch may not be ours any more.
    Lease,
    /// The shared quota could not be asked.
    Quota(String),
}

/// A definite refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The vendor's code, 0 when the HTTP status alone said it.
    pub(crate) code: u32,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The vendor's words, shortened.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) class: Class,
    /// How often in a row the request got it.
    pub(crate) times: u32,
}

impl Refusal {
    /// A row that is no JSON is refused by us, as the vendor would refuse it, under a label that no vendor has.
    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        Self {
            code: 0,
            status: 0,
            message: words::tr!("a row is not JSON: {error}"),
            class: Class::Row,
            times: 1,
        }
    }

    /// Success is said, and the row is not there.
    pub(crate) fn not_stored() -> Self {
        Self {
            code: 0,
            status: 200,
            message: words::tr!("answers success but does not store this row"),
            class: Class::Row,
            times: 1,
        }
    }

    /// No answer at all, or one that says nothing: what became of the request is not known.
    pub(crate) fn unanswered(reason: &str) -> Self {
        let status = reason.strip_prefix("http ").and_then(|rest| rest.get(..3));
        Self {
            code: 0,
            status: status.and_then(|status| status.parse().ok()).unwrap_or(0),
            message: reason.to_owned(),
            class: Class::Retry,
            times: 1,
        }
    }

    /// Whether the vendor has said something, and not only a gateway before it, or nobody.
    pub(crate) fn is_answer(&self) -> bool {
        self.class != Class::Retry || self.code != 0 || matches!(self.status, 429 | 579)
    }

    /// Whether the vendor only wants it later, as it says to anybody.
    pub(crate) fn asks_to_wait(&self) -> bool {
        self.class == Class::Retry && self.is_answer()
    }

    /// What the vendor would say of a row that a look-up does not find.
    pub(crate) fn not_in_the_form() -> Self {
        Self {
            code: codes::RECORD_GONE,
            status: 0,
            message: words::tr!("the form holds no row with this key"),
            class: Class::Row,
            times: 1,
        }
    }

    /// The code for people and dead letters: the vendor's, or the status.
    pub(crate) fn label(&self) -> String {
        match self.code {
            0 if self.status == 0 && self.class == Class::Retry => "no-answer".to_owned(),
            0 if self.status == 0 => "not-json".to_owned(),
            0 => format!("http-{}", self.status),
            code => code.to_string(),
        }
    }

    /// One line for logs and the status page.
    pub(crate) fn describe(&self) -> String {
        match self.code {
            0 => format!("{} {}", self.label(), self.message),
            code => format!("{code} {} ({})", self.message, codes::meaning(code)),
        }
    }
}

/// Answer of `batch_create`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Object")]
pub(crate) struct BatchCreated {
    /// `success` when it is one.
    pub(crate) status: String,
    /// Rows that exist under this transaction id now.
    pub(crate) success_count: usize,
    /// Ids created by this very request, so fewer or none on a resend.
    pub(crate) success_ids: Vec<String>,
}

impl BatchCreated {
    /// Whether the answer names exactly one row for each that was sent: nothing about it is odd but, perhaps, the order.
    pub(crate) fn names_each(&self, rows: usize) -> bool {
        let different: HashSet<&String> = self.success_ids.iter().filter(|id| !id.is_empty()).collect();
        self.success_count == rows && self.success_ids.len() == rows && different.len() == rows
    }
}

/// Answer of a call that returns the row.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Object")]
pub(crate) struct OneRow {
    pub(crate) data: RowId,
}

/// The part of a returned row that matters after a write.
#[derive(Debug, Clone)]
pub(crate) struct RowId {
    pub(crate) id: String,
    /// The row as the answer shows it.
    pub(crate) cells: Map<String, Value>,
}

/// Answer of an update: done.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Object")]
pub(crate) struct Updated {
    /// The row that was written, if the answer shows it.
    pub(crate) row: Option<RowId>,
}

/// Answer of `data/get`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Object")]
pub(crate) struct WholeRow {
    /// Nothing when there is no such row, if the vendor does not refuse then.
    pub(crate) data: Option<Map<String, Value>>,
}

/// Answer of a call that only says that it worked.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Object")]
pub(crate) struct Status {
    /// `success` when it did.
    pub(crate) status: String,
}

impl Status {
    /// What a status says that is a success.
    pub(crate) const SUCCESS: &str = "success";
}

/// Answer of `data/list`: whole rows.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Object")]
pub(crate) struct Page {
    /// Ascending by id; each has one, as a text.
    pub(crate) data: Vec<Map<String, Value>>,
}

/// Answer of `widget/list`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Object")]
pub(crate) struct Widgets {
    /// The form's widgets.
    pub(crate) widgets: Vec<Widget>,
}

/// A widget as the form describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Object")]
pub(crate) struct Widget {
    /// The alias when one is set, else the widget id; what writes and reads use.
    pub(crate) name: String,
    /// Caption.
    pub(crate) label: String,
    /// Kind, such as `text`.
    pub(crate) kind: String,
    /// Widgets of a subform's rows.
    pub(crate) items: Vec<Widget>,
    /// Whatever else is said of it; nothing of it is documented.
    pub(crate) other: Map<String, Value>,
}

/// Text member of a row, `""` when it has none.
pub(crate) fn text<'a>(row: &'a Map<String, Value>, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The order of row ids, which all have one length, or are numbers.
pub(crate) fn rank(id: &str) -> (usize, &str) {
    (id.len(), id)
}

/// When the row was last written, unix ms by the vendor's clock; 0 when it does not say.
pub(crate) fn written_at_ms(row: &Map<String, Value>) -> i64 {
    ["updateTime", "createTime"]
        .iter()
        .find_map(|name| text(row, name).parse::<jiff::Timestamp>().ok())
        .map_or(0, jiff::Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_back_is_not_told() {
        let refusal = Refusal {
            message: "unknown key s3cr3t".to_owned(),
            ..Refusal::not_in_the_form()
        };
        let Reply::Refused(told) = Reply::<()>::Refused(refusal).without("s3cr3t") else {
            panic!("still a refusal");
        };
        assert_eq!(told.message, "unknown key ***");
    }
}
