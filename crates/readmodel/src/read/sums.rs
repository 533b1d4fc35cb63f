//! Sums: events by the minute, runs with what became of their customers, and moves of letters with theirs.

use super::word;
use crate::{error::Result, stages::of_number};
use pipeline::events::What;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

/// Events of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The stage; empty for one that this version does not know.
    pub stage: &'static str,
    /// What happened.
    pub what: String,
    /// How often.
    pub events: i64,
}

/// One minute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Minute {
    /// Its begin, unix milliseconds.
    pub at: i64,
    /// What happened in it.
    #[serde(flatten)]
    pub count: Count,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its id.
    pub run_id: String,
    /// Unix milliseconds: its first event.
    pub first_at: i64,
    /// Its last event so far.
    pub last_at: i64,
    /// What happened to its customers.
    pub counts: Vec<Count>,
}

/// A plan, or an operation, as far as events tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// Its id.
    pub id: String,
    /// Its stage.
    pub stage: &'static str,
    /// Unix milliseconds: when the first letter was moved.
    pub first_at: i64,
    /// The last thing that became of a letter.
    pub last_at: i64,
    /// Letters by what became of them last.
    pub counts: Vec<Count>,
}

/// One letter that was moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Its digits.
    pub letter: String,
    /// The customer.
    pub company_id: String,
    /// How it was moved; empty when that event is not known.
    pub way: String,
    /// Unix milliseconds.
    pub at: i64,
    /// Where the last thing became of it.
    pub stage: &'static str,
    /// What has become of it.
    pub what: String,
    /// Why, when it failed again.
    pub reason: String,
    /// The letter that it is now, when it failed again.
    pub again: String,
}

fn count(stage: i64, what: i64, events: i64) -> Count {
    Count {
        stage: stage_name(stage),
        what: what_name(what),
        events,
    }
}

fn stage_name(number: i64) -> &'static str {
    of_number(number).map_or("", pipeline::stage::Stage::name)
}

fn what_name(number: i64) -> String {
    let what = i32::try_from(number)
        .ok()
        .and_then(|number| What::try_from(number).ok());
    replay::trace::word(what.unwrap_or_default())
}

/// Minutes from a time on, the oldest first.
///
/// # Errors
/// When the file does not serve.
pub fn minutes(connection: &Connection, since: i64, most: usize) -> Result<Vec<Minute>> {
    let sql = "SELECT minute, stage, what, events FROM minute WHERE minute >= ? ORDER BY 1, 2, 3 LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let found = statement.query_map((since.div_euclid(60_000), most), |row| {
        Ok(Minute {
            at: row.get::<_, i64>(0)? * 60_000,
            count: count(row.get(1)?, row.get(2)?, row.get(3)?),
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// The last runs.
///
/// # Errors
/// When the file does not serve.
pub fn runs(connection: &Connection, most: usize) -> Result<Vec<Run>> {
    let sql = "SELECT id, name, first_at, last_at FROM run ORDER BY last_at DESC LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([i64::try_from(most).unwrap_or(i64::MAX)])?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        let sql = "SELECT stage, what, events FROM run_count WHERE run = ?";
        runs.push(Run {
            run_id: row.get(1)?,
            first_at: row.get(2)?,
            last_at: row.get(3)?,
            counts: counts(connection, sql, row.get(0)?)?,
        });
    }
    Ok(runs)
}

/// The last plans and operations.
///
/// # Errors
/// When the file does not serve.
pub fn moves(connection: &Connection, most: usize) -> Result<Vec<Move>> {
    let sql = "SELECT id, name, stage, first_at, last_at FROM move ORDER BY last_at DESC LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([i64::try_from(most).unwrap_or(i64::MAX)])?;
    let mut moves = Vec::new();
    while let Some(row) = rows.next()? {
        let sql = "SELECT stage, what, count(*) FROM move_letter WHERE move = ? GROUP BY 1, 2 ORDER BY 1, 2";
        moves.push(Move {
            id: row.get(1)?,
            stage: stage_name(row.get(2)?),
            first_at: row.get(3)?,
            last_at: row.get(4)?,
            counts: counts(connection, sql, row.get(0)?)?,
        });
    }
    Ok(moves)
}

/// Letters of one of them, behind the digits of the page before.
///
/// # Errors
/// When the file does not serve.
pub fn moved(connection: &Connection, id: &str, after: &str, most: usize) -> Result<Option<Vec<Moved>>> {
    let mut statement = connection.prepare_cached("SELECT id FROM move WHERE name = ?")?;
    let Some(id) = statement.query_row([id], |row| row.get::<_, i64>(0)).optional()? else {
        return Ok(None);
    };
    let sql = "SELECT m.digits, c.company, m.way, m.at, m.stage, m.what, m.reason, m.again FROM move_letter m
        JOIN customer c ON c.id = m.customer WHERE m.move = ? AND m.digits > ? ORDER BY m.digits LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((id, after, i64::try_from(most).unwrap_or(i64::MAX)))?;
    let mut letters = Vec::new();
    while let Some(row) = rows.next()? {
        let way: i64 = row.get(2)?;
        letters.push(Moved {
            letter: row.get(0)?,
            company_id: row.get(1)?,
            way: if way == 0 { String::new() } else { what_name(way) },
            at: row.get(3)?,
            stage: stage_name(row.get(4)?),
            what: what_name(row.get(5)?),
            reason: word(connection, row.get(6)?)?,
            again: row.get(7)?,
        });
    }
    Ok(Some(letters))
}

fn counts(connection: &Connection, sql: &str, of: i64) -> Result<Vec<Count>> {
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map([of], |row| Ok(count(row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
