//! Aggregates over texts of a list, beside the server's over a column with the same texts.

use serde_json::{Value, json};

use crate::generate::Case;

const COLUMNS: [&[&str]; 8] = [
    &["12kg", "9", "x", "-3.5"],
    &["9", "10", "9.5"],
    &["", "5", " "],
    &["2024-01-05", "2023-12-31"],
    &["2024", "2024-01-05"],
    &["b", "B", "a"],
    &["1e2", "99"],
    &["中", "国", "人"],
];
const FUNCTIONS: [&str; 8] = [
    "SUM(",
    "AVG(",
    "MIN(",
    "MAX(",
    "COUNT(",
    "SUM(DISTINCT ",
    "AVG(DISTINCT ",
    "COUNT(DISTINCT ",
];

/// Every aggregate over every column.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for column in COLUMNS {
        let rows: Vec<Value> = column.iter().map(|text| json!({"n": text})).collect();
        let table: Vec<String> = column.iter().map(|text| format!("SELECT '{text}' n")).collect();
        let table = table.join(" UNION ALL ");
        for function in FUNCTIONS {
            let record = json!({"list": rows}).as_object().cloned();
            cases.push(Case {
                expression: format!("{function}'{{{{list.n}}}}')"),
                sql: format!("SELECT {function}n) FROM ({table}) t"),
                record: record.unwrap_or_default(),
            });
        }
    }
    cases
}
