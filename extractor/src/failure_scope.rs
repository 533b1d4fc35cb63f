//! Does a failure concern one customer or all of them? Found out by asking for a customer that could be fetched before.
//!
//! Without this, either a record that makes OKKI answer 500 would pause the stage for ever (against "one bad record
//! costs one record"), or an outage of the detail endpoint would push every customer up the retry ladder and into the
//! dead-letter queue (against "an outage is not a failure").

use crate::okki::{Client, Error, PageRequest, chain};
use pipeline::quota::Lane;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// A customer that was fetched this short a time ago needs no further proof.
const FRESH: Duration = Duration::from_secs(2);
/// Rows in which another customer is searched.
const CANDIDATES: u32 = 3;

/// Tells a failure of one customer from one of everybody, by remembering which customers could be fetched.
pub(crate) struct FailureScope {
    client: Arc<Client>,
    last: Mutex<Last>,
    /// When it was last found out, and whether it was an outage; one worker asks, the others find its result.
    found: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

#[derive(Default)]
struct Last {
    good: Option<String>,
    answered: Option<Instant>,
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

    /// The detail of a customer was fetched.
    pub(crate) fn answered(&self, company_id: &str) {
        let mut last = self.lock();
        last.answered = Some(Instant::now());
        if last.good.as_deref() != Some(company_id) {
            last.good = Some(company_id.to_owned());
        }
    }

    /// OKKI answered, though with nothing.
    pub(crate) fn answered_nothing(&self) {
        self.lock().answered = Some(Instant::now());
    }

    /// Says whether other customers fail as well.
    pub(crate) async fn is_outage(&self, company_id: &str, error: &Error) -> bool {
        let asked = Instant::now();
        let mut found = self.found.lock().await;
        if self.lock().answered.is_some_and(|at| at.elapsed() < FRESH) {
            return false;
        }
        if let Some((at, is_outage)) = *found
            && (at >= asked || at.elapsed() < FRESH)
        {
            return is_outage;
        }
        let is_outage = !self.another_customer_is_answered(company_id).await;
        tracing::debug!(
            company_id,
            outage = is_outage,
            error = chain(error),
            "asked whether other customers fail as well"
        );
        *found = Some((Instant::now(), is_outage));
        is_outage
    }

    async fn another_customer_is_answered(&self, company_id: &str) -> bool {
        let good = self.lock().good.clone().filter(|good| good != company_id);
        let other = match good {
            Some(good) => Some(good),
            None => {
                let request = PageRequest {
                    start: None,
                    end: None,
                    page: 1,
                    count: CANDIDATES,
                    removed: false,
                };
                let Ok(page) = self.client.page(Lane::Live, &request).await else {
                    return false;
                };
                page.items
                    .into_iter()
                    .map(|item| item.company_id)
                    .find(|id| id != company_id)
            }
        };
        // Without another customer the listing's answer has to do.
        let Some(other) = other else { return true };
        match self.client.detail(Lane::Live, &other).await {
            Ok(_) => self.answered(&other),
            Err(Error::NotFound { .. } | Error::Business { .. }) => self.answered_nothing(),
            Err(_) => return false,
        }
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
