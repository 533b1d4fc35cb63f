//! Shared by the tests: evaluating one expression over one record.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::Timestamp;
use mapping::{Context, Evaluation, Expression, Record};
use serde_json::Value;

/// 2026-03-15 00:30:00 at +08:00.
pub(crate) fn now() -> Timestamp {
    "2026-03-14T16:30:00Z".parse().unwrap()
}

/// The text that an expression gives for a record.
pub(crate) fn eval(expression: &str, record: Value) -> Result<String, String> {
    let compiled = Expression::compile(expression).map_err(|faults| format!("{faults:?}"))?;
    let Value::Object(map) = record else {
        panic!("a record is an object")
    };
    let record = Record::new(map);
    let mut context = Context::at(now()).last_sync(1_710_403_200);
    context.page_size = Some(2000);
    context.start_row = Some(0);
    let evaluation = Evaluation::new(&record, &context);
    compiled
        .evaluate(&evaluation)
        .map(|e| e.into_text().into_owned())
        .map_err(|e| format!("{}: {e}", e.code))
}

/// The value of a bare SQL expression.
pub(crate) fn sql(expression: &str) -> String {
    eval(&format!("_function {expression}"), serde_json::json!({}))
        .unwrap_or_else(|e| panic!("{expression}: {e}"))
}

/// Offset and text of the first fault.
pub(crate) fn fault(expression: &str) -> (usize, String) {
    let mut faults = Expression::compile(expression).expect_err("a fault is expected");
    faults.remove(0)
}

/// The value, and what is told of it, a line each.
pub(crate) fn noticed(expression: &str, record: Value) -> (Result<String, String>, String) {
    let compiled = Expression::compile(expression).unwrap();
    let record = Record::new(record.as_object().unwrap().clone());
    let context = Context::at(now());
    let evaluation = Evaluation::with_notices(&record, &context);
    let value = compiled.evaluate(&evaluation);
    let value = value.map(|value| value.into_text().into_owned());
    let told: Vec<String> = evaluation
        .take_notices()
        .into_iter()
        .map(|notice| notice.0)
        .collect();
    (value.map_err(|error| error.message), told.join("\n"))
}
