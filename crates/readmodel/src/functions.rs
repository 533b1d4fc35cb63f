//! Comparisons that SQLite does not know: whatever the case, in every script, as queries mean it.

use replay::letter::body;
use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
};
use serde_json::Value;

/// `holds(text, wanted)` and `says(record, body, wanted)`; what is wanted is in lower case.
pub(crate) fn add(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("holds", 2, flags, |context| {
        Ok(lower(context, 0)?.contains(text(context, 1)?))
    })?;
    connection.create_scalar_function("says", 3, flags, |context| {
        let wanted = text(context, 2)?;
        if message(text(context, 0)?).to_lowercase().contains(wanted) {
            return Ok(true);
        }
        let body = context.get_raw(1).as_str_or_null().unwrap_or_default();
        let body = body.and_then(|body| serde_json::from_str::<Value>(body).ok());
        Ok(body.is_some_and(|body| body::says(&body, wanted)))
    })
}

/// The message of a failure record, without reading the rest of it.
fn message(record: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Message {
        message: String,
    }
    serde_json::from_str::<Message>(record).map_or_else(|_| String::new(), |record| record.message)
}

fn text<'a>(context: &'a Context<'_>, at: usize) -> rusqlite::Result<&'a str> {
    Ok(context.get_raw(at).as_str()?)
}

fn lower(context: &Context<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(text(context, at)?.to_lowercase())
}
