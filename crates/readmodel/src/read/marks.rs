//! Entries of the audit log that the account of events knows.

use crate::error::Result;
use rusqlite::Connection;
use serde::Serialize;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mark {
    /// Its place in the log.
    pub id: String,
    /// Its digest.
    pub digest: String,
}

/// The place that an id means: unix milliseconds, and a number within them.
#[must_use]
pub fn place(id: &str) -> Option<(i64, i64)> {
    let (ms, number) = id.split_once('-')?;
    Some((ms.parse().ok()?, number.parse().ok()?))
}

/// At most `most` entries behind a place, in their order.
///
/// # Errors
/// When the file does not serve.
pub fn page(connection: &Connection, after: Option<(i64, i64)>, most: usize) -> Result<Vec<Mark>> {
    let sql =
        "SELECT ms, number, digest FROM audit_mark WHERE (ms, number) > (?, ?) ORDER BY ms, number LIMIT ?";
    let (ms, number) = after.unwrap_or((-1, -1));
    let mut statement = connection.prepare_cached(sql)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let found = statement.query_map((ms, number, most), |row| {
        let (ms, number): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok(Mark {
            id: format!("{ms}-{number}"),
            digest: row.get(2)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
