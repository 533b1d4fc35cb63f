//! Events become rows: each once, and what was read up to in the same transaction.

mod counts;
mod letters;
mod moves;
mod names;
mod prune;
mod step;
mod walked;

pub use walked::Walked;

use crate::error::Result;
use counts::Counts;
use names::Names;
use pipeline::events::{AuditMark, Event, Events, Stored, What};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, types::FromSql};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The one connection that changes the file.
pub struct Writer {
    connection: Connection,
    names: Names,
    /// Place of the last message.
    last: Option<Last>,
    /// Which file this is, of all that this process has had.
    file: u64,
}

static FILES: AtomicU64 = AtomicU64::new(0);

/// The last message that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// Its place in the stream.
    pub offset: u64,
    /// Unix milliseconds: when it was settled.
    pub at: i64,
    /// What tells it from the message of the same place in another stream.
    print: i64,
}

/// What became of some messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Events that were new.
    pub events: u64,
    /// Events that were there already.
    pub repeats: u64,
    /// Events that the stream has lost, as it says itself.
    pub lost: u64,
}

/// One transaction.
pub(crate) struct Change<'a> {
    tx: &'a Transaction<'a>,
    names: &'a mut Names,
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Result<Self> {
        let last = match has_tables(&connection)? {
            true => last(&connection)?,
            false => None,
        };
        Ok(Self {
            connection,
            names: Names::default(),
            last,
            file: FILES.fetch_add(1, Relaxed),
        })
    }

    /// The last message that was applied.
    #[must_use]
    pub fn last(&self) -> Option<Last> {
        self.last
    }

    /// Whether the message is the last one that was applied: at its place, the same stream has the same message.
    #[must_use]
    pub fn is_last(&self, stored: &Stored) -> bool {
        self.last
            .is_some_and(|last| last.offset == stored.offset && last.print == print(&stored.events))
    }

    /// Takes messages of the stream in their order; those that were taken before change nothing.
    ///
    /// # Errors
    /// When the file does not serve; then nothing of it has happened.
    pub fn apply(&mut self, messages: Vec<Stored>) -> Result<Applied> {
        let known = self.last;
        let (applied, last) = self.change(|change| {
            let (mut last, mut first) = (known, None);
            let (mut applied, mut counts) = (Applied::default(), Counts::default());
            for Stored { offset, events } in messages {
                if last.is_some_and(|last| offset <= last.offset) {
                    continue;
                }
                last = Some(Last {
                    offset,
                    at: events.at,
                    print: print(&events),
                });
                first.get_or_insert(events.at);
                applied.lost += events.lost;
                change.take(events, &mut counts, &mut applied)?;
            }
            counts.write(change)?;
            if let Some(last) = last {
                change.note("offset", i64::try_from(last.offset).unwrap_or(i64::MAX))?;
                change.note("at", last.at)?;
                change.note("print", last.print)?;
            }
            if let (None, Some(first)) = (known, first) {
                change.note("since", first)?;
            }
            Ok((applied, last))
        })?;
        self.last = last;
        Ok(applied)
    }

    /// All of it or nothing.
    pub(crate) fn change<T>(&mut self, change: impl FnOnce(&mut Change<'_>) -> Result<T>) -> Result<T> {
        let behavior = TransactionBehavior::Immediate;
        let changed = self
            .connection
            .transaction_with_behavior(behavior)
            .map_err(Into::into);
        let changed = changed.and_then(|tx| {
            let result = change(&mut Change {
                tx: &tx,
                names: &mut self.names,
            })?;
            tx.commit()?;
            Ok(result)
        });
        if changed.is_err() {
            // What was numbered in the transaction has no number any more.
            self.names = Names::default();
        }
        changed
    }
}

impl Change<'_> {
    fn take(&mut self, mut events: Events, counts: &mut Counts, applied: &mut Applied) -> Result<()> {
        if let Some(mark) = events.audit.take() {
            self.anchor(&mark)?;
        }
        let all = std::mem::take(&mut events.events);
        let by = self.origin(&events)?;
        for event in all {
            let customer = self.customer(&event.company_id)?;
            if !self.step(&by, customer, &event)? {
                applied.repeats += 1;
                continue;
            }
            applied.events += 1;
            counts.add(by.at, by.stage, customer, &event);
            self.letter(&by, &event)?;
            self.moved(&by, customer, &event)?;
        }
        Ok(())
    }

    /// The audit log has this entry.
    fn anchor(&self, mark: &AuditMark) -> Result<()> {
        let place = crate::read::marks::place(&mark.id);
        if let Some((ms, number)) = place {
            let mut statement = self
                .tx
                .prepare_cached("INSERT OR REPLACE INTO audit_mark VALUES (?, ?, ?)")?;
            statement.execute((ms, number, &mark.digest))?;
        }
        Ok(())
    }

    fn note(&self, key: &str, value: i64) -> Result<()> {
        let mut statement = self
            .tx
            .prepare_cached("INSERT OR REPLACE INTO meta VALUES (?, ?)")?;
        statement.execute((key, value))?;
        Ok(())
    }
}

/// What all events of a message have in common.
pub(crate) struct Origin {
    at: i64,
    stage: i64,
    instance: i64,
    program: i64,
}

/// What a number in the file stands for there.
pub(crate) fn noted<T: FromSql>(connection: &Connection, key: &str) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

fn last(connection: &Connection) -> Result<Option<Last>> {
    let offset: Option<i64> = noted(connection, "offset")?;
    let Some(offset) = offset.and_then(|offset| u64::try_from(offset).ok()) else {
        return Ok(None);
    };
    Ok(Some(Last {
        offset,
        at: noted(connection, "at")?.unwrap_or_default(),
        print: noted(connection, "print")?.unwrap_or_default(),
    }))
}

fn has_tables(connection: &Connection) -> Result<bool> {
    let count: i64 = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'",
        [],
        |row| row.get(0),
    )?;
    Ok(count > 0)
}

/// Two streams that say the same in the same place may be taken for one.
fn print(events: &Events) -> i64 {
    let mut hash = Sha256::new();
    hash.update(events.at.to_be_bytes());
    hash.update(events.instance.as_bytes());
    for event in &events.events {
        hash.update(event.id.to_be_bytes());
    }
    let digest = hash.finalize();
    digest[..8]
        .iter()
        .fold(0, |print, byte| (print << 8) | i64::from(*byte))
}

/// Who moves letters, and what becomes of those that were moved.
const fn is_move(what: What) -> bool {
    matches!(
        what,
        What::PutBack | What::Edited | What::Discarded | What::Restored | What::Imported
    )
}

/// As SQLite keeps it, which knows no numbers without a sign.
pub(crate) const fn signed(id: u64) -> i64 {
    i64::from_ne_bytes(id.to_ne_bytes())
}

fn version_of(event: &Event) -> String {
    event
        .version
        .map(|version| pipeline::version::Version::from(version).to_string())
        .unwrap_or_default()
}
