//! What a document makes of customers, for who looks at a draft: the same expressions, without types that only the form
//! knows.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Widget;
use super::cell::Target;
use crate::clean::clean;
use crate::{
    Context, Evaluated, Evaluation, Parameter, ParameterType, Problem, Taken, TargetDocument, Zone,
    unix_millis,
};

/// One cell of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// The widget's name.
    pub field: String,
    /// Caption in the document.
    pub label: String,
    /// The value as text, empty for an empty cell, or why there is none; such a customer would be a dead letter.
    pub value: Result<String, String>,
}

/// The cells of each customer (detail answers, `data` only), in the document's order. Tables of look-ups are not at hand, so
/// that a cell that needs one says so.
///
/// # Errors
/// All problems of the document.
pub fn preview(
    document: &str,
    widgets: &[Widget],
    customers: &[Value],
    now: Timestamp,
) -> Result<Vec<Vec<Shown>>, Vec<Problem>> {
    let document = TargetDocument::parse(document, "mapping")?.document;
    let context = Context::at(now);
    let of = |customer: &Value| {
        let sent = document
            .request
            .iter()
            .filter(|one| one.value.is_some() || !one.children.is_empty());
        match clean(customer.clone()) {
            Ok(record) => {
                let on = Evaluation::new(&record, &context);
                sent.map(|parameter| shown(parameter, value(parameter, widgets, &on)))
                    .collect()
            }
            Err(error) => sent
                .map(|parameter| shown(parameter, Err(error.to_string())))
                .collect(),
        }
    };
    Ok(customers.iter().map(of).collect())
}

fn shown(parameter: &Parameter, value: Result<String, String>) -> Shown {
    Shown {
        field: parameter.field.clone(),
        label: parameter.label.clone(),
        value,
    }
}

fn value(parameter: &Parameter, widgets: &[Widget], on: &Evaluation<'_>) -> Result<String, String> {
    if !parameter.children.is_empty() {
        let rows = parameter
            .array
            .as_ref()
            .and_then(|array| array.find(on.record(), None).value());
        let rows = rows.and_then(Value::as_array).map_or(0, Vec::len);
        return Ok(match parameter.kind {
            ParameterType::Array => words::tr!("{rows} rows"),
            _ => words::text!("built from its parts").to_owned(),
        });
    }
    let Some(expression) = &parameter.value else {
        return Ok(String::new());
    };
    let mut evaluated = expression.evaluate(on).map_err(|error| error.message)?;
    if evaluated.is_empty() {
        match (&parameter.default, parameter.required) {
            (Some(default), _) => evaluated = default.evaluate(on).map_err(|error| error.message)?,
            (None, true) => {
                return Err(words::text!("the field is required, but its value is empty").to_owned());
            }
            (None, false) => return Ok(String::new()),
        }
    }
    let json = match evaluated {
        Evaluated::Json(json) => json.into_owned(),
        Evaluated::Text(text) => Value::String(text.into_owned()),
    };
    let formatted = match &parameter.format {
        Some(format) => format.apply(&json, on.context()),
        None => json,
    };
    let converter = parameter.converter.for_form(Taken::Value);
    let text = text_of(&converter.apply(formatted, &parameter.field)?);
    judged(parameter, widgets, text)
}

/// A list as people read it.
fn text_of(value: &Value) -> String {
    match value {
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            items.join("、")
        }
        other => crate::record::text_of(other).into_owned(),
    }
}

/// A text that its widget would not take is an error there, too.
fn judged(parameter: &Parameter, widgets: &[Widget], text: String) -> Result<String, String> {
    let widget = widgets.iter().find(|widget| widget.name == parameter.field);
    let target = match (widget, parameter.kind) {
        (Some(widget), _) => Target::of(&widget.kind),
        (None, ParameterType::Int | ParameterType::Float) => Some(Target::Number),
        (None, ParameterType::Date | ParameterType::DateTime) => Some(Target::Date),
        (None, _) => None,
    };
    match target {
        Some(Target::Number) if text.trim().parse::<f64>().is_err() => {
            Err(words::text!("the value is not a number").to_owned())
        }
        Some(Target::Date) if unix_millis(&text, &Zone::default()).is_none() => {
            Err(words::text!("the value is not a date").to_owned())
        }
        _ => Ok(text),
    }
}
