//! Customers by the time of their last event, and everything that is known of one.

use super::word;
use crate::error::Result;
use pipeline::events::{Event, Events};
use prost::Message;
use replay::trace::{Place, Story, standing};
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;

/// Steps of one customer that are told, the newest.
const MOST: i64 = 5_000;

/// A customer.
#[derive(Debug, Clone, Serialize)]
pub struct Customer {
    /// Its id.
    pub company_id: String,
    /// Unix milliseconds: its last event.
    pub at: i64,
    /// Where it is.
    pub place: Place,
    /// The same in words.
    pub now: String,
    /// For the next page.
    pub id: i64,
}

/// At most `most` customers, the last ones that anything happened to first; `before` is the last one of the page before:
/// time and id.
///
/// # Errors
/// When the file does not serve.
pub fn page(connection: &Connection, before: Option<(i64, i64)>, most: usize) -> Result<Vec<Customer>> {
    let sql =
        "SELECT id, company, at FROM customer WHERE (at, id) < (?, ?) ORDER BY at DESC, id DESC LIMIT ?";
    let (at, id) = before.unwrap_or((i64::MAX, i64::MAX));
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((at, id, i64::try_from(most).unwrap_or(i64::MAX)))?;
    let mut customers = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, company): (i64, String) = (row.get(0)?, row.get(1)?);
        let story = Story::of(&company, steps(connection, id, &company)?);
        let standing = standing(&story.steps);
        customers.push(Customer {
            company_id: company,
            at: row.get(2)?,
            place: standing.place,
            now: standing.now,
            id,
        });
    }
    Ok(customers)
}

/// What happened to a customer, each event in a message of its own, in the order of the stream.
///
/// # Errors
/// When the file does not serve.
pub fn events(connection: &Connection, company: &str) -> Result<Vec<Events>> {
    let sql = "SELECT id FROM customer WHERE company = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let id: Option<i64> = statement.query_row([company], |row| row.get(0)).optional()?;
    id.map_or_else(|| Ok(Vec::new()), |id| steps(connection, id, company))
}

fn steps(connection: &Connection, id: i64, company: &str) -> Result<Vec<Events>> {
    let sql = "SELECT at, stage, instance, program, event FROM
        (SELECT n, at, stage, instance, program, event FROM step WHERE customer = ? ORDER BY n DESC LIMIT ?) ORDER BY n";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((id, MOST))?;
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        let event = Event::decode(row.get_ref(4)?.as_blob().unwrap_or_default())?;
        steps.push(Events {
            at: row.get(0)?,
            stage: i32::try_from(row.get::<_, i64>(1)?).unwrap_or_default(),
            instance: word(connection, row.get(2)?)?,
            program_version: word(connection, row.get(3)?)?,
            events: vec![Event {
                company_id: company.to_owned(),
                ..event
            }],
            lost: 0,
            audit: None,
        });
    }
    Ok(steps)
}
