//! What can be asked of the read model.

pub mod customers;
pub mod groups;
pub mod known;
pub mod letters;
pub mod marks;
pub mod sums;

use crate::error::Result;
use rusqlite::{Connection, OptionalExtension};

/// The word of a number.
pub(crate) fn word(connection: &Connection, id: i64) -> Result<String> {
    let mut statement = connection.prepare_cached("SELECT text FROM word WHERE id = ?")?;
    Ok(statement
        .query_row([id], |row| row.get(0))
        .optional()?
        .unwrap_or_default())
}
