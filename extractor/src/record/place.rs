//! Which rule a value is under: what its member is called, what surrounds it, and what an operator wants to keep.

use super::{
    fields::{self, Rule},
    json::Node,
    text,
};
use std::collections::BTreeSet;

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// A page of the listing, or a customer.
    Customers,
    /// The account's choices and fields.
    Settings,
}

/// What surrounds a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) about: About,
    pub(super) rule: Rule,
}

/// What an object says about its own members.
#[derive(Debug, Default)]
pub(super) struct Frame {
    /// The rule of `value`, in an entry that describes a field.
    value: Option<Rule>,
    /// Members that the account's settings name.
    has_settings: bool,
    /// An entry of the dictionary that lists people.
    has_people: bool,
}

/// Names of fields that an operator wants to keep.
#[derive(Debug)]
pub(super) struct Keep(BTreeSet<String>);

impl Keep {
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    pub(super) fn rule(&self, frame: &Frame, place: Place, key: &str) -> Rule {
        let of_key = fields::by_key(key);
        match (key, place.rule) {
            (_, Rule::Kept) => Rule::Kept,
            _ if self.0.contains(key) => Rule::Kept,
            ("value", _) if frame.value.is_some() => frame.value.unwrap_or(Rule::Unknown),
            _ if place.about == About::Settings => rule_of_setting(frame, place, key, of_key),
            ("id" | "name" | "group_name", _) if frame.has_settings => Rule::Setting,
            ("0" | "tel_area_code" | "area_code", Rule::Phone) => Rule::Area,
            (_, Rule::Phone) => Rule::Phone,
            ("value", Rule::Person) => Rule::Person,
            _ => of_key,
        }
    }

    pub(super) fn frame(&self, members: &[(&[u8], Node<'_>)], place: Place) -> Frame {
        let find = |wanted: &str| {
            members
                .iter()
                .rev()
                .find(|(key, _)| *key == wanted.as_bytes())
                .map(|(_, node)| node)
        };
        let read = |wanted| match find(wanted) {
            Some(Node::Text(inner)) => text::meaning(&text::units(inner)).trim().to_owned(),
            Some(Node::Number(number)) => String::from_utf8_lossy(number).into_owned(),
            _ => String::new(),
        };
        let (id, caption, field_type) = (read("id"), read("name"), read("field_type"));
        if place.about == About::Settings {
            return Frame {
                has_people: fields::lists_people(&caption) && !field_type.is_empty(),
                ..Frame::default()
            };
        }
        let is_field = find("field_type").is_some() || (find("id").is_some() && find("name").is_some());
        let is_entry = is_field && find("value").is_some();
        let is_kept = [id.as_str(), &caption, &format!("{}{caption}", read("group_name"))]
            .iter()
            .any(|name| self.0.contains(*name));
        Frame {
            value: is_entry.then(|| match is_kept {
                true => Rule::Kept,
                false => fields::by_entry(&id, &caption, &field_type),
            }),
            has_settings: is_entry || matches!(find("fields"), Some(Node::Array(_) | Node::Object(_))),
            has_people: false,
        }
    }
}

/// The account's settings are kept, except for the people in them.
fn rule_of_setting(frame: &Frame, place: Place, key: &str, of_key: Rule) -> Rule {
    let is_caption = matches!(key, "id" | "name" | "group_name");
    match of_key {
        Rule::Code | Rule::Message | Rule::Time => of_key,
        _ if place.rule == Rule::Person => Rule::Person,
        _ if frame.has_people && !is_caption => Rule::Person,
        Rule::Person if !is_caption && !key.ends_with("_name") => Rule::Person,
        Rule::Phone | Rule::Birth | Rule::Area => of_key,
        _ => Rule::Setting,
    }
}

impl Place {
    pub(super) const fn top(about: About) -> Self {
        let rule = match about {
            About::Customers => Rule::Unknown,
            About::Settings => Rule::Setting,
        };
        Self { about, rule }
    }

    pub(super) const fn member(self, rule: Rule) -> Self {
        Self { rule, ..self }
    }

    /// Items are what their list is; but of an area and a number the first one is the area.
    pub(super) fn item(self, n: usize, list: &[Node<'_>]) -> Self {
        let is_scalar = |node: &Node<'_>| matches!(node, Node::Text(_) | Node::Number(_));
        let is_area = self.rule == Rule::Phone && n == 0 && list.len() == 2 && list.iter().all(is_scalar);
        Self {
            rule: if is_area { Rule::Area } else { self.rule },
            ..self
        }
    }
}
