//! Rows without a key of which the ledger knows whose they are: a start without the key widget made them, or a person
//! cleared the cell. Found in bounded memory: the rows' ids lie in Redis while the ledger is walked.

use pipeline::service::Runtime;
use pipeline::store;

use super::Error;
use super::count::{is_keyless, page};
use super::keys::{self, Left};
use crate::jdy::calls::LARGEST_BATCH;
use crate::jdy::lookup::{FoundRow, Recognition, Turn, turn};
use crate::ledger::Ledger;
use crate::vendor::Vendor;

/// What a search that was broken off leaves behind goes away by itself.
const KEPT_S: u64 = 86_400;
/// About how many customers of the ledger are taken at once.
const SCAN: usize = 500;

/// Puts rows without a key and their customers, as far as the ledger knows them, into Redis; how many those are, and how
/// many rows without a key are nobody's.
pub(crate) async fn find(
    runtime: &Runtime,
    ledger: &Ledger,
    vendor: &Vendor,
    recognition: &Recognition,
) -> Result<Found, Error> {
    let key_widget = recognition.key_widget.as_str();
    let keys = runtime.namespace.adopt_keys();
    forget(runtime, &[&keys.keyless, &keys.known]).await?;
    let mut cursor = String::new();
    loop {
        let rows = page(vendor, Some(key_widget), &cursor).await?;
        let (turn, last) = turn(&rows, &cursor);
        let rows = rows.iter().filter(|row| is_keyless(row, key_widget));
        let rows: Vec<FoundRow> = rows.filter_map(|row| recognition.read_as("", row)).collect();
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        // Nobody is made twice whose row is known by its id.
        let owners = ledger.rewritten(&ids).await?.into_iter();
        let rows = rows
            .into_iter()
            .zip(owners.map(|owner| owner.is_some()).collect::<Vec<_>>());
        let rows = rows.filter(|(_, is_known_by_id)| !is_known_by_id);
        let rows: Vec<(String, String)> = rows.map(|(row, _)| (row.id, row.content)).collect();
        if !rows.is_empty() {
            let mut pipe = redis::pipe();
            pipe.cmd("HSET").arg(&keys.keyless).arg(&rows).ignore();
            pipe.cmd("EXPIRE").arg(&keys.keyless).arg(KEPT_S).ignore();
            run(runtime, &pipe).await?;
        }
        if turn != Turn::Next {
            break;
        }
        cursor = last;
    }
    let mut found = of_batches(runtime, ledger).await?;
    let mut cursor = 0;
    loop {
        let (next, companies) = ledger.scan(cursor, SCAN).await?;
        found += of_companies(runtime, ledger, &companies).await?;
        if next == 0 {
            break;
        }
        cursor = next;
    }
    let unknown = nobodys(runtime).await?;
    forget(runtime, &[&keys.keyless]).await?;
    Ok(Found {
        known: found,
        unknown,
    })
}

/// Rows without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Of which it is known whose they are.
    pub(crate) known: usize,
    pub(crate) unknown: usize,
}

async fn nobodys(runtime: &Runtime) -> Result<usize, Error> {
    let keys = runtime.namespace.adopt_keys();
    let mut pipe = redis::pipe();
    pipe.cmd("HLEN").arg(&keys.keyless);
    pipe.cmd("HLEN").arg(&keys.known);
    let mut connection = runtime.store.connection().await?;
    let counted = pipe.query_async(&mut *connection).await;
    let (all, known): (usize, usize) = counted.map_err(store::Error::from)?;
    Ok(all.saturating_sub(known))
}

/// The rows whose customers are known, as [`find`] has left them: customer and row id.
pub(super) async fn some(runtime: &Runtime, most: usize) -> Result<Vec<(String, String)>, Error> {
    let mut command = redis::cmd("HSCAN");
    command.arg(runtime.namespace.adopt_keys().known);
    command.arg(0).arg("COUNT").arg(most);
    let mut connection = runtime.store.connection().await?;
    let answer = command.query_async(&mut *connection).await;
    let (_, pairs): (u64, Vec<(String, String)>) = answer.map_err(store::Error::from)?;
    Ok(pairs.into_iter().map(|(id, company)| (company, id)).collect())
}

async fn of_companies(runtime: &Runtime, ledger: &Ledger, companies: &[String]) -> Result<usize, Error> {
    let names: Vec<&str> = companies.iter().map(String::as_str).collect();
    let rows = ledger.known_rows(&names).await?;
    // An id alone does not say whose row it is: it may have been taken from an answer by its place, when there was no
    // key to prove it with. The content does.
    let ids = names.iter().zip(rows).filter_map(|(company, row)| {
        let row = row?;
        let id = row.id.filter(|id| !id.is_empty())?;
        Some((*company, id, row.hash.filter(|hash| !hash.is_empty())?))
    });
    let ids: Vec<(&str, String, String)> = ids.collect();
    those_without_a_key(runtime, &ids).await
}

/// Rows that an answer has named, and whose batch is not done: nobody was able to look.
async fn of_batches(runtime: &Runtime, ledger: &Ledger) -> Result<usize, Error> {
    let mut found = 0;
    for named in ledger.named_rows().await?.chunks(SCAN) {
        let ids = named
            .iter()
            .map(|named| (named.company.as_str(), named.id.clone(), named.hash.clone()));
        let ids: Vec<(&str, String, String)> = ids.collect();
        found += those_without_a_key(runtime, &ids).await?;
    }
    Ok(found)
}

/// Puts those of these rows that have no key, and hold what was written, into Redis; how many those are.
async fn those_without_a_key(runtime: &Runtime, ids: &[(&str, String, String)]) -> Result<usize, Error> {
    if ids.is_empty() {
        return Ok(0);
    }
    let keys = runtime.namespace.adopt_keys();
    let mut command = redis::cmd("HMGET");
    command.arg(&keys.keyless);
    for (_, id, _) in ids {
        command.arg(id);
    }
    let mut connection = runtime.store.connection().await?;
    let contents: Vec<Option<String>> = command
        .query_async(&mut *connection)
        .await
        .map_err(store::Error::from)?;
    drop(connection);
    let known: Vec<(&String, &str)> = ids
        .iter()
        .zip(contents)
        .filter_map(|((company, id, hash), content)| {
            (content.as_ref() == Some(hash)).then_some((id, *company))
        })
        .collect();
    if !known.is_empty() {
        let mut pipe = redis::pipe();
        pipe.cmd("HSET").arg(&keys.known).arg(&known).ignore();
        pipe.cmd("EXPIRE").arg(&keys.known).arg(KEPT_S).ignore();
        run(runtime, &pipe).await?;
    }
    Ok(known.len())
}

/// Writes the keys of the rows that were found; how many.
pub(super) async fn write(runtime: &Runtime, vendor: &Vendor, key_widget: &str) -> Result<usize, Error> {
    let key = runtime.namespace.adopt_keys().known;
    let (mut left, mut cursor) = (Left::default(), 0u64);
    loop {
        let mut command = redis::cmd("HSCAN");
        command.arg(&key).arg(cursor).arg("COUNT").arg(LARGEST_BATCH);
        let mut connection = runtime.store.connection().await?;
        let answer = command.query_async(&mut *connection).await;
        let (next, pairs): (u64, Vec<(String, String)>) = answer.map_err(store::Error::from)?;
        drop(connection);
        // A small hash comes as a whole.
        for pairs in pairs.chunks(LARGEST_BATCH) {
            keys::write(runtime, vendor, key_widget, pairs, &mut left).await?;
        }
        if next == 0 {
            forget(runtime, &[&key]).await?;
            return Ok(left.written);
        }
        cursor = next;
    }
}

async fn forget(runtime: &Runtime, keys: &[&String]) -> Result<(), Error> {
    let mut pipe = redis::pipe();
    for key in keys {
        pipe.cmd("DEL").arg(*key).ignore();
    }
    run(runtime, &pipe).await
}

async fn run(runtime: &Runtime, pipe: &redis::Pipeline) -> Result<(), Error> {
    let mut connection = runtime.store.connection().await?;
    let ran: Result<(), redis::RedisError> = pipe.query_async(&mut *connection).await;
    Ok(ran.map_err(store::Error::from)?)
}
