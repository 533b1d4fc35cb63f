//! Does a failure concern one customer or all of them? Whatever OKKI answers for one (a refusal, a page, nothing, an odd
//! shape): only what it answers for another one since then tells.
//!
//! Without this, either a record that makes OKKI answer 500 or 403 would pause the stage for ever (against "one bad record
//! costs one record"), or an outage of the detail endpoint or a lost privilege would push every customer up the retry
//! ladder and into the dead-letter queue (against "an outage is not a failure").

use crate::okki::{Client, Error, PageRequest, chain};
use pipeline::quota::Lane;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// That everybody fails is believed for so long by those who fail in the meantime.
const FRESH: Duration = Duration::from_secs(2);
/// Customers that are remembered of those who were answered and of those who were refused.
const REMEMBERED: usize = 5;
/// Rows of the listing among which others are chosen.
const ROWS: u32 = 20;
/// How many of them are asked for at a time, others each time.
const CHOSEN: usize = 3;

/// So many that hang are enough to know.
const MOST_TIMEOUTS: u32 = 2;

/// Whom a failure concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// This customer: others are answered.
    One,
    /// Nobody is answered.
    Everybody,
}

/// What another customer was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// Nothing that says more than the failure itself.
    None,
    /// That there is no such customer: OKKI is there and takes the token.
    Orderly,
    /// Its detail.
    Success,
}

/// Tells a failure of one customer from one of everybody, by comparing it with what others are answered.
pub(crate) struct FailureScope {
    client: Arc<Client>,
    last: Mutex<Last>,
    /// What was found out last; one worker asks, the others find its result.
    found: tokio::sync::Mutex<Option<Found>>,
}

/// What others were answered when they were asked.
#[derive(Clone, Copy)]
struct Found {
    at: Instant,
    /// The search ended with evidence as good as this.
    sought: Evidence,
    evidence: Evidence,
}

#[derive(Default)]
struct Last {
    /// Customers whose details were fetched, the latest first.
    good: VecDeque<String>,
    /// Customers whose details were refused, the latest first.
    refused: VecDeque<String>,
    /// When the latest calls were begun that were answered so.
    success: Option<Instant>,
    orderly: Option<Instant>,
    /// How often others were chosen.
    turns: usize,
}

impl FailureScope {
    /// Starts without any customer that could be fetched.
    #[must_use]
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            last: Mutex::default(),
            found: tokio::sync::Mutex::default(),
        }
    }

    /// The detail of a customer was fetched, by a call that was begun at `begun`.
    pub(crate) fn answered(&self, company_id: &str, begun: Instant) {
        let mut last = self.lock();
        last.success = last.success.max(Some(begun));
        last.refused.retain(|known| known != company_id);
        remember(&mut last.good, company_id);
    }

    /// Whom a failure concerns that ended a call begun at `begun`.
    pub(crate) async fn of(&self, company_id: &str, error: &Error, begun: Instant) -> Scope {
        remember(&mut self.lock().refused, company_id);
        if let Error::NotFound { .. } = error {
            let mut last = self.lock();
            last.orderly = last.orderly.max(Some(begun));
        }
        let needed = needed(error);
        let mut found = self.found.lock().await;
        if self.lock().evidence_since(begun) >= needed {
            return Scope::One;
        }
        if let Some(scope) = found.and_then(|found| found.scope(needed, begun)) {
            return scope;
        }
        let evidence = self.ask_for_others(company_id, needed).await;
        tracing::debug!(
            company_id,
            ?evidence,
            error = chain(error),
            "asked what others are answered"
        );
        let now = Found {
            at: Instant::now(),
            sought: needed,
            evidence,
        };
        *found = Some(now);
        now.scope(needed, begun).unwrap_or(Scope::Everybody)
    }

    /// The probe of a pause that was made because of details: an error while nobody is answered.
    pub(crate) async fn somebody_is_answered(&self) -> Result<(), Error> {
        let (good, refused) = {
            let last = self.lock();
            (last.good.clone(), last.refused.clone())
        };
        let listed = self.others("").await?;
        let (mut latest, mut timeouts) = (None, 0);
        for id in good
            .iter()
            .take(1)
            .chain(&listed)
            .chain(refused.iter().take(CHOSEN))
        {
            match self.ask(id).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    timeouts += u32::from(error.is_timeout());
                    latest = Some(error);
                }
            }
            if timeouts >= MOST_TIMEOUTS {
                break;
            }
        }
        // An account without customers: the listing's answer has to do.
        latest.map_or(Ok(()), Err)
    }

    async fn ask_for_others(&self, company_id: &str, needed: Evidence) -> Evidence {
        let (mut best, mut timeouts) = (Evidence::None, 0);
        let good = self.lock().good.clone();
        let others = good.into_iter().filter(|id| id != company_id);
        let mut candidates: Vec<String> = others.take(2).collect();
        let remembered = candidates.len();
        for at in 0.. {
            if at == remembered {
                let Ok(listed) = self.others(company_id).await else {
                    break;
                };
                if candidates.is_empty() && listed.is_empty() {
                    // Without another customer the listing's answer has to do.
                    return Evidence::Success;
                }
                candidates.extend(listed);
            }
            let Some(id) = candidates.get(at) else { break };
            best = best.max(match self.ask(id).await {
                Ok(()) => Evidence::Success,
                Err(Error::NotFound { .. } | Error::Business { .. }) => Evidence::Orderly,
                Err(error) => {
                    timeouts += u32::from(error.is_timeout());
                    Evidence::None
                }
            });
            if best >= needed || timeouts >= MOST_TIMEOUTS {
                break;
            }
        }
        best
    }

    async fn ask(&self, company_id: &str) -> Result<(), Error> {
        let begun = Instant::now();
        self.client.detail_once(Lane::Live, company_id).await?;
        self.answered(company_id, begun);
        Ok(())
    }

    /// A few listed customers other than this one, others each time and rather those that were not refused of late, so that
    /// bad ones do not stand for all.
    async fn others(&self, company_id: &str) -> Result<Vec<String>, Error> {
        let turn = {
            let mut last = self.lock();
            last.turns += 1;
            last.turns - 1
        };
        const TURNS: usize = ROWS as usize / CHOSEN;
        let request = PageRequest {
            start: None,
            end: None,
            page: 1 + (turn / TURNS) as u64 % 5,
            count: ROWS,
            removed: false,
        };
        let mut page = self.client.page(Lane::Live, &request).await?;
        if page.items.is_empty() && request.page > 1 {
            let first = PageRequest { page: 1, ..request };
            page = self.client.page(Lane::Live, &first).await?;
        }
        let listed = page.items.into_iter().map(|item| item.company_id);
        let all: Vec<String> = listed.filter(|id| id != company_id).collect();
        let refused = self.lock().refused.clone();
        let mut ids: Vec<String> = all.iter().filter(|id| !refused.contains(id)).cloned().collect();
        if ids.is_empty() {
            ids = all;
        }
        if !ids.is_empty() {
            let length = ids.len();
            ids.rotate_left(turn * CHOSEN % length);
        }
        ids.truncate(CHOSEN);
        Ok(ids)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Found {
    /// What it says about a failure that needs so much evidence to concern one customer alone; `None`: nothing.
    fn scope(self, needed: Evidence, begun: Instant) -> Option<Scope> {
        if self.at >= begun && self.evidence >= needed {
            Some(Scope::One)
        } else if self.sought >= needed
            && self.evidence < needed
            && (self.at >= begun || self.at.elapsed() < FRESH)
        {
            Some(Scope::Everybody)
        } else {
            None
        }
    }
}

impl Last {
    fn evidence_since(&self, begun: Instant) -> Evidence {
        let since = |at: Option<Instant>| at.is_some_and(|at| at > begun);
        if since(self.success) {
            Evidence::Success
        } else if since(self.orderly) {
            Evidence::Orderly
        } else {
            Evidence::None
        }
    }
}

/// What others must be answered for a failure to be about the customer alone.
const fn needed(error: &Error) -> Evidence {
    match error {
        // That others are not found either is what a lost privilege looks like; that others are told the same final code, a
        // wrong request.
        Error::NotFound { .. } | Error::Business { .. } => Evidence::Success,
        _ => Evidence::Orderly,
    }
}

fn remember(ids: &mut VecDeque<String>, id: &str) {
    if ids.front().is_some_and(|latest| latest == id) {
        return;
    }
    ids.retain(|known| known != id);
    ids.push_front(id.to_owned());
    ids.truncate(REMEMBERED);
}
