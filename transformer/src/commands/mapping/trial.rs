//! A mapping on trial, for who sets a pipeline up from the desk: what is wrong with it, what it fills, what it makes of customers.

use super::{compare::compare, try_record::Outcome, words::expression};
use crate::map::{Extras, Mapping, show};
use jiff::Timestamp;
use mapping::{Expression, Record};
use pipeline::{
    form::FormWidget,
    setup::{Trial, TriedCell, TriedCustomer, TriedField, Widget},
};
use serde_json::Value;

/// Values of one path that are told.
const READ: usize = 10;
/// Characters of one of them.
const LONGEST: usize = 500;

/// Everything at once; faults of the document stand in it and are no errors.
pub(crate) fn of(document: &str, extras: Option<&str>, widgets: &[Widget], customers: &[Value]) -> Trial {
    let mapping = match Mapping::load_named(document, "MAPPING", extras, "MAPPING_EXTRAS") {
        Ok(mapping) => mapping,
        Err(problems) => {
            return Trial {
                problems: problems.iter().map(ToString::to_string).collect(),
                ..Trial::default()
            };
        }
    };
    of_mapping(&mapping, widgets, customers)
}

/// The same for a mapping that is in use.
pub(crate) fn of_mapping(mapping: &Mapping, widgets: &[Widget], customers: &[Value]) -> Trial {
    let widgets: Vec<FormWidget> = widgets.iter().map(of_form).collect();
    beside(mapping, &widgets, customers)
}

/// The same with widgets as the loader has read them.
pub(crate) fn beside(mapping: &Mapping, widgets: &[FormWidget], customers: &[Value]) -> Trial {
    let mut trial = Trial {
        warnings: mapping.warnings().iter().map(ToString::to_string).collect(),
        fingerprint: mapping.fingerprint().to_owned(),
        ..Trial::default()
    };
    if !widgets.is_empty() {
        let form = Extras::of_form(widgets);
        let name = words::text!("the form");
        compare(mapping, &form, name, &mut trial.problems, &mut trial.warnings);
    }
    let field = |info: &crate::map::FieldInfo| TriedField {
        widget: info.field.clone(),
        label: info.label.clone(),
        expression: info.expression.clone(),
        words: expression(&info.expression),
    };
    trial.fields = mapping.fields().iter().map(field).collect();
    trial.customers = customers
        .iter()
        .map(|customer| tried(mapping, customer.clone()))
        .collect();
    trial
}

fn tried(mapping: &Mapping, customer: Value) -> TriedCustomer {
    let company_id = match &customer["company_id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => String::new(),
    };
    let outcome = match Outcome::of(mapping, customer, Timestamp::now()) {
        Ok(outcome) => outcome,
        Err(error) => {
            return TriedCustomer {
                company_id,
                filtered: None,
                cells: Vec::new(),
                warnings: vec![format!("{error:#}")],
            };
        }
    };
    let cell = |tried: &crate::map::Tried| match &tried.value {
        Ok(value) => TriedCell {
            read: read(&tried.info.expression, &outcome.record),
            value: show(value).0,
            error: None,
        },
        Err(error) => TriedCell {
            read: read(&tried.info.expression, &outcome.record),
            value: String::new(),
            error: Some(error.reason.clone()),
        },
    };
    TriedCustomer {
        company_id,
        filtered: outcome.dropped.map(str::to_owned),
        cells: outcome.tried.iter().map(cell).collect(),
        warnings: outcome.warnings(),
    }
}

/// What an expression reads of a customer.
fn read(expression: &str, record: &Record) -> Vec<String> {
    let Ok(expression) = Expression::compile(expression) else {
        // Loaded mappings hold compiled expressions only.
        return Vec::new();
    };
    let mut told = Vec::new();
    for path in expression.paths() {
        let values = path.collect(record, None);
        let more = values.len().saturating_sub(READ);
        let values: Vec<String> = values.into_iter().take(READ).map(text).collect();
        let dots = if more > 0 { ", …" } else { "" };
        told.push(format!("{} = {}{dots}", path.as_str(), values.join(", ")));
    }
    told.dedup();
    told
}

fn text(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn of_form(widget: &Widget) -> FormWidget {
    FormWidget {
        name: widget.name.clone(),
        kind: widget.kind.clone(),
        label: widget.label.clone(),
        // A type that cannot be written to says so itself.
        read_only: false,
        items: widget.items.iter().map(of_form).collect(),
    }
}
