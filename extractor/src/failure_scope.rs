//! Does a failure concern one customer or all of them? Whatever OKKI answers for one (a refusal, a page, nothing, an odd
//! shape): only what it answers for another one since then tells.
//!
//! Without this, either a record that makes OKKI answer 500 or 403 would pause the stage for ever (against "one bad record
//! costs one record"), or an outage of the detail endpoint or a lost privilege would push every customer up the retry
//! ladder and into the dead-letter queue (against "an outage is not a failure").

mod memory;
mod older;

use crate::okki::{Client, Detail, Error};
use memory::{Found, Last};
use pipeline::quota::Lane;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Rows of the listing among which others are chosen.
const ROWS: u32 = 20;
/// How many of them are asked for at a time, others each time.
const CHOSEN: usize = 3;

/// So many that hang are enough to know.
const MOST_TIMEOUTS: u32 = 2;

/// So many that are limited as well are enough to know.
const MOST_LIMITED: u32 = 2;

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
    /// Whether everybody's detail was older than its row when others were asked last.
    older: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

impl FailureScope {
    /// Starts without any customer that could be fetched.
    #[must_use]
    pub(crate) fn new(client: Arc<Client>) -> Self {
        Self {
            client,
            last: Mutex::default(),
            found: tokio::sync::Mutex::default(),
            older: tokio::sync::Mutex::default(),
        }
    }

    /// The detail of a customer was fetched, by a call that was begun at `begun`.
    pub(crate) fn answered(&self, company_id: &str, detail: &Detail, begun: Instant) {
        match detail.closes {
            // Asked as a witness, it would close what it is to show open.
            true => self.lock().closes(company_id),
            false => self.lock().answered(company_id, begun),
        }
    }

    /// Whom a failure concerns that ended a call begun at `begun`. Where it is a limit for everybody, everybody keeps to it from
    /// now on; a customer who alone is limited costs nobody anything.
    pub(crate) async fn of(&self, company_id: &str, error: &Error, begun: Instant) -> Scope {
        if self.is_limited_alone(company_id, error) {
            return Scope::One;
        }
        if matches!(error, Error::RateLimited { .. }) {
            // As long as it may be the rate, a moment is waited, which grows; what the answer says is for whom it is about.
            self.keep_away(None).await;
        }
        let scope = self.judged(company_id, error, begun).await;
        match (scope, error) {
            (Scope::One, Error::RateLimited { .. } | Error::Closed { .. }) => {
                self.lock().is_limited(company_id)
            }
            (
                Scope::Everybody,
                Error::RateLimited {
                    retry_after: Some(wait),
                }
                | Error::Closed { left: wait },
            ) => {
                self.keep_away(Some(*wait)).await;
            }
            _ => {}
        }
        scope
    }

    async fn keep_away(&self, wait: Option<Duration>) {
        if let Err(error) = self.client.keep_away(wait).await {
            tracing::debug!(
                error = pipeline::cause::logged(&error),
                "shared quota does not know that okki limits the rate"
            );
        }
    }

    /// Whether it is known that the calls about this customer are limited, and those about others are not.
    pub(crate) fn is_limited_alone(&self, company_id: &str, error: &Error) -> bool {
        error.is_limit() && self.lock().is_limited_alone(company_id)
    }

    async fn judged(&self, company_id: &str, error: &Error, begun: Instant) -> Scope {
        self.lock().failed(company_id, error, begun);
        let needed = needed(error);
        let mut found = self.found.lock().await;
        {
            let last = self.lock();
            if last.evidence_since(begun) >= needed {
                return Scope::One;
            }
            if let Some(scope) = found.as_ref().and_then(|found| found.scope(needed, begun, &last)) {
                return scope;
            }
        }
        let (evidence, witness) = self.ask_for_others(company_id, needed).await;
        tracing::debug!(
            company_id,
            ?evidence,
            error = pipeline::cause::logged(error),
            "asked what others are answered"
        );
        let now = Found {
            at: Instant::now(),
            sought: needed,
            evidence,
            witness,
        };
        let scope = now.scope(needed, begun, &self.lock());
        *found = Some(now);
        scope.unwrap_or(Scope::Everybody)
    }

    /// The probe of a pause that was made because of details: an error while nobody is answered.
    pub(crate) async fn somebody_is_answered(&self) -> Result<(), Error> {
        let (good, refused) = {
            let last = self.lock();
            (last.good(), last.refused())
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

    /// What others are answered, and who was shown its detail.
    async fn ask_for_others(&self, company_id: &str, needed: Evidence) -> (Evidence, Option<String>) {
        let (mut best, mut timeouts, mut limited) = (Evidence::None, 0, 0);
        let good = self.lock().good();
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
                    return (Evidence::Success, None);
                }
                candidates.extend(listed);
            }
            let Some(id) = candidates.get(at) else { break };
            best = best.max(match self.ask(id).await {
                Ok(()) => Evidence::Success,
                Err(Error::NotFound { .. } | Error::Business { .. }) => Evidence::Orderly,
                // Who limits everybody is not asked about one after the other, and one of them may be limited alone.
                Err(error) if error.is_limit() && limited + 1 >= MOST_LIMITED => break,
                Err(error) => {
                    timeouts += u32::from(error.is_timeout());
                    limited += u32::from(error.is_limit());
                    Evidence::None
                }
            });
            if best == Evidence::Success {
                return (best, Some(id.clone()));
            }
            if best >= needed || timeouts >= MOST_TIMEOUTS {
                break;
            }
        }
        (best, None)
    }

    async fn ask(&self, company_id: &str) -> Result<(), Error> {
        let begun = Instant::now();
        let detail = self.client.detail_once(Lane::Live, company_id).await?;
        self.answered(company_id, &detail, begun);
        Ok(())
    }

    /// A few listed customers other than this one, others each time, none of which the answer to another one was about where
    /// there are such, and rather those that were not refused of late, so that bad ones do not stand for all.
    async fn others(&self, company_id: &str) -> Result<Vec<String>, Error> {
        let turn = {
            let mut last = self.lock();
            last.turns += 1;
            last.turns - 1
        };
        const TURNS: usize = ROWS as usize / CHOSEN;
        let number = 1 + (turn / TURNS) as u64 % 5;
        let mut page = self.client.page_of_anybody(Lane::Live, number, ROWS).await?;
        if page.items.is_empty() && number > 1 {
            page = self.client.page_of_anybody(Lane::Live, 1, ROWS).await?;
        }
        let listed = page.items.into_iter().map(|item| item.company_id);
        let listed = listed.filter(|id| id != company_id);
        let mut ids = self.lock().choose(listed.collect());
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

/// What others must be answered for a failure to be about the customer alone.
const fn needed(error: &Error) -> Evidence {
    match error {
        // That others are not found either is what a lost privilege looks like; that others are told the same final code, a
        // wrong request.
        Error::NotFound { .. } | Error::Business { .. } => Evidence::Success,
        // One answer for everybody, from some cache, is nobody's own.
        Error::Another { .. } => Evidence::Success,
        _ => Evidence::Orderly,
    }
}
