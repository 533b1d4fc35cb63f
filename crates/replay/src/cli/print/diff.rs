//! What differs between two bodies.

use serde_json::Value;
use std::io::{Result, Write};

/// Every value that differs, by its path.
pub(crate) fn diff(out: &mut impl Write, before: &Value, after: &Value) -> Result<()> {
    let mut lines = Vec::new();
    differences("", before, after, &mut lines);
    for (path, before, after) in lines {
        writeln!(out, "  {path}: {before} → {after}")?;
    }
    Ok(())
}

fn differences(path: &str, before: &Value, after: &Value, lines: &mut Vec<(String, Value, Value)>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            let added = new.keys().filter(|name| !old.contains_key(*name));
            for name in old.keys().chain(added) {
                let of =
                    |fields: &serde_json::Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                differences(&format!("{path}.{name}"), &of(old), &of(new), lines);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            for index in 0..old.len().max(new.len()) {
                let of = |items: &[Value]| items.get(index).cloned().unwrap_or_default();
                let (old, new) = (of(old), of(new));
                // A cell is known by its caption.
                let name = old["label"]
                    .as_str()
                    .map_or_else(|| index.to_string(), str::to_owned);
                differences(&format!("{path}[{name}]"), &old, &new, lines);
            }
        }
        _ if before != after => {
            lines.push((
                path.trim_start_matches('.').to_owned(),
                before.clone(),
                after.clone(),
            ));
        }
        _ => {}
    }
}
