//! What OKKI's webhook pushes: events that name customers, sealed as documented or in any plain dress
//! (docs/okki-api.md §10).
//!
//! An event says no more than that a customer is worth a fetch. So everything is read that could name one, and whatever
//! names none is counted and answered like the rest.

use super::{
    decode::{unmarked, whole},
    sealed,
};
use pipeline::webhook::Push;
use serde_json::{Map, Value, json};

/// Events of one push that are read; what is more is counted.
const MOST: usize = 500;
/// Objects within objects.
const DEEPEST: u8 = 8;
/// Where the name of an event may stand; a text counts that looks like one.
const NAMES: [&str; 9] = [
    "biz_type",
    "event",
    "event_type",
    "eventType",
    "type",
    "topic",
    "name",
    "action",
    "subscribe_type",
];
/// What events may be wrapped into.
const WRAPPERS: [&str; 13] = [
    "company", "biz", "biz_data", "data", "payload", "body", "event", "events", "list", "items", "content",
    "message", "params",
];
const TEST: &str = "xiaoman.open.callback.test";

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// This customer was created, changed or deleted, or one of its contacts was.
    Customer(String),
    /// A contact of an unknown customer.
    Contact,
    /// Nothing about customers.
    Other,
}

/// What a push says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Pushed {
    pub events: Vec<Event>,
    /// Events beyond those; the listing shows their customers.
    pub more: usize,
    message_id: Option<Value>,
    /// What the vendor's test wants to see again.
    echo: Option<Value>,
}

/// Why a push says nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is sealed with another secret, or there is none to open it with.
    Sealed,
    /// Neither JSON nor a form.
    Foreign,
}

/// Reads a push; `secret` opens what is sealed.
pub(crate) fn read(push: &Push, secret: Option<&str>) -> Result<Pushed, Unreadable> {
    let mut value = parse(push).ok_or(Unreadable::Foreign)?;
    let mut pushed = Pushed {
        message_id: value.get("message_id").cloned(),
        ..Pushed::default()
    };
    for name in ["data", "encrypt"] {
        let Some(text) = value.get(name).and_then(Value::as_str) else {
            continue;
        };
        if let Some(inner) = nested(text) {
            value[name] = inner;
        } else if looks_sealed(text) {
            let opened = secret.and_then(|secret| sealed::open(text, secret));
            value = opened.as_deref().and_then(nested).ok_or(Unreadable::Sealed)?;
        }
    }
    pushed.collect(&value, named_outside(push).as_deref(), 0);
    if pushed.events.is_empty() && pushed.echo.is_none() {
        pushed.events.push(Event::Other);
    }
    Ok(pushed)
}

impl Pushed {
    /// What the vendor wants to be answered.
    pub(crate) fn reply(&self) -> String {
        let mut data = Map::new();
        data.extend(self.message_id.clone().map(|id| ("message_id".to_owned(), id)));
        data.extend(self.echo.clone().map(|echo| ("data".to_owned(), echo)));
        json!({ "code": 200, "message": "success", "data": data }).to_string()
    }

    fn push(&mut self, event: Event) {
        match self.events.len() {
            0..MOST => self.events.push(event),
            _ => self.more += 1,
        }
    }

    fn count(&self) -> usize {
        self.events.len() + self.more
    }

    fn collect(&mut self, value: &Value, name: Option<&str>, depth: u8) {
        match value {
            // Something, of which nobody looks at what.
            Value::Array(_) | Value::Object(_) if depth > DEEPEST => self.push(Event::Other),
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, name, depth + 1)),
            Value::Object(members) => self.object(members, name, depth),
            Value::String(text) => {
                if let Some(inner) = nested(text) {
                    self.collect(&inner, name, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, members: &Map<String, Value>, outer: Option<&str>, depth: u8) {
        let own = NAMES
            .iter()
            .find_map(|name| members.get(*name)?.as_str().filter(|text| is_name(text)));
        let name = own.or(outer);
        if name == Some(TEST) && members.contains_key("biz_data") {
            self.echo = members.get("biz_data").cloned();
            return;
        }
        let module = name.and_then(|name| name.split('.').nth(2));
        if !matches!(module, None | Some("company" | "customer")) {
            return self.push(Event::Other);
        }
        let before = self.count();
        let ids = ["company_id", "company_ids", "companyId", "companyIds"]
            .iter()
            .filter_map(|name| members.get(*name));
        ids.flat_map(ids_in).for_each(|id| self.push(Event::Customer(id)));
        let names_contact = ["customer_id", "customerId"];
        if self.count() == before && names_contact.iter().any(|name| members.contains_key(*name)) {
            self.push(Event::Contact);
        }
        if self.count() > before {
            return;
        }
        for wrapper in WRAPPERS {
            match members.get(wrapper) {
                // The id alone, where its event has been named.
                Some(inner @ (Value::Number(_) | Value::String(_)))
                    if wrapper == "biz_data" && module == Some("company") && !ids_in(inner).is_empty() =>
                {
                    ids_in(inner)
                        .into_iter()
                        .for_each(|id| self.push(Event::Customer(id)));
                }
                Some(inner) => self.collect(inner, name, depth + 1),
                None => {}
            }
        }
        // Beside the event's name it would be the id of the event.
        if own.is_none() && module == Some("company") && self.count() == before {
            let id = members.get("id").map(ids_in).unwrap_or_default();
            id.into_iter().for_each(|id| self.push(Event::Customer(id)));
        }
        if own.is_some() && self.count() == before {
            self.push(Event::Other);
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with("xiaoman.")
}

/// An event may be named beside the body.
fn named_outside(push: &Push) -> Option<String> {
    let headers = push.headers.values().filter_map(|value| value.to_str().ok());
    let named = headers.map(str::to_owned).find(|text| is_name(text));
    let mut query = url::form_urlencoded::parse(push.query.as_bytes());
    named.or_else(|| query.find_map(|(_, value)| is_name(&value).then(|| value.into_owned())))
}

fn parse(push: &Push) -> Option<Value> {
    if push.body.trim_ascii().is_empty() {
        return Some(form(push.query.as_bytes()));
    }
    if let Ok(value) = serde_json::from_slice(unmarked(&push.body)) {
        return Some(value);
    }
    let text = std::str::from_utf8(&push.body).ok()?;
    let is_form = text.contains('=') && !text.contains(['{', '<', '\n', ' ']);
    is_form.then(|| form(push.body.as_ref()))
}

fn form(text: &[u8]) -> Value {
    let pairs = url::form_urlencoded::parse(text);
    pairs
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect()
}

/// JSON as text within JSON.
fn nested(text: &str) -> Option<Value> {
    let text = text.trim();
    let is_json = text.starts_with(['{', '[']);
    is_json.then(|| serde_json::from_str(text).ok())?
}

/// Longer than any id, and of the letters of base64.
fn looks_sealed(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(&byte);
    text.len() >= 38 && text.bytes().all(is_letter)
}

/// Ids of customers as the listing has them: positive whole numbers.
fn ids_in(value: &Value) -> Vec<String> {
    let id = match value {
        Value::Array(items) => return items.iter().flat_map(ids_in).collect(),
        Value::Number(number) => whole(number).map(|number| number.to_string()),
        Value::String(text) if text.contains(',') => {
            return text
                .split(',')
                .map(Value::from)
                .flat_map(|part| ids_in(&part))
                .collect();
        }
        Value::String(text) => Some(text.trim().to_owned()),
        _ => None,
    };
    let is_id = |id: &String| {
        (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit()) && !id.starts_with('0')
    };
    id.filter(is_id).into_iter().collect()
}

#[cfg(test)]
#[path = "push_tests.rs"]
mod tests;
