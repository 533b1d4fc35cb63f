//! What of a source decides who is listed: parameters, groups, and the rules about single customers.

use super::Source;
use serde_json::Value;
use std::collections::BTreeMap;

/// The parameter that names customer groups (客户分组).
const GROUP: &str = "group_id";

impl Source {
    /// Sets a parameter of the listing.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.parameters.retain(|(known, _)| known != name);
        self.parameters.push((name.to_owned(), value.to_owned()));
    }

    /// The groups that are listed, one after the other; none is every group.
    #[must_use]
    pub(crate) fn groups(&self) -> Vec<String> {
        let given = self.parameters.iter().filter(|(name, _)| name == GROUP);
        let mut groups: Vec<String> = given
            .flat_map(|(_, value)| value.split(|letter: char| !letter.is_alphanumeric() && letter != '-'))
            .filter(|group| !group.is_empty())
            .map(str::to_owned)
            .collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// How many listings together are everything: one for each group, because OKKI takes one at a time.
    #[must_use]
    pub(crate) fn parts(&self) -> usize {
        self.groups().len().max(1)
    }

    /// Whether parameters that no detail can be compared with decide who is listed.
    #[must_use]
    pub(crate) fn has_other_filters(&self) -> bool {
        let known = [GROUP, "all", "format", "time_type"];
        let mut given = self.parameters.iter();
        given.any(|(name, _)| !known.contains(&name.as_str()))
    }

    /// One of these listings, for people.
    #[must_use]
    pub(crate) fn part_name(&self, part: usize, removed: bool) -> String {
        match (self.groups().into_iter().nth(part), removed) {
            (None, false) => words::tr!("customers"),
            (None, true) => words::tr!("deleted customers"),
            (Some(group), false) => words::tr!("group {group}"),
            (Some(group), true) => words::tr!("deleted customers of group {group}"),
        }
    }

    /// The further parameters of one of these listings.
    #[must_use]
    pub(crate) fn query(&self, part: usize) -> Vec<(String, String)> {
        let others = self.parameters.iter().filter(|(name, _)| name != GROUP);
        let group = self.groups().into_iter().nth(part);
        let group = group.map(|group| (GROUP.to_owned(), group));
        others.cloned().chain(group).collect()
    }

    /// What is followed, for people.
    #[must_use]
    pub(crate) fn describe(&self) -> String {
        let mut parts = vec![words::tr!("lists {}, fetches {}", self.list, self.info)];
        let groups = self.groups();
        if !groups.is_empty() {
            parts.push(words::tr!("group {}", groups.join(words::text!(", then "))));
        }
        let others = self.parameters.iter().filter(|(name, _)| name != GROUP);
        parts.extend(others.map(|(name, value)| format!("{name}={value}")));
        if !self.selection.condition.is_empty() {
            parts.push(words::tr!("with a condition"));
        }
        if self.removals {
            parts.push(words::tr!("deleted customers, too"));
        }
        if let Some((cron, _)) = &self.remedy {
            parts.push(words::tr!("again at {cron}"));
        }
        words::sentences(&parts)
    }

    /// Everything that decides which customers are listed and go on, as one text that changes with any of it.
    #[must_use]
    pub(crate) fn filter(&self) -> String {
        let mut parameters: BTreeMap<_, _> = self.parameters.iter().cloned().collect();
        let groups = self.groups();
        if !groups.is_empty() {
            parameters.insert(GROUP.to_owned(), groups.join(","));
        }
        serde_json::json!({ "list": self.list, "parameters": parameters, "rules": self.rules }).to_string()
    }

    /// A parameter of the listing, unless it is empty.
    #[must_use]
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    }
}

/// Groups as somebody has written them: numbers, several with commas between them. What is none would list nobody.
pub(crate) fn group_list(text: &str) -> Result<(), String> {
    let text = text.trim().trim_start_matches('[').trim_end_matches(']');
    for part in text.split([',', '，']) {
        let part = part.trim().trim_matches(['"', '\'']);
        let mut groups = part.split_whitespace().peekable();
        if groups.peek().is_none() {
            return Err(words::tr!("`{text}` has a comma without a group"));
        }
        let is_number = |group: &str| {
            let digits = group.strip_prefix('-').unwrap_or(group);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if let Some(group) = groups.find(|group| !is_number(group)) {
            return Err(words::tr!("`{group}` is no number of a customer group"));
        }
    }
    Ok(())
}

/// The rules about single customers within a filter.
pub(crate) fn rules_of(filter: &str) -> Value {
    let mut filter: Value = serde_json::from_str(filter).unwrap_or_default();
    filter["rules"].take()
}

/// The parts of a document that `Selection` is made of; nothing when it has none.
pub(super) fn rules(text: &str) -> String {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    let parts = ["condition", "formatResponse"].map(|name| &document[name]);
    let is_empty = |part: &Value| part.is_null() || part.as_array().is_some_and(Vec::is_empty);
    if parts.iter().all(|part| is_empty(part)) {
        return String::new();
    }
    serde_json::json!(parts).to_string()
}
