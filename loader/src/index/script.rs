//! The index's scripts: look, begin, learn a page, declare ready.

use std::borrow::Cow;
use std::time::Duration;

use pipeline::store;
use serde::Serialize;

use super::Error;
use crate::jdy::lookup::FoundRow;
use crate::ledger::{self, Ledger, Lua, number, script};

static INDEX: Lua = Lua::new(|| script(include_str!("index.lua")));
static LEARN: Lua = Lua::new(|| script(include_str!("learn.lua")));
static MERGED: Lua = Lua::new(|| script(include_str!("merged.lua")));

/// The state of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Browser {
    /// Complete.
    Ready {
        /// Which one.
        epoch: String,
        /// Rows with a key when it was built.
        rows: u64,
        /// Rows that share their key with an older one.
        duplicates: u64,
        /// The widgets whose content was hashed.
        widgets: Vec<String>,
    },
    /// Somebody is at it, or was.
    Building {
        /// Rows so far.
        rows: u64,
    },
    /// Nothing there, or nothing that can be trusted.
    Missing,
}

/// A build that was begun or is continued.
#[derive(Debug)]
pub(super) struct Build {
    pub(super) token: String,
    pub(super) cursor: String,
    /// Time since the loss was noticed.
    pub(super) noticed: Duration,
    /// Whoever asked for the rebuild wants duplicates merged.
    pub(super) merge: bool,
}

/// A row that shares its company id with an older one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Duplicate {
    /// The customer.
    pub company: String,
    /// The oldest row, which is kept up to date.
    pub kept: String,
    /// The other one.
    pub extra: String,
}

pub(super) async fn look(ledger: &Ledger, form: &str) -> Result<Browser, Error> {
    let answer = ledger
        .call(&INDEX, &["look".into(), ledger.epoch_key().into(), form.into()])
        .await?;
    let rows = number(answer.get(2))?;
    Ok(match answer.first().map(String::as_str) {
        Some("ready") => Browser::Ready {
            epoch: answer.get(1).cloned().unwrap_or_default(),
            rows,
            duplicates: number(answer.get(3))?,
            widgets: answer
                .get(4)
                .map(|list| list.lines().map(str::to_owned).collect())
                .unwrap_or_default(),
        },
        Some("building") => Browser::Building { rows },
        _ => Browser::Missing,
    })
}

/// Begins a build or continues one; `None` when the index is complete by now.
pub(super) async fn begin(
    ledger: &Ledger,
    form: &str,
    token: &str,
    widgets: &[String],
) -> Result<Option<Build>, Error> {
    let args = [
        "begin".into(),
        ledger.epoch_key().into(),
        form.into(),
        token.into(),
        widgets.join("\n").into(),
    ];
    let answer = match ledger.call(&INDEX, &args).await {
        Err(ledger::Error::Protocol(verdict)) if verdict == "READY" => return Ok(None),
        other => other?,
    };
    let text = |at: usize| answer.get(at).cloned().unwrap_or_default();
    let noticed: i64 = number(answer.get(2))?;
    let noticed = Duration::from_millis(u64::try_from(noticed).unwrap_or(0));
    Ok(Some(Build {
        token: text(0),
        cursor: text(1),
        noticed,
        merge: answer.get(3).is_some_and(|merge| merge == "1"),
    }))
}

/// `window`: rows written less than this before the loss, or since, may hold what a late call has brought back.
pub(super) async fn learn(
    ledger: &Ledger,
    token: &str,
    cursor: &str,
    window: Duration,
    rows: &[(String, FoundRow)],
) -> Result<(u64, u64), Error> {
    let window = window.as_millis().to_string();
    let mut args: Vec<Cow<'_, str>> = vec![token.into(), cursor.into(), window.into()];
    args.push(rows.len().to_string().into());
    for (company, row) in rows {
        args.push(company.as_str().into());
        args.push(row.id.as_str().into());
        args.push(row.hash.as_str().into());
        args.push(row.written_ms.to_string().into());
    }
    let answer = fresh(ledger.call(&LEARN, &args).await)?;
    Ok((number(answer.first())?, number(answer.get(1))?))
}

pub(super) async fn ready(ledger: &Ledger, token: &str, epoch: &str) -> Result<(), Error> {
    let args = [
        "ready".into(),
        ledger.epoch_key().into(),
        token.into(),
        epoch.into(),
    ];
    fresh(ledger.call(&INDEX, &args).await).map(drop)
}

/// `merge`: whoever rebuilds it next shall merge duplicates.
pub(super) async fn forget(ledger: &Ledger, merge: bool) -> Result<(), Error> {
    let merge = if merge { "1" } else { "" };
    Ok(ledger
        .call(&INDEX, &["drop".into(), ledger.epoch_key().into(), merge.into()])
        .await
        .map(drop)?)
}

/// The duplicates that the last reading of the form has found, by company.
pub async fn duplicates(ledger: &Ledger) -> Result<Vec<Duplicate>, Error> {
    let mut connection = ledger.store().connection().await.map_err(ledger::Error::from)?;
    let found: Vec<(String, String)> = redis::cmd("HGETALL")
        .arg(ledger.duplicates_key())
        .query_async(&mut *connection)
        .await
        .map_err(|error| ledger::Error::from(store::Error::from(error)))?;
    let duplicate = |(packed, kept): (String, String)| {
        let (company, extra) = packed.split_once('\n').unwrap_or((&packed, ""));
        let (company, extra) = (company.to_owned(), extra.to_owned());
        Duplicate { company, kept, extra }
    };
    let mut found: Vec<Duplicate> = found.into_iter().map(duplicate).collect();
    found.sort_unstable();
    Ok(found)
}

/// A duplicate was deleted.
pub(super) async fn merged(ledger: &Ledger, token: &str, company: &str, row: &str) -> Result<(), Error> {
    let args = [token.into(), company.into(), row.into()];
    fresh(ledger.call(&MERGED, &args).await).map(drop)
}

fn fresh(answer: Result<Vec<String>, ledger::Error>) -> Result<Vec<String>, Error> {
    match answer {
        Err(ledger::Error::Protocol(verdict)) if verdict == "STALE" => Err(Error::Overtaken),
        other => Ok(other?),
    }
}
