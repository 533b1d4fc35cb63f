//! Pages of open letters, oldest first, of any query.
//!
//! A page reads a piece of the letters after the other, by what few letters have of all that the query asks for, and ends
//! when it is full or has read for long enough: a page that is not full has a next one all the same.

use super::known::has_short_text;
use crate::{
    clause::{Clause, Driver, Translator},
    error::Result,
};
use pipeline::stage::Stage;
use replay::query::{Condition, Query, Word};
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};
use serde::Serialize;
use std::time::{Duration, Instant};

/// A page that is not full by then ends.
const PATIENCE: Duration = Duration::from_millis(40);
/// Rows that are read between two looks at the clock.
const PIECE: usize = 20_000;
/// The same for those whose body has to be read.
const BODIES: usize = 1_000;
/// Values of one condition that are read one by one.
const MOST_VALUES: usize = 64;

/// Some letters.
#[derive(Debug, Default, Serialize)]
pub struct Page {
    /// In the order of their queue.
    pub letters: Vec<Listed>,
    /// Behind which place the next page begins; `None`: there is none.
    pub next: Option<i64>,
}

/// One letter, masked.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its place.
    pub n: i64,
    /// Its failure record.
    pub record: serde_json::Value,
    /// Its group.
    pub group: String,
    /// The undo or import that brought it back.
    pub restored_by: Option<String>,
}

/// One letter with what it holds, masked.
#[derive(Debug, Clone, Serialize)]
pub struct Whole {
    /// The letter.
    #[serde(flatten)]
    pub listed: Listed,
    /// Package and name of the message; empty when the letter was not seen in its queue.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its body.
    pub body: Option<serde_json::Value>,
}

/// At most `most` letters behind a place.
///
/// # Errors
/// When the file does not serve.
pub fn page(connection: &Connection, stage: Stage, query: &Query, after: i64, most: usize) -> Result<Page> {
    let begun = Instant::now();
    let translator = Translator::new(connection, stage);
    let drivers = translator.drivers(query)?;
    let none = |driver: &Driver| matches!(driver, Driver::Words(_, _, values) if values.is_empty());
    if drivers.iter().any(none) {
        return Ok(Page::default());
    }
    let clause = translator.clause(query)?;
    let piece = if has_short_text(query) { BODIES } else { PIECE };
    let mut place = after.max(begin(&translator, query)?);
    let mut found = Vec::new();
    let next = loop {
        let (driver, to) = piece_of(&translator, &drivers, place, piece)?;
        let wanted = most.saturating_sub(found.len());
        found.extend(between(&translator, &clause, driver, (place, to), wanted)?);
        match (found.last(), to) {
            (Some(last), _) if found.len() >= most => break Some(*last),
            (_, i64::MAX) => break None,
            _ => place = to,
        }
        if begun.elapsed() >= PATIENCE {
            break Some(place);
        }
    };
    let letters = found
        .into_iter()
        .map(|n| listed(connection, n))
        .collect::<Result<_>>()?;
    Ok(Page { letters, next })
}

/// The letter that an id means: the first one.
///
/// # Errors
/// When the file does not serve.
pub fn one(connection: &Connection, stage: Stage, id: &str) -> Result<Option<Whole>> {
    let condition = Condition::Word(Word::Id, replay::query::Relation::Equals, vec![id.to_owned()]);
    let translator = Translator::new(connection, stage);
    let Clause { sql, values } = translator.clause(&Query::Is(condition))?;
    let sql =
        format!("SELECT min(l.n) FROM letter l WHERE l.stage = ?1 AND l.n > ?2 AND l.n <= ?3 AND {sql}");
    let bound = [
        Value::Integer(translator.stage),
        Value::Integer(0),
        Value::Integer(i64::MAX),
    ];
    let values = params_from_iter(bound.into_iter().chain(values));
    let found: Option<i64> = connection.prepare(&sql)?.query_row(values, |row| row.get(0))?;
    let Some(n) = found else { return Ok(None) };
    let sql = "SELECT kind, body FROM letter_record WHERE n = ?";
    let (kind, body): (String, Option<String>) = connection
        .prepare_cached(sql)?
        .query_row([n], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Some(Whole {
        listed: listed(connection, n)?,
        kind,
        body: body.map(|body| serde_json::from_str(&body)).transpose()?,
    }))
}

/// Which index to read, and up to which place about so many rows of it go: of all that could be read the one with the
/// fewest.
fn piece_of<'a>(
    translator: &Translator<'_>,
    drivers: &'a [Driver],
    after: i64,
    rows: usize,
) -> Result<(Option<&'a Driver>, i64)> {
    let connection = translator.connection;
    let all = "SELECT n FROM letter INDEXED BY letter_stage WHERE stage = ?1 AND n > ?2 ORDER BY n LIMIT 1 OFFSET ?3";
    let skip = |sql: &str, values: &[Value], rows: usize| -> Result<i64> {
        let mut bound = values.to_vec();
        bound.extend([
            Value::Integer(after),
            Value::Integer(i64::try_from(rows).unwrap_or(i64::MAX)),
        ]);
        let mut statement = connection.prepare_cached(sql)?;
        let found = statement.query_row(params_from_iter(bound), |row| row.get(0));
        Ok(found.optional()?.unwrap_or(i64::MAX))
    };
    let mut best = (None, skip(all, &[Value::Integer(translator.stage)], rows)?);
    for driver in drivers {
        let to = match driver {
            Driver::Words(index, column, values) if values.len() <= MOST_VALUES => {
                let sql = format!(
                    "SELECT n FROM letter INDEXED BY {index} WHERE stage = ?1 AND {column} IS NOT NULL AND {column} = ?2 AND n > ?3 ORDER BY n LIMIT 1 \
                     OFFSET ?4"
                );
                let mut to = i64::MAX;
                for value in values {
                    let bound = [Value::Integer(translator.stage), value.clone()];
                    to = to.min(skip(&sql, &bound, rows / values.len())?);
                }
                to
            }
            Driver::Words(..) => continue,
            Driver::Pieces(question) => {
                let sql = "SELECT rowid FROM letter_text WHERE letter_text MATCH ?1 AND rowid > ?2 ORDER BY rowid LIMIT 1 OFFSET ?3";
                skip(sql, &[Value::Text(question.clone())], BODIES)?
            }
        };
        if to > best.1 || (to == i64::MAX && best.0.is_none()) {
            best = (Some(driver), to);
        }
    }
    Ok(best)
}

fn between(
    translator: &Translator<'_>,
    clause: &Clause,
    driver: Option<&Driver>,
    (after, to): (i64, i64),
    most: usize,
) -> Result<Vec<i64>> {
    let (index, first, mut values) = match driver {
        None => ("INDEXED BY letter_stage".to_owned(), String::new(), Vec::new()),
        Some(Driver::Words(index, column, values)) => {
            let marks = vec!["?"; values.len()].join(", ");
            (
                format!("INDEXED BY {index}"),
                format!("AND l.{column} IS NOT NULL AND l.{column} IN ({marks})"),
                values.clone(),
            )
        }
        Some(Driver::Pieces(question)) => (
            String::new(),
            "AND l.n IN (SELECT rowid FROM letter_text WHERE letter_text MATCH ? AND rowid > ?2 AND rowid <= ?3)".to_owned(),
            vec![Value::Text(question.clone())],
        ),
    };
    let sql = format!(
        "SELECT l.n FROM letter l {index} WHERE l.stage = ?1 AND l.n > ?2 AND l.n <= ?3 {first} AND {} ORDER BY l.n LIMIT {most}",
        clause.sql
    );
    let mut bound = vec![
        Value::Integer(translator.stage),
        Value::Integer(after),
        Value::Integer(to),
    ];
    bound.append(&mut values);
    bound.extend(clause.values.iter().cloned());
    let mut statement = translator.connection.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(bound), |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Letters of before a time need not be read where few are of after it.
fn begin(translator: &Translator<'_>, query: &Query) -> Result<i64> {
    const FEW: i64 = 100_000;
    let of = |query: &Query| match query {
        Query::Is(Condition::Since(time)) => Some(*time),
        _ => None,
    };
    let since = match query {
        Query::And(queries) => queries.iter().filter_map(of).max(),
        query => of(query),
    };
    let Some(since) = since else { return Ok(0) };
    let bound = (translator.stage, since);
    let sql = format!(
        "SELECT 1 FROM letter INDEXED BY letter_died WHERE stage = ? AND died >= ? LIMIT 1 OFFSET {FEW}"
    );
    let mut statement = translator.connection.prepare_cached(&sql)?;
    if statement.exists(bound)? {
        return Ok(0);
    }
    let sql = "SELECT min(n) FROM letter INDEXED BY letter_died WHERE stage = ? AND died >= ?";
    let mut statement = translator.connection.prepare_cached(sql)?;
    let first: Option<i64> = statement.query_row(bound, |row| row.get(0))?;
    Ok(first.map_or(i64::MAX - 1, |first| first - 1))
}

pub(super) fn listed(connection: &Connection, n: i64) -> Result<Listed> {
    let sql = "SELECT r.record, (SELECT text FROM word WHERE id = l.grp), nullif(l.life, '')
        FROM letter l JOIN letter_record r ON r.n = l.n WHERE l.n = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let (record, group, restored_by): (String, String, Option<String>) =
        statement.query_row([n], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(Listed {
        n,
        record: serde_json::from_str(&record)?,
        group,
        restored_by,
    })
}
