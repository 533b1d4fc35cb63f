//! Words for expressions and settings.

use mapping::{Expression, Tested};

use crate::map::Mapping;

/// What the document writes to.
pub(super) fn destination(mapping: &Mapping) -> String {
    let other = mapping.other_request();
    match (other.app_id(), other.entry_id()) {
        (Some(app), Some(entry)) => {
            words::tr!("{} fields of form {entry} in app {app}", mapping.fields().len())
        }
        _ => words::tr!("{} fields", mapping.fields().len()),
    }
}

/// An expression as lines.
pub(super) fn expression(text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec![words::text!("built from its parts").to_owned()];
    }
    match Expression::compile(text) {
        Ok(expression) => expression.explain(),
        // Loaded mappings hold compiled expressions only.
        Err(_) => vec![text.to_owned()],
    }
}

/// A test of a condition.
pub(super) fn test(test: &Tested<'_>) -> String {
    match test.is_strict {
        true => words::tr!("{} (for every entry)", test.text),
        false => test.text.to_owned(),
    }
}

/// What stands between tests that must all hold.
pub(super) fn and() -> &'static str {
    words::text!(" and ")
}

/// Which customers go on.
pub(super) fn kept(tests: &str) -> String {
    words::tr!("\nOnly customers are sent for which {tests}.")
}

/// Which customers go on, too.
pub(super) fn or_kept(tests: &str) -> String {
    words::tr!("\nSo are those for which {tests}.")
}

pub(super) fn system(name: &str, value: &str) -> String {
    match (name, value) {
        ("is_start_workflow", "true" | "1") => words::text!("Writing starts the form's workflow.").to_owned(),
        ("is_start_workflow", _) => words::text!("Writing does not start the form's workflow.").to_owned(),
        ("is_start_trigger", "true" | "1") => {
            words::text!("Writing starts the form's automations.").to_owned()
        }
        ("is_start_trigger", _) => words::text!("Writing does not start the form's automations.").to_owned(),
        ("transaction_id", value) => words::tr!("transaction_id {value} is replaced by one id per batch."),
        ("app_id" | "appId", value) => words::tr!("App {value}."),
        ("entry_id" | "entryId", value) => words::tr!("Form {value}."),
        (name, value) => format!("{name} = {value}"),
    }
}
