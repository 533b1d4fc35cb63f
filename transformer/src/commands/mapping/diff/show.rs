//! The differences as a table for people and as JSON.

use serde_json::{Value, json};

use super::super::table::columns;
use super::compare::{Change, Customer, Report, Side};

/// Characters of a value that are shown.
const LONGEST: usize = 60;

/// Everything, for people.
pub(super) fn text(report: &Report, next: Option<&str>) -> String {
    let mut text = String::new();
    for (name, old, new) in &report.settings {
        text.push_str(&words::tr!("{name}: \"{old}\" before, \"{new}\" now\n"));
    }
    for customer in &report.customers {
        text.push_str(&customer_text(customer));
    }
    for (id, why) in &report.unread {
        text.push_str(&words::tr!("customer {id} cannot be compared: {why}\n"));
    }
    if !report.fields.is_empty() {
        let mut rows = vec![vec![
            words::text!("label").to_owned(),
            words::text!("customers").to_owned(),
            words::text!("field").to_owned(),
        ]];
        let fields = report.fields.iter();
        rows.extend(
            fields.map(|(field, (label, count))| vec![label.clone(), count.to_string(), field.clone()]),
        );
        text.push_str(&columns(&rows));
    }
    text.push_str(&words::tr!(
        "{} customers: {} the same, {} differ ({} cells; {} between row, filter and dead letter), {} not compared\n",
        report.compared() + report.unread_count,
        report.same,
        report.differ,
        report.cells,
        report.moved,
        report.unread_count
    ));
    if let Some(next) = next {
        text.push_str(&words::tr!("next: {next}\n"));
    }
    text
}

fn customer_text(customer: &Customer) -> String {
    let mut text = words::tr!("customer {}\n", customer.id);
    if let Some([(old, _), (new, _)]) = &customer.states {
        text.push_str(&words::tr!("{old} before, {new} now\n"));
    }
    if !customer.cells.is_empty() {
        let mut rows = vec![vec![
            words::text!("label").to_owned(),
            words::text!("before").to_owned(),
            words::text!("now").to_owned(),
        ]];
        rows.extend(customer.cells.iter().map(cells));
        text.push_str(&columns(&rows));
    }
    text.push('\n');
    text
}

fn cells(change: &Change) -> Vec<String> {
    let (old, mut new) = (side(&change.old), side(&change.new));
    if old == new {
        new.push_str(words::text!(" (differs where it is hidden)"));
    }
    vec![change.label.clone(), old, new]
}

fn side(side: &Side) -> String {
    match side {
        None => words::text!("not written").to_owned(),
        Some(Value::Null) => words::text!("blank").to_owned(),
        Some(value) => {
            let text = value.to_string();
            let mut shown: String = text.chars().take(LONGEST).collect();
            if text.chars().nth(LONGEST).is_some() {
                shown.push('…');
            }
            shown
        }
    }
}

/// The same for programs; a side that does not write a field is not there.
pub(super) fn json(report: &Report, next: Option<&str>) -> Value {
    let cell = |change: &Change| {
        let mut cell = json!({"field": change.field, "label": change.label});
        for (name, side) in [("old", &change.old), ("new", &change.new)] {
            if let Some(value) = side {
                cell[name] = value.clone();
            }
        }
        cell
    };
    let customer = |customer: &Customer| {
        let [old, new] = customer
            .states
            .as_ref()
            .map_or([json!("row"), json!("row")], |states| {
                states.clone().map(|state| state.1)
            });
        let cells: Vec<Value> = customer.cells.iter().map(cell).collect();
        json!({"company_id": customer.id, "old": old, "new": new, "cells": cells})
    };
    let fields = report.fields.iter();
    json!({
        "same": report.is_same(),
        "fingerprints": {"old": report.fingerprints[0], "new": report.fingerprints[1]},
        "settings": report.settings.iter()
            .map(|(name, old, new)| json!({"name": name, "old": old, "new": new})).collect::<Vec<_>>(),
        "customers": report.customers.iter().map(customer).collect::<Vec<_>>(),
        "fields": fields
            .map(|(field, (label, count))| json!({"field": field, "label": label, "customers": count}))
            .collect::<Vec<_>>(),
        "not_compared": report.unread.iter()
            .map(|(id, why)| json!({"company_id": id, "error": why})).collect::<Vec<_>>(),
        "totals": {
            "customers": report.compared() + report.unread_count,
            "same": report.same,
            "differ": report.differ,
            "cells": report.cells,
            "moved": report.moved,
            "not_compared": report.unread_count,
        },
        "next": next,
    })
}
