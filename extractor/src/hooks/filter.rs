//! Would the listing show this customer? An event comes for every customer of the account, also for those that the
//! listing's parameters leave out, and their rows must not be made by it.

use crate::source::Source;
use serde_json::Value;

/// What a detail says of the listing's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// It is listed.
    Yes,
    /// It is not.
    No,
    /// The detail does not tell.
    Unknown,
}

/// What the detail tells; it is read only if some parameter filters.
pub(crate) fn listed(source: &Source, detail: &str) -> Listed {
    let filters = source
        .parameters
        .iter()
        .filter(|(name, value)| is_filter(name, value));
    let filters: Vec<_> = filters.collect();
    if filters.is_empty() {
        return Listed::Yes;
    }
    let detail: Value = serde_json::from_str(detail).unwrap_or_default();
    let each = filters.iter().map(|(name, value)| one(name, value, &detail));
    each.fold(Listed::Yes, |all, one| match (all, one) {
        (Listed::No, _) | (_, Listed::No) => Listed::No,
        (Listed::Unknown, _) | (_, Listed::Unknown) => Listed::Unknown,
        _ => Listed::Yes,
    })
}

fn is_filter(name: &str, value: &str) -> bool {
    !value.is_empty() && name != "format" && !(name == "all" && value == "1")
}

fn one(name: &str, wanted: &str, detail: &Value) -> Listed {
    let owners = detail["user_id"].as_array().map(Vec::len);
    match (name, wanted, owners) {
        // A group below the wanted one may be listed with it.
        ("group_id", wanted, _) if is(&detail["group_id"], wanted) => Listed::Yes,
        ("all", "0", Some(0)) | ("all", "2", Some(1..)) => Listed::No,
        ("all", "0" | "2", Some(_)) => Listed::Yes,
        _ => Listed::Unknown,
    }
}

fn is(value: &Value, wanted: &str) -> bool {
    value.as_str() == Some(wanted) || value.as_i64().is_some_and(|number| number.to_string() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(parameters: &[(&str, &str)], detail: &str) -> Listed {
        let mut source = Source::load(None).unwrap();
        for (name, value) in parameters {
            source.set(name, value);
        }
        listed(&source, detail)
    }

    #[test]
    fn a_customer_outside_of_the_listing_is_known_as_far_as_its_detail_tells() {
        let (private, public) = (
            r#"{"group_id":7,"user_id":["1"]}"#,
            r#"{"group_id":"8","user_id":[]}"#,
        );
        assert_eq!(with(&[], "unread"), Listed::Yes);
        assert_eq!(with(&[("format", "1"), ("group_id", "")], "unread"), Listed::Yes);
        assert_eq!(with(&[("group_id", "7")], private), Listed::Yes);
        assert_eq!(with(&[("group_id", "8")], public), Listed::Yes);
        assert_eq!(with(&[("group_id", "9")], private), Listed::Unknown);
        assert_eq!(
            (with(&[("all", "0")], private), with(&[("all", "0")], public)),
            (Listed::Yes, Listed::No)
        );
        assert_eq!(
            (with(&[("all", "2")], private), with(&[("all", "2")], public)),
            (Listed::No, Listed::Yes)
        );
        assert_eq!(with(&[("all", "0"), ("group_id", "9")], public), Listed::No);
        assert_eq!(with(&[("archive_type", "1")], private), Listed::Unknown);
        assert_eq!(with(&[("all", "0")], "{}"), Listed::Unknown);
    }
}
