//! Rows that a lost call may still change are written down here and read again later (I3).

use std::borrow::Cow;
use std::time::Duration;

use super::{Error, Ledger, Lua, script};

static VERIFY: Lua = Lua::new(|| script(include_str!("verify.lua")));

/// What the form shows for a customer.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) company: String,
    /// Its row; empty when there is none.
    pub(crate) row_id: String,
    /// Hash of what the row holds.
    pub(crate) hash: String,
}

/// Rows that were handed out to be read again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Due {
    pub(crate) companies: Vec<String>,
    /// When, by the store's clock, unix milliseconds.
    asked_ms: String,
    /// Until when no other loader gets them.
    held_ms: String,
}

/// How one of them compares with what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// As it was written.
    Same,
    /// Something else: the ledger has forgotten the content, and the customer has to be fetched again, for
    /// [`Ledger::verified`].
    Differs,
    /// Being written now, or since it was read, or it differs and was asked for a moment ago; it stays on the list.
    Busy,
}

impl Ledger {
    /// Puts customers on the list, to be read after `delay`.
    pub(crate) async fn verify_later(&self, companies: &[&str], delay: Duration) -> Result<(), Error> {
        let mut args: Vec<Cow<'_, str>> = vec![
            "add".into(),
            delay.as_millis().to_string().into(),
            companies.len().to_string().into(),
        ];
        args.extend(companies.iter().map(|company| Cow::Borrowed(*company)));
        self.call(&VERIFY, &args).await.map(drop)
    }

    /// Customers that are due; no other loader gets them for as long as `lease`.
    pub(crate) async fn due_for_verification(&self, most: usize, lease: Duration) -> Result<Due, Error> {
        let args = [
            "pop".into(),
            most.to_string().into(),
            lease.as_millis().to_string().into(),
        ];
        let mut answer = self.call(&VERIFY, &args).await?.into_iter();
        let mut time = || {
            answer
                .next()
                .ok_or_else(|| Error::Protocol(words::tr!("no time")))
        };
        Ok(Due {
            asked_ms: time()?,
            held_ms: time()?,
            companies: answer.collect(),
        })
    }

    /// Takes customers off the list that were judged to differ and have been asked for again; one that was put on the
    /// list anew since stays there.
    pub(crate) async fn verified(&self, due: &Due, companies: &[&str]) -> Result<(), Error> {
        let mut args: Vec<Cow<'_, str>> = vec![
            "done".into(),
            due.held_ms.as_str().into(),
            companies.len().to_string().into(),
        ];
        args.extend(companies.iter().map(|company| Cow::Borrowed(*company)));
        self.call(&VERIFY, &args).await.map(drop)
    }

    /// Compares what the form shows with what was written, and takes what agrees off the list. What was written
    /// less than `invisible` before it was read, or since, is read once more after `again`; a row that is not there, when it
    /// was written less than `longest` before.
    pub(crate) async fn judge(
        &self,
        due: &Due,
        seen: &[Seen],
        invisible: Duration,
        longest: Duration,
        again: Duration,
    ) -> Result<Vec<Judged>, Error> {
        let mut args: Vec<Cow<'_, str>> = vec![
            "judge".into(),
            due.asked_ms.as_str().into(),
            due.held_ms.as_str().into(),
            invisible.as_millis().to_string().into(),
            longest.as_millis().to_string().into(),
            again.as_millis().to_string().into(),
            seen.len().to_string().into(),
        ];
        for row in seen {
            args.push(row.company.as_str().into());
            args.push(row.row_id.as_str().into());
            args.push(row.hash.as_str().into());
        }
        let judged = |text: String| match text.as_str() {
            "=" => Ok(Judged::Same),
            "~" => Ok(Judged::Differs),
            "b" => Ok(Judged::Busy),
            _ => Err(Error::Protocol(text)),
        };
        self.call(&VERIFY, &args).await?.into_iter().map(judged).collect()
    }
}
