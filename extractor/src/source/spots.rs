//! Where things stand in a source document, so that each fault of it has line, column and caption.

use mapping::{Places, Problem};
use pipeline::setting::ConfigError;
use serde_json::Value;

/// A document's text with the places in it.
pub(super) struct Spots<'t> {
    name: &'t str,
    json: Value,
    places: Option<Places<'t>>,
}

/// What a sentence is about.
#[derive(Clone, Copy)]
pub(super) enum About<'a> {
    /// A value by its keys, entries of lists by their numbers.
    Path(&'a [&'a str]),
    /// A parameter of the listing.
    Parameter(&'a str),
    /// A parameter of the remedy run, or else of the listing.
    TakenOver(&'a str),
}

/// The lists of parameters.
const REQUEST: &[&str] = &["request"];
const OTHER: &[&str] = &["otherRequest"];
const TAKEN_OVER: &[&str] = &["omissionRemedy", "takeOverRequest"];

impl<'t> Spots<'t> {
    pub(super) fn new(text: &'t str, name: &'t str) -> Self {
        Self {
            name,
            json: serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_default(),
            places: Places::read(text, name).ok(),
        }
    }

    pub(super) fn json(&self) -> &Value {
        &self.json
    }

    /// A fault with its place and what to do.
    pub(super) fn fault(&self, about: About<'_>, problem: &str, remedy: &str) -> ConfigError {
        let problem = self.problem(about, words::said(problem));
        ConfigError::message(problem.remedy(words::said(remedy)).to_string())
    }

    /// Something to know, with its place.
    pub(super) fn remark(&self, about: About<'_>, message: &str) -> String {
        self.problem(about, words::said(message)).to_string()
    }

    fn problem(&self, about: About<'_>, message: &str) -> Problem {
        let found = match about {
            About::Path(path) => Some(path.iter().map(|key| (*key).to_owned()).collect()),
            About::Parameter(field) => self.find(&[REQUEST, OTHER, TAKEN_OVER], field),
            About::TakenOver(field) => self.find(&[TAKEN_OVER, REQUEST, OTHER], field),
        };
        let mut problem = Problem::new(self.name, message);
        let Some(path) = found else { return problem };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        problem.place = self.places.as_ref().map(|places| places.of(&path));
        let label = match about {
            About::Path(_) => None,
            About::Parameter(field) | About::TakenOver(field) => Some(self.label(&path, field)),
        };
        problem.label = label;
        problem
    }

    /// The path of a parameter, whichever way its list is written.
    fn find(&self, lists: &[&[&str]], field: &str) -> Option<Vec<String>> {
        lists.iter().find_map(|list| {
            let found = match self.value(list) {
                Value::Array(entries) => entries
                    .iter()
                    .rposition(|entry| entry["field"] == field)
                    .map(|at| at.to_string()),
                Value::Object(members) => members.contains_key(field).then(|| field.to_owned()),
                _ => None,
            };
            let path = list.iter().map(|key| (*key).to_owned());
            found.map(|last| path.chain([last]).collect())
        })
    }

    fn label(&self, path: &[&str], field: &str) -> String {
        let label = self.value(path)["label"].as_str();
        label
            .filter(|label| !label.is_empty())
            .unwrap_or(field)
            .to_owned()
    }

    fn value(&self, path: &[&str]) -> &Value {
        path.iter().fold(&self.json, |value, key| match value {
            Value::Array(entries) => key
                .parse()
                .ok()
                .and_then(|at: usize| entries.get(at))
                .unwrap_or(&Value::Null),
            other => &other[*key],
        })
    }
}
