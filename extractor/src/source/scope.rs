//! Whether a customer lies within what the listing asks for, by its detail: for those whom no listing has shown.
//!
//! The listing is the judge. A detail only says so of who was asked for without it (by id, or because somebody has lost
//! the customer), for whom nothing else would.

use super::Source;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// What a detail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Within the filter, or nothing says otherwise.
    Within,
    /// Outside of it.
    Outside,
    /// It is in this group, which may be below one of the filter's.
    Group(String),
}

#[derive(Deserialize)]
struct Facts {
    #[serde(default)]
    group_id: Value,
    #[serde(default)]
    user_id: Value,
}

impl Source {
    /// What the detail says of the parameters `all` and `group_id`.
    pub(crate) fn scope(&self, detail: &RawValue) -> Scope {
        let (all, groups) = (self.get("all"), self.groups());
        if groups.is_empty() && !matches!(all.as_deref(), Some("0" | "2")) {
            return Scope::Within;
        }
        let Ok(facts) = serde_json::from_str::<Facts>(detail.get()) else {
            return Scope::Within;
        };
        if let (Some(all), Some(has_owner)) = (all, has_owner(&facts.user_id))
            && ((all == "0" && !has_owner) || (all == "2" && has_owner))
        {
            return Scope::Outside;
        }
        match text(&facts.group_id) {
            Some(group) if groups.is_empty() || groups.contains(&group) => Scope::Within,
            // Below no group of the tree.
            Some(group) if group == "0" => Scope::Outside,
            Some(group) => Scope::Group(group),
            None => Scope::Within,
        }
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
        let group = [("group_id", "17,18")];
        assert_eq!(scope(&group, r#"{"group_id": 18}"#), Scope::Within);
        assert_eq!(scope(&group, r#"{"group_id": "17"}"#), Scope::Within);
        assert_eq!(scope(&group, r#"{"group_id": 9}"#), Scope::Group("9".to_owned()));
        assert_eq!(scope(&group, r#"{"group_id": 0}"#), Scope::Outside);
        assert_eq!(scope(&[], r#"{"group_id": 9}"#), Scope::Within);
        let private = [("all", "0")];
        assert_eq!(scope(&private, r#"{"user_id": []}"#), Scope::Outside);
        assert_eq!(scope(&private, r#"{"user_id": ["5"]}"#), Scope::Within);
        assert_eq!(scope(&[("all", "2")], r#"{"user_id": ["5"]}"#), Scope::Outside);
    }

    #[test]
    fn what_a_detail_does_not_say_excludes_nobody() {
        for detail in [
            "{}",
            r#"{"group_id": null, "user_id": ""}"#,
            r#"{"group_id": ""}"#,
        ] {
            assert_eq!(
                scope(&[("group_id", "17"), ("all", "0")], detail),
                Scope::Within,
                "{detail}"
            );
        }
    }
}
