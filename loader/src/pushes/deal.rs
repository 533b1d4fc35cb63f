//! Deals with hints: takes them, lets the ledger judge what a look has shown, and has the customers asked for whose rows
//! are to be as they were.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::Pushes;
use super::inbox::{Hint, Note, Taken, UNKNOWN_AT_ONCE};
use super::look::{Look, as_seen, shown};
use super::parse::Deed;
use super::verdict::{End, Place, end, put_off};
use crate::failpoint;
use crate::index::VISIBLE_AFTER;
use crate::jdy::key::is_company_id;
use crate::jdy::lookup::FoundRow;
use crate::ledger::index::{Reading, WalkError, learn, merged};
use crate::ledger::{Error, Seen, TouchJudged};
use crate::vendor::Patience;
use crate::write::NotAsked;

/// Rows that are looked at together: two customers each at most, in one query.
const AT_ONCE: usize = 50;
/// A row that cannot be shown although others can is given up after so many looks (I12).
const MOST_TRIES: u32 = 6;
/// What a row that was asked for by its id costs others: so much rest afterwards (docs/invariants.md, I17).
const REST: Duration = Duration::from_millis(100);

/// A look has come to no end now. The hints come back.
pub(super) struct NotNow;

impl Pushes {
    /// Deals with what is due; how long to rest afterwards, `None` when nothing is, or it has to wait.
    pub(super) async fn deal(&self) -> Option<Duration> {
        let taken = match self.inbox.take(AT_ONCE, self.hold()).await {
            Ok(taken) => taken,
            Err(error) => {
                self.writer.runtime.redis_lost(&error);
                return None;
            }
        };
        self.counts.waiting(taken.waiting);
        if taken.unknown > UNKNOWN_AT_ONCE as u64 {
            self.sift().await;
        }
        if taken.hints.is_empty() {
            return None;
        }
        failpoint::hit("push-taken").await;
        let (ends, rest) = match self.ends(&taken).await {
            Ok(ended) => ended,
            Err(NotNow) => {
                let later = taken.hints.iter().map(|hint| (hint, Some(put_off(hint))));
                self.settle(&later.collect::<Vec<_>>()).await;
                return None;
            }
        };
        failpoint::hit("push-judged").await;
        let settled = ends.iter().map(|(hint, end)| match end {
            End::Done(..) => (*hint, None),
            End::Later(wait) => (*hint, Some(*wait)),
        });
        if !self.settle(&settled.collect::<Vec<_>>()).await {
            return None;
        }
        for (hint, end) in &ends {
            if let End::Done(change, action) = end {
                self.counts.found(change, action);
                tracing::info!(row = hint.row, change, action, "a person has touched a row");
            }
        }
        Some(rest)
    }

    /// A loader that took hints has this long; if it dies, another one takes them.
    fn hold(&self) -> Duration {
        self.writer.ledger.lease()
    }

    async fn settle(&self, hints: &[(&Hint, Option<Duration>)]) -> bool {
        let settled = self.inbox.settle(hints).await;
        if let Err(error) = &settled {
            self.writer.runtime.redis_lost(error);
        }
        settled.is_ok()
    }

    async fn ends<'a>(&self, taken: &'a Taken) -> Result<(Vec<(&'a Hint, End)>, Duration), NotNow> {
        let recognition = self.writer.index.recognition().ok_or(NotNow)?;
        let patience = Patience::new(self.hold() / 2);
        let look = self.look(&recognition, &taken.hints, &patience).await?;
        let judged = self.judged(taken, &look).await?;
        let mut ends = Vec::with_capacity(taken.hints.len());
        for hint in &taken.hints {
            if let Some(company) = look.moved.get(&hint.row) {
                self.say_moved(hint, company).await?;
                ends.push((hint, End::Later(VISIBLE_AFTER)));
                continue;
            }
            if let Some(wait) = look.waits.get(&hint.row) {
                ends.push((hint, End::Later((*wait).max(put_off(hint)))));
                continue;
            }
            let companies = look.companies_of(hint);
            let judged: Vec<TouchJudged> = companies
                .iter()
                .filter_map(|company| judged.get(*company).copied())
                .collect();
            let end = match look.places.get(&hint.row) {
                Some(place) if !look.is_unreadable(&companies) => end(hint, *place, &judged, taken.time_ms),
                _ if hint.tries < MOST_TRIES => End::Later(put_off(hint)),
                _ => End::Done("unreadable", "left"),
            };
            if matches!(end, End::Done(..)) {
                self.forget_duplicates(hint, &look).await?;
            }
            ends.push((hint, end));
        }
        if ends.iter().any(|(_, end)| matches!(end, End::Done("keyless", _))) {
            self.writer.keyless.noticed().await;
        }
        let rest = REST.saturating_mul(u32::try_from(look.by_id + 1).unwrap_or(u32::MAX));
        Ok((ends, rest))
    }

    /// What the ledger says of everybody, and what has to be done about it.
    async fn judged(&self, taken: &Taken, look: &Look) -> Result<HashMap<String, TouchJudged>, NotNow> {
        let mut seen: HashMap<&str, Seen> = HashMap::new();
        let is_clear =
            |hint: &&Hint| !look.moved.contains_key(&hint.row) && !look.waits.contains_key(&hint.row);
        for company in taken.hints.iter().filter(is_clear).flat_map(Hint::companies) {
            if !look.is_unreadable(&BTreeSet::from([company])) {
                seen.insert(company, shown(company, look));
            }
        }
        for company in look.bereft.values() {
            seen.insert(company, as_seen(company, "", ""));
        }
        for (row, owner) in &look.owners {
            // The key has to be written again, so that nothing of it counts as written.
            seen.insert(owner, as_seen(owner, row, ""));
        }
        let seen: Vec<Seen> = seen.into_values().collect();
        let ledger = &self.writer.ledger;
        let words = ledger
            .touched(taken.time_ms, VISIBLE_AFTER, self.config.undo, &seen)
            .await;
        let words = words.map_err(|error| self.failed(&error))?;
        let companies = seen.iter().map(|seen| seen.company.clone());
        let judged: HashMap<String, TouchJudged> = companies.zip(words).collect();
        self.learn(taken.time_ms, look, &judged).await?;
        failpoint::hit("push-learned").await;
        self.ask(&judged).await?;
        Ok(judged)
    }

    /// Rows that the index has not seen, and those that share their key with another one.
    async fn learn(
        &self,
        asked_ms: i64,
        look: &Look,
        judged: &HashMap<String, TouchJudged>,
    ) -> Result<(), NotNow> {
        let is_judged = |company: &String| {
            let judged = judged.get(company);
            judged.is_some_and(|judged| *judged != TouchJudged::Busy)
        };
        let rows = look.found.iter().filter(|(company, _)| is_judged(company));
        let rows: Vec<(String, Option<FoundRow>)> = rows
            .flat_map(|(company, rows)| rows.iter().map(|row| (company.clone(), Some(row.clone()))))
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        match learn(
            &self.writer.ledger,
            asked_ms,
            VISIBLE_AFTER,
            Reading::LookUp {
                longest: self.writer.lateness(),
            },
            &rows,
        )
        .await
        {
            Ok((_, 0)) => Ok(()),
            Ok(_) => {
                self.writer.index.look_again().await;
                Ok(())
            }
            Err(WalkError::Ledger(error)) => Err(self.failed(&error)),
            Err(WalkError::Overtaken) => Err(NotNow),
        }
    }

    /// Has the customers fetched again whose rows are to be as they were.
    async fn ask(&self, judged: &HashMap<String, TouchJudged>) -> Result<(), NotNow> {
        let wanted = judged.iter().filter(|(company, judged)| {
            matches!(judged, TouchJudged::Touched(_, true)) && is_company_id(company)
        });
        let wanted: Vec<&str> = wanted.map(|(company, _)| company.as_str()).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        match self.writer.ask_again("push", &wanted).await {
            Ok(()) => {}
            Err(NotAsked::Store(error)) => {
                self.writer.runtime.redis_lost(&error);
                return Err(NotNow);
            }
            Err(NotAsked::Publish(error)) => {
                tracing::debug!(%error, "customers of touched rows could not be asked for");
                return Err(NotNow);
            }
        }
        failpoint::hit("push-asked").await;
        let asked = self.writer.ledger.touch_asked(&wanted).await;
        asked.map_err(|error| self.failed(&error))
    }

    /// The row has got another key since it was pushed: it is looked at again as that one's.
    async fn say_moved(&self, hint: &Hint, company: &str) -> Result<(), NotNow> {
        let note = Note {
            row: &hint.row,
            deed: Deed::Update,
            company,
            content: "",
            known: false,
            names: ["", ""],
            lives: Duration::ZERO,
        };
        match self.inbox.note(&note).await {
            Ok(_) => Ok(()),
            Err(error) => {
                self.writer.runtime.redis_lost(&error);
                Err(NotNow)
            }
        }
    }

    /// A row that stood beside the one that is kept is gone, or is another customer's.
    async fn forget_duplicates(&self, hint: &Hint, look: &Look) -> Result<(), NotNow> {
        let is_gone = look.places.get(&hint.row) == Some(&Place::Gone);
        let owner = look.owners.get(&hint.row).map(String::as_str);
        if !is_gone && owner.is_none() {
            return Ok(());
        }
        for company in hint.companies().filter(|company| owner != Some(*company)) {
            let forgotten = merged(&self.writer.ledger, company, &hint.row).await;
            forgotten.map_err(|error| self.failed(&error))?;
        }
        self.writer.index.look_again().await;
        Ok(())
    }

    pub(super) fn failed(&self, error: &Error) -> NotNow {
        match error {
            Error::Store(cause) => self.writer.runtime.redis_lost(cause),
            Error::NoIndex => self.writer.index.lost(),
            other => tracing::debug!(error = %other, "touched rows cannot be judged now"),
        }
        NotNow
    }
}
