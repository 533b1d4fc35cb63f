//! How far a comparison has come, in Redis: the next run goes on there, unless the filter has changed in between.
//!
//! What was found belongs to where it was found: a step that did not come to its end is repeated, and whatever it has counted
//! is taken back ([`Place::last`]), or it would count twice.

use super::findings::Findings;
use crate::{pause::lock, window::Window};
use pipeline::{
    names::{Namespace, REMOVALS_ALLOWED},
    store::{Error, Store},
};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

/// A comparison that nobody went on with for this long is begun again.
const KEPT_S: u64 = 86_400;
/// Seconds and slices that were not read and are remembered one by one.
const MOST_UNREAD: usize = 500;
/// So many rows on other days may be wrong, whatever their share.
const ALWAYS: u64 = 10;
/// Customers that are taken out of the set at a time.
const AT_A_TIME: usize = 100;

/// What is read next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Next {
    /// A part of the listing, from this second on.
    Listed { part: usize, cursor: Option<i64> },
    /// Customers of which something is known, from this cursor on.
    Known(u64),
    /// What has changed since the comparison began.
    Changed,
    /// A part of the listing of deleted customers, from this second on.
    Deleted { part: usize, cursor: Option<i64> },
    /// Those that were in no listing.
    Unlisted,
}

/// A comparison that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Progress {
    /// With which filter, and whether it fixes.
    subject: String,
    /// Its number, by which the customers are marked that it has listed.
    pub(super) number: u64,
    /// The last second of the listing.
    pub(super) end: i64,
    /// The run under which customers are asked for again.
    pub(super) run: String,
    pub(super) next: Next,
    pub(super) findings: Findings,
    /// Customers that only seemed to be ahead of OKKI.
    #[serde(default)]
    pub(super) others: u64,
    /// Where the listing has not shown everybody.
    #[serde(default)]
    unread: Vec<(Option<i64>, i64)>,
    /// Rows that were shown with times outside of what was asked for, and of these the ones on other days.
    #[serde(default)]
    strays: u64,
    #[serde(default)]
    displaced: u64,
}

/// How far the listing of a comparison can be believed when it does not show somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It shows the times by which it filters.
    Exact,
    /// A few rows were elsewhere, or it honours dates only.
    Days,
    /// It shows other times than it filters by.
    Nothing,
}

impl Progress {
    /// Rows of a step that were elsewhere than they should be.
    pub(super) const fn note_strays(&mut self, strays: u64, displaced: u64) {
        self.strays += strays;
        self.displaced += displaced;
    }

    /// One row in a hundred may be wrong, and ten in any case.
    pub(super) fn trust(&self) -> Trust {
        match (self.strays, self.displaced) {
            (0, _) => Trust::Exact,
            (_, displaced) if displaced <= ALWAYS.max(self.findings.listed / 100) => Trust::Days,
            _ => Trust::Nothing,
        }
    }

    /// Somebody may be in these seconds whom no page has shown.
    pub(super) fn skip(&mut self, window: Window) {
        self.unread.push((window.start, window.end));
        if self.unread.len() > MOST_UNREAD {
            // What is too much to be remembered is a hole in everything.
            self.unread = vec![(None, i64::MAX)];
        }
    }

    /// Whether everybody of this second was listed.
    pub(super) fn has_read(&self, second: i64) -> bool {
        let window = |(start, end): &(Option<i64>, i64)| Window {
            start: *start,
            end: *end,
        };
        second <= self.end && !self.unread.iter().any(|hole| window(hole).contains(second))
    }
}

/// Where it is kept.
pub(super) struct Place {
    store: Store,
    key: String,
    unlisted: String,
    subject: String,
    /// A person has allowed any number of removals.
    allowed: bool,
    /// As it was last kept.
    last: Mutex<Option<Progress>>,
    /// Customers that are counted as handled and may still be in the set.
    taken: Mutex<Vec<String>>,
}

impl Place {
    pub(super) fn new(
        store: Store,
        namespace: &Namespace,
        filter: &str,
        (fix, allowed): (bool, bool),
    ) -> Self {
        Self {
            store,
            key: namespace.source_reconcile_key(),
            unlisted: namespace.unlisted_key(),
            subject: format!("{filter} {fix} {allowed}"),
            allowed,
            last: Mutex::default(),
            taken: Mutex::default(),
        }
    }

    /// As it was last kept: where a step that has failed is repeated from.
    pub(super) fn last(&self) -> Option<Progress> {
        lock(&self.last).clone()
    }

    /// The comparison to go on with, if there is one.
    pub(super) async fn open(&self) -> Result<Option<Progress>, Error> {
        let mut command = redis::cmd("GET");
        command.arg(&self.key);
        let kept: Option<String> = self.ask(&command).await?;
        // What cannot be read is of another version.
        let kept = kept.and_then(|text| serde_json::from_str::<Progress>(&text).ok());
        let kept = kept.filter(|kept| kept.subject == self.subject);
        lock(&self.last).clone_from(&kept);
        Ok(kept)
    }

    /// Begins one at this time (unix milliseconds).
    pub(super) async fn begin(&self, now_ms: i64, end: i64) -> Result<Progress, Error> {
        self.close().await?;
        let kind = match self.allowed {
            true => REMOVALS_ALLOWED,
            false => "reconcile-",
        };
        let begun = Progress {
            subject: self.subject.clone(),
            number: now_ms.unsigned_abs(),
            end,
            run: format!("{kind}{}", uuid::Uuid::new_v4().simple()),
            next: Next::Listed {
                part: 0,
                cursor: None,
            },
            findings: Findings::default(),
            others: 0,
            unread: Vec::new(),
            strays: 0,
            displaced: 0,
        };
        *lock(&self.last) = Some(begun.clone());
        Ok(begun)
    }

    pub(super) async fn keep(&self, progress: &Progress) -> Result<(), Error> {
        let text = serde_json::to_string(progress).unwrap_or_default();
        let mut command = redis::cmd("SET");
        command.arg(&self.key).arg(text).arg("EX").arg(KEPT_S);
        self.ask::<()>(&command).await?;
        *lock(&self.last) = Some(progress.clone());
        Ok(())
    }

    /// It is complete.
    pub(super) async fn close(&self) -> Result<(), Error> {
        let mut command = redis::cmd("DEL");
        command.arg(&self.key).arg(&self.unlisted);
        self.ask::<()>(&command).await?;
        lock(&self.taken).clear();
        Ok(())
    }

    /// Adds customers that were not listed.
    pub(super) async fn add_unlisted(&self, ids: &[&str]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        pipe.cmd("SADD").arg(&self.unlisted).arg(ids).ignore();
        pipe.cmd("EXPIRE").arg(&self.unlisted).arg(KEPT_S).ignore();
        let mut connection = self.store.connection().await?;
        Ok(pipe.query_async::<()>(&mut *connection).await?)
    }

    /// Which of these customers were not listed.
    pub(super) async fn are_unlisted(&self, ids: &[&str]) -> Result<Vec<bool>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.take_out().await?;
        let mut pipe = redis::pipe();
        for id in ids {
            pipe.cmd("SISMEMBER").arg(&self.unlisted).arg(id);
        }
        let mut connection = self.store.connection().await?;
        Ok(pipe.query_async(&mut *connection).await?)
    }

    /// They were seen in a listing after all, or are handled.
    pub(super) async fn take_unlisted(&self, ids: &[&str]) -> Result<(), Error> {
        lock(&self.taken).extend(ids.iter().map(|id| (*id).to_owned()));
        self.take_out().await
    }

    /// Takes out of the set whom an outage has left there: they were counted, and would be counted again.
    async fn take_out(&self) -> Result<(), Error> {
        let ids = lock(&self.taken).clone();
        if !ids.is_empty() {
            let mut command = redis::cmd("SREM");
            command.arg(&self.unlisted).arg(&ids);
            self.ask::<()>(&command).await?;
            lock(&self.taken).drain(..ids.len());
        }
        Ok(())
    }

    pub(super) async fn unlisted(&self) -> Result<u64, Error> {
        self.take_out().await?;
        let mut command = redis::cmd("SCARD");
        command.arg(&self.unlisted);
        self.ask(&command).await
    }

    /// Some of them.
    pub(super) async fn some_unlisted(&self) -> Result<Vec<String>, Error> {
        self.take_out().await?;
        let mut command = redis::cmd("SRANDMEMBER");
        command.arg(&self.unlisted).arg(AT_A_TIME);
        self.ask(&command).await
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, Error> {
        let mut connection = self.store.connection().await?;
        Ok(command.query_async(&mut *connection).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_with_rows_elsewhere_is_believed_less() {
        let mut progress = progress();
        assert_eq!(progress.trust(), Trust::Exact);
        progress.findings.listed = 2_000;
        progress.note_strays(300, 0);
        assert_eq!(progress.trust(), Trust::Days, "as one that honours dates only");
        progress.note_strays(20, 20);
        assert_eq!(progress.trust(), Trust::Days);
        progress.note_strays(1, 1);
        assert_eq!(progress.trust(), Trust::Nothing);
    }

    fn progress() -> Progress {
        Progress {
            subject: String::new(),
            number: 1,
            end: 100,
            run: String::new(),
            next: Next::Unlisted,
            findings: Findings::default(),
            others: 0,
            unread: Vec::new(),
            strays: 0,
            displaced: 0,
        }
    }

    #[test]
    fn what_was_not_read_is_not_known_to_be_unlisted() {
        let mut progress = progress();
        assert!(progress.has_read(100) && !progress.has_read(101));
        progress.skip(Window {
            start: Some(50),
            end: 52,
        });
        assert!(!progress.has_read(51) && progress.has_read(49) && progress.has_read(53));
        for _ in 0..MOST_UNREAD {
            progress.skip(Window {
                start: Some(7),
                end: 7,
            });
        }
        assert!(!progress.has_read(49) && progress.unread.len() == 1);
    }
}
