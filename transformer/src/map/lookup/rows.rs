//! Rows of a table's file.

use serde_json::{Map, Value};

use super::{Declared, MOST_ROWS};

/// Objects within objects of a row.
const MOST_LEVELS: usize = 4;

pub(super) type Rows = (Vec<String>, Vec<Vec<Value>>);

pub(super) fn of_csv(text: &str) -> Result<Rows, String> {
    let lines = text.split_inclusive('\n');
    let blank: usize = lines
        .take_while(|line| line.trim().is_empty())
        .map(str::len)
        .sum();
    let text = text.get(blank..).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|sign| first.bytes().filter(|byte| byte == sign).count())
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns: Vec<String> = reader
        .headers()
        .map_err(|error| words::retold(&error.to_string()))?
        .iter()
        .map(str::to_owned)
        .collect();
    // An inch may be written with one; only together with a cell of several lines it is one that was forgotten.
    let is_open = text.matches('"').count() % 2 == 1;
    let mut rows = Vec::new();
    for row in reader.records().take(MOST_ROWS + 1) {
        let row = row.map_err(|error| words::retold(&error.to_string()))?;
        if is_open && row.iter().any(|cell| cell.contains('\n')) {
            let line = row.position().map_or(0, csv::Position::line);
            return Err(words::tr!("a quote is not closed, as it seems in line {line}"));
        }
        rows.push(row.iter().map(|cell| Value::String(cell.to_owned())).collect());
    }
    Ok((columns, rows))
}

pub(super) fn of_json(text: &str, declared: &Declared) -> Result<Rows, String> {
    let objects: Vec<Map<String, Value>> = match serde_json::from_str(text) {
        Ok(Value::Array(items)) => items.into_iter().map(object).collect::<Result<_, _>>()?,
        Ok(Value::Object(map)) if map.values().all(|value| !value.is_array()) => by_key(map, declared),
        Ok(_) => return Err(words::text!("an array of objects is expected").to_owned()),
        Err(whole) => text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                serde_json::from_str(line)
                    .map_err(|_| words::retold(&whole.to_string()))
                    .and_then(object)
            })
            .collect::<Result<_, _>>()?,
    };
    let objects: Vec<Map<String, Value>> = objects.into_iter().map(glued).collect();
    let mut columns: Vec<String> = Vec::new();
    for key in objects.iter().flat_map(Map::keys) {
        if !columns.contains(key) {
            columns.push(key.clone());
        }
    }
    let row = |mut object: Map<String, Value>| {
        let cells = columns
            .iter()
            .map(|column| object.remove(column).unwrap_or_default());
        cells.collect()
    };
    let rows = objects.into_iter().map(row).collect();
    Ok((columns, rows))
}

/// A row; one that was exported from a store stands under `content`.
fn object(value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(mut map) => match map.remove("content") {
            Some(Value::Object(content)) => Ok(content),
            Some(other) => {
                map.insert("content".to_owned(), other);
                Ok(map)
            }
            None => Ok(map),
        },
        _ => Err(words::text!("every row must be an object").to_owned()),
    }
}

/// The row with what stands in its objects beside them, under the platform's glued names (`FMaterialId_FNumber`).
fn glued(row: Map<String, Value>) -> Map<String, Value> {
    let mut made = row.clone();
    for (key, value) in &row {
        parts(key, value, MOST_LEVELS, &mut made);
    }
    made
}

fn parts(path: &str, value: &Value, levels: usize, made: &mut Map<String, Value>) {
    let Value::Object(inner) = value else { return };
    for (key, value) in inner.iter().filter(|_| levels > 0) {
        let path = format!("{path}_{key}");
        parts(&path, value, levels - 1, made);
        made.entry(path).or_insert_with(|| value.clone());
    }
}

/// `{"key": "value"}` or `{"key": {…}}`.
fn by_key(map: Map<String, Value>, declared: &Declared) -> Vec<Map<String, Value>> {
    let (key, field) = (declared.key.or("key"), declared.field.or("value"));
    map.into_iter()
        .map(|(name, value)| {
            let mut row = match value {
                Value::Object(row) => row,
                plain => Map::from_iter([(field.clone(), plain)]),
            };
            row.entry(key.clone()).or_insert(Value::String(name));
            row
        })
        .collect()
}
