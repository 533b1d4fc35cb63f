//! What the ledger does for the index of the form, which lies in its rows: state, begin, learn a page, declare ready.

use std::borrow::Cow;
use std::time::Duration;

use super::{Error, Ledger, Lua, number, script};
use crate::jdy::lookup::FoundRow;

static INDEX: Lua = Lua::new(|| script(include_str!("index.lua")));
static LEARN: Lua = Lua::new(|| script(include_str!("learn.lua")));
static MERGED: Lua = Lua::new(|| script(include_str!("merged.lua")));

/// Why a step of a build was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// The ledger could not be asked.
    #[error(transparent)]
    Ledger(#[from] Error),
    /// Another loader began anew.
    #[error("another loader has begun to build the index anew")]
    Overtaken,
}

/// The state of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IndexState {
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
    /// A loader is walking the form, or was.
    Building {
        /// Rows so far.
        rows: u64,
    },
    /// Nothing there, or nothing that can be trusted.
    Missing,
}

/// A build that was begun or is continued.
#[derive(Debug)]
pub(crate) struct Build {
    pub(crate) token: String,
    pub(crate) cursor: String,
    /// Time since the loss was noticed.
    pub(crate) noticed: Duration,
}

pub(crate) async fn state(ledger: &Ledger, form: &str) -> Result<IndexState, Error> {
    let answer = ledger
        .call(&INDEX, &["state".into(), ledger.epoch_key().into(), form.into()])
        .await?;
    let rows = number(answer.get(2))?;
    Ok(match answer.first().map(String::as_str) {
        Some("ready") => IndexState::Ready {
            epoch: answer.get(1).cloned().unwrap_or_default(),
            rows,
            duplicates: number(answer.get(3))?,
            widgets: answer
                .get(4)
                .map(|list| list.lines().map(str::to_owned).collect())
                .unwrap_or_default(),
        },
        Some("building") => IndexState::Building { rows },
        _ => IndexState::Missing,
    })
}

/// Begins a build or continues one; `None` when the index is complete by now.
pub(crate) async fn begin(
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
        Err(Error::Protocol(word)) if word == "READY" => return Ok(None),
        other => other?,
    };
    let text = |at: usize| answer.get(at).cloned().unwrap_or_default();
    let noticed: i64 = number(answer.get(2))?;
    let noticed = Duration::from_millis(u64::try_from(noticed).unwrap_or(0));
    Ok(Some(Build {
        token: text(0),
        cursor: text(1),
        noticed,
    }))
}

/// `window`: rows written less than this before the loss, or since, may hold what a late call has brought back.
pub(crate) async fn learn(
    ledger: &Ledger,
    token: &str,
    cursor: &str,
    window: Duration,
    rows: &[(String, FoundRow)],
) -> Result<(u64, u64), BuildError> {
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

pub(crate) async fn ready(ledger: &Ledger, token: &str, epoch: &str) -> Result<(), BuildError> {
    let args = [
        "ready".into(),
        ledger.epoch_key().into(),
        token.into(),
        epoch.into(),
    ];
    fresh(ledger.call(&INDEX, &args).await).map(drop)
}

/// The next check finds no complete index and rebuilds it.
pub(crate) async fn forget(ledger: &Ledger) -> Result<(), Error> {
    let args = ["drop".into(), ledger.epoch_key().into()];
    ledger.call(&INDEX, &args).await.map(drop)
}

/// A duplicate was deleted.
pub(crate) async fn merged(ledger: &Ledger, company: &str, row: &str) -> Result<(), Error> {
    let args = [company.into(), row.into()];
    ledger.call(&MERGED, &args).await.map(drop)
}

fn fresh(answer: Result<Vec<String>, Error>) -> Result<Vec<String>, BuildError> {
    match answer {
        Err(Error::Protocol(word)) if word == "STALE" => Err(BuildError::Overtaken),
        other => Ok(other?),
    }
}

/// Sets the time at which the loss was noticed, for tests that cannot wait.
#[cfg(test)]
pub(crate) async fn set_noticed(ledger: &Ledger, time_ms: i64) {
    let mut connection = ledger.store().connection().await.unwrap();
    redis::cmd("HSET")
        .arg(ledger.index_key())
        .arg(super::schema::index::NOTICED)
        .arg(time_ms)
        .query_async::<()>(&mut *connection)
        .await
        .unwrap();
}
