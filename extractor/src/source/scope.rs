//! Whether a customer lies within what the listing asks for, by its detail: for those whom no listing has shown.
//!
//! The listing is the judge. A detail only says so of who was asked for without it (by id, or because somebody has lost
//! the customer), for whom nothing else would.

use super::Source;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// Whether the listing would show a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// It would, or nothing filters.
    Yes,
    /// It would not.
    No,
    /// Nothing tells.
    Unknown,
}

/// What a detail says of that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All that is needed.
    Known(Listed),
    /// It is in this group, which may be below one of the filter's.
    Group(String),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Facts {
    group_id: Value,
    user_id: Value,
}

impl Source {
    /// What the detail says of the parameters of the listing; those that no detail shows leave it unknown.
    pub(crate) fn scope(&self, detail: &RawValue) -> Scope {
        let (all, groups) = (self.get("all"), self.groups());
        let sea = all.as_deref().filter(|all| matches!(*all, "0" | "2"));
        let unknown = match self.has_other_filters() {
            true => Listed::Unknown,
            false => Listed::Yes,
        };
        if groups.is_empty() && sea.is_none() {
            return Scope::Known(unknown);
        }
        let facts: Facts = serde_json::from_str(detail.get()).unwrap_or_default();
        let by_sea = match (sea, has_owner(&facts.user_id)) {
            (None, _) => Listed::Yes,
            (Some(_), None) => Listed::Unknown,
            (Some(sea), Some(has_owner)) if (sea == "0") == has_owner => Listed::Yes,
            _ => return Scope::Known(Listed::No),
        };
        let by_group = match text(&facts.group_id) {
            _ if groups.is_empty() => Listed::Yes,
            Some(group) if groups.contains(&group) => Listed::Yes,
            // Below no group of the tree.
            Some(group) if group == "0" => Listed::No,
            Some(group) => return Scope::Group(group),
            None => Listed::Unknown,
        };
        Scope::Known(match (by_group, by_sea, unknown) {
            (Listed::No, ..) => Listed::No,
            (Listed::Yes, Listed::Yes, Listed::Yes) => Listed::Yes,
            _ => Listed::Unknown,
        })
    }
}

/// Who has followers is in the private sea (私海).
fn has_owner(users: &Value) -> Option<bool> {
    match users {
        Value::Array(users) => Some(!users.is_empty()),
        _ => None,
    }
}

fn text(id: &Value) -> Option<String> {
    match id {
        Value::Number(id) => Some(id.to_string()),
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(parameters: &[(&str, &str)], detail: &str) -> Scope {
        let mut source = Source::default();
        for (name, value) in parameters {
            source.set(name, value);
        }
        source.scope(&serde_json::from_str::<Box<RawValue>>(detail).unwrap())
    }

    #[test]
    fn a_detail_shows_another_group_or_the_other_sea() {
        let (yes, no) = (Scope::Known(Listed::Yes), Scope::Known(Listed::No));
        let group = [("group_id", "17,18")];
        assert_eq!(scope(&group, r#"{"group_id": 18}"#), yes);
        assert_eq!(scope(&group, r#"{"group_id": "17"}"#), yes);
        assert_eq!(scope(&group, r#"{"group_id": 9}"#), Scope::Group("9".to_owned()));
        assert_eq!(scope(&group, r#"{"group_id": 0}"#), no);
        assert_eq!(scope(&[], r#"{"group_id": 9}"#), yes);
        let private = [("all", "0")];
        assert_eq!(scope(&private, r#"{"user_id": []}"#), no);
        assert_eq!(scope(&private, r#"{"user_id": ["5"]}"#), yes);
        assert_eq!(scope(&[("all", "2")], r#"{"user_id": ["5"]}"#), no);
        let both = [("all", "0"), ("group_id", "17")];
        assert_eq!(scope(&both, r#"{"user_id": [], "group_id": 9}"#), no);
    }

    #[test]
    fn what_a_detail_does_not_say_is_unknown() {
        for detail in [
            "{}",
            r#"{"group_id": null, "user_id": ""}"#,
            r#"{"group_id": "", "user_id": ["5"]}"#,
        ] {
            let said = scope(&[("group_id", "17"), ("all", "0")], detail);
            assert_eq!(said, Scope::Known(Listed::Unknown), "{detail}");
        }
        let other = scope(&[("archive_type", "1")], r#"{"group_id": 9}"#);
        assert_eq!(other, Scope::Known(Listed::Unknown));
        assert_eq!(scope(&[("format", "1")], "{}"), Scope::Known(Listed::Yes));
    }
}
