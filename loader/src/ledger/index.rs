//! What the ledger does for the index of the form, which lies in its rows: state, begin, learn what was read, complete.

use std::borrow::Cow;
use std::time::Duration;

use super::{Error, Ledger, Lua, number, script};
use crate::jdy::lookup::FoundRow;

static INDEX: Lua = Lua::new(|| script(include_str!("index.lua")));
static LEARN: Lua = Lua::new(|| script(include_str!("learn.lua")));
static MERGED: Lua = Lua::new(|| script(include_str!("merged.lua")));

/// Why a page of the walk was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WalkError {
    /// The ledger could not be asked.
    #[error(transparent)]
    Ledger(#[from] Error),
    /// Another loader has taken it.
    #[error("{}", words::tr!("another loader walks over the form"))]
    Overtaken,
}

/// The state of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IndexState {
    /// There is one.
    Known(Known),
    /// Nothing there, or nothing that can be trusted.
    Missing,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// Which one.
    pub(crate) epoch: String,
    /// The form was read to its end; else rows are looked up on demand.
    pub(crate) complete: bool,
    /// Rows with a key: those that the walk has read so far, and once it is over, those that have come and gone since.
    pub(crate) rows: u64,
    /// Rows that share their key with another one.
    pub(crate) duplicates: u64,
    /// Rows without a key that the walk has read so far.
    pub(crate) keyless: u64,
    /// Rows that the walk has passed over because they cannot be read, and the last one.
    pub(crate) unreadable: u64,
    pub(crate) unreadable_row: String,
    /// The widgets whose content is hashed.
    pub(crate) widgets: Vec<String>,
    /// Time since the loss of the one before was noticed.
    pub(crate) noticed: Duration,
    /// Time until calls of earlier loaders cannot land any more.
    pub(crate) settles: Duration,
}

/// How rows were read from the form.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reading<'a> {
    /// They were asked for. `longest`: how long a row that was written may be missing from queries at most.
    LookUp { longest: Duration },
    /// A page of the walk: the row ids before its first and of its last row, and how many of its rows have no key.
    Page {
        before: &'a str,
        after: &'a str,
        keyless: usize,
    },
}

pub(crate) async fn state(ledger: &Ledger, form: &str) -> Result<IndexState, Error> {
    let answer = ledger
        .call(&INDEX, &["state".into(), ledger.epoch_key().into(), form.into()])
        .await?;
    let text = |at: usize| answer.get(at).cloned().unwrap_or_default();
    if text(0) == "missing" {
        return Ok(IndexState::Missing);
    }
    Ok(IndexState::Known(Known {
        complete: text(0) == "complete",
        epoch: text(1),
        rows: number(answer.get(2))?,
        duplicates: number(answer.get(3))?,
        keyless: number(answer.get(4))?,
        widgets: text(5).lines().map(str::to_owned).collect(),
        noticed: millis(answer.get(6))?,
        settles: millis(answer.get(7))?,
        unreadable: number(answer.get(8))?,
        unreadable_row: text(9),
    }))
}

/// A clock that was set back says nothing.
fn millis(text: Option<&String>) -> Result<Duration, Error> {
    let ms: i64 = number(text)?;
    Ok(Duration::from_millis(u64::try_from(ms).unwrap_or(0)))
}

/// Begins an index with this name, unless another loader has begun one. `settle`: how long calls of earlier loaders may
/// still land. Without `widgets` to read nothing can be looked up, and Redis is taken at its word.
pub(crate) async fn begin(
    ledger: &Ledger,
    form: &str,
    epoch: &str,
    settle: Duration,
    widgets: Option<&[String]>,
) -> Result<(), Error> {
    let args = [
        "begin".into(),
        ledger.epoch_key().into(),
        form.into(),
        epoch.into(),
        settle.as_millis().to_string().into(),
        widgets.unwrap_or_default().join("\n").into(),
        if widgets.is_some() { "0" } else { "1" }.into(),
    ];
    match ledger.call(&INDEX, &args).await {
        Err(Error::Protocol(word)) if word == "READY" => Ok(()),
        other => other.map(drop),
    }
}

/// The last row id that the walk has read; `None` when the form was read to its end.
pub(crate) async fn position(ledger: &Ledger) -> Result<Option<String>, Error> {
    match ledger
        .call(&INDEX, &["walk".into(), ledger.epoch_key().into()])
        .await
    {
        Err(Error::Protocol(word)) if word == "DONE" => Ok(None),
        Ok(answer) => Ok(Some(answer.first().cloned().unwrap_or_default())),
        Err(error) => Err(error),
    }
}

/// Takes rows that were read after `asked_ms` of Redis' clock; `None` for customers that have none. Returns the rows of
/// the walk so far, and how many extra rows of the same customers were seen for the first time.
pub(crate) async fn learn(
    ledger: &Ledger,
    asked_ms: i64,
    invisible: Duration,
    reading: Reading<'_>,
    rows: &[(String, Option<FoundRow>)],
) -> Result<(u64, u64), WalkError> {
    let (kind, before, after, keyless) = match reading {
        Reading::LookUp { longest } => ("look", longest.as_millis().to_string().into(), "", 0),
        Reading::Page {
            before,
            after,
            keyless,
        } => ("walk", Cow::Borrowed(before), after, keyless),
    };
    let mut args: Vec<Cow<'_, str>> = vec![
        asked_ms.to_string().into(),
        invisible.as_millis().to_string().into(),
        kind.into(),
        before,
        after.into(),
        keyless.to_string().into(),
        rows.len().to_string().into(),
    ];
    for (company, row) in rows {
        let (id, hash, written) = match row {
            Some(row) => (row.id.as_str(), row.hash(), row.written_ms),
            None => ("", "", 0),
        };
        args.push(company.as_str().into());
        args.push(id.into());
        args.push(hash.into());
        args.push(written.to_string().into());
    }
    match ledger.call(&LEARN, &args).await {
        Err(Error::Protocol(word)) if word == "STALE" => Err(WalkError::Overtaken),
        answer => {
            let answer = answer?;
            Ok((number(answer.first())?, number(answer.get(1))?))
        }
    }
}

/// The walk has passed over a row that cannot be read.
pub(crate) async fn passed_over(ledger: &Ledger, row: &str) -> Result<(), Error> {
    let args = ["unreadable".into(), ledger.epoch_key().into(), row.into()];
    ledger.call(&INDEX, &args).await.map(drop)
}

/// The form was read to its end.
pub(crate) async fn complete(ledger: &Ledger) -> Result<(), Error> {
    let args = ["complete".into(), ledger.epoch_key().into()];
    ledger.call(&INDEX, &args).await.map(drop)
}

/// The next check finds no index and begins one.
pub(crate) async fn forget(ledger: &Ledger) -> Result<(), Error> {
    let args = ["drop".into(), ledger.epoch_key().into()];
    ledger.call(&INDEX, &args).await.map(drop)
}

/// Notes rows that share their key with the one that is kept up to date: company and row id of each. How many were not
/// known before.
pub(crate) async fn note_duplicates(ledger: &Ledger, rows: &[(&str, &str)]) -> Result<u64, Error> {
    let mut args: Vec<Cow<'_, str>> = vec!["twins".into(), ledger.epoch_key().into()];
    args.push(rows.len().to_string().into());
    for (company, id) in rows {
        args.push((*company).into());
        args.push((*id).into());
    }
    number(ledger.call(&INDEX, &args).await?.first())
}

/// A duplicate was deleted.
pub(crate) async fn merged(ledger: &Ledger, company: &str, row: &str) -> Result<(), Error> {
    ledger
        .call(&MERGED, &[company.into(), row.into()])
        .await
        .map(drop)
}

/// Redis' clock, ms: what is read from the form from now on is at least as new.
pub(crate) async fn clock(ledger: &Ledger) -> Result<i64, Error> {
    let mut connection = ledger.store().connection().await?;
    let (seconds, micros): (i64, i64) = redis::cmd("TIME")
        .query_async(&mut *connection)
        .await
        .map_err(pipeline::store::Error::from)?;
    Ok(seconds * 1000 + micros / 1000)
}
