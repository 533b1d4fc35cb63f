//! What a failed call means: for this customer, or for everybody.

use super::{FetchHandler, Receipt, lane};
use crate::{
    failure_scope::Scope,
    okki::{Detail, Error, chain, time},
};
use pipeline::{
    failure::{Failure, VendorAnswer},
    handler::{Job, Outcome, WaitsFor},
    store,
};
use proto::v1::CompanyRef;
use tokio::time::Instant;

/// A call that is limited with everybody's is made again this often.
const MOST_LIMITED: u32 = 5;

impl FetchHandler {
    /// Redis does not do what has to be done first.
    pub(super) fn held(&self, error: &store::Error) -> Outcome<Receipt> {
        self.rt.redis_lost(error);
        Outcome::Hold
    }

    /// Whom a failure concerns that ended a call begun at `begun`.
    pub(super) async fn scope(&self, wanted: &CompanyRef, error: &Error, begun: Instant) -> Scope {
        match error {
            Error::Quota(_) | Error::Store(_) => Scope::Everybody,
            error => self.failure_scope.of(&wanted.company_id, error, begun).await,
        }
    }

    /// The detail of a customer, and when the call was begun that has answered. A limit is waited for until it is known that it
    /// is the customer's alone; where he is refused otherwise while others are answered, one more call shows whether he still is.
    pub(super) async fn detail(&self, wanted: &CompanyRef) -> (Result<Detail, Error>, Instant) {
        for _ in 0..MOST_LIMITED {
            let began = Instant::now();
            let fetched = self
                .client
                .detail_to_judge(lane(wanted), &wanted.company_id)
                .await;
            let error = match &fetched {
                Err(error) if error.is_transient() => error,
                _ => return (fetched, began),
            };
            if self.failure_scope.is_limited_alone(&wanted.company_id, error) {
                return (fetched, began);
            }
            let (scope, is_limited) = (
                self.scope(wanted, error, began).await,
                matches!(error, Error::RateLimited { .. }),
            );
            match scope {
                // The rate of everybody is waited for, and while it may be that.
                _ if is_limited => {}
                Scope::One if !matches!(error, Error::Closed { .. }) => break,
                _ => return (fetched, began),
            }
        }
        // An outage takes whatever is under way, and others who are answered since then may only show that it is over.
        let began = Instant::now();
        let fetched = self.client.detail_once(lane(wanted), &wanted.company_id).await;
        (fetched, began)
    }

    /// Decides whether one customer fails or everything stands still.
    pub(super) async fn failed(
        &self,
        job: &Job<CompanyRef>,
        error: Error,
        begun: Instant,
    ) -> Outcome<Receipt> {
        let wanted = &job.message;
        if self.share.is_used_up(&self.rt, &error) {
            return Outcome::Park(WaitsFor::NextDay);
        }
        if self.scope(wanted, &error, begun).await == Scope::Everybody {
            self.pauses.pause_details(&error, &self.failure_scope);
            return Outcome::Hold;
        }
        if let Error::NotFound { message } = &error
            && job.meta.attempt as usize >= self.rt.broker.retry().attempts()
        {
            return self.conclude_missing(wanted, message).await;
        }
        if let Some(left) = self.hint_failed(job, &error) {
            return left;
        }
        let vendor = error
            .vendor()
            .map(|(code, message)| VendorAnswer { code, message });
        let failure = Failure {
            vendor,
            ..Failure::new(error.code(), chain(&error))
        };
        // Only what is known to be final is final at once.
        match error {
            Error::Business { .. } => Outcome::Dead(failure),
            _ => Outcome::Retry(failure),
        }
    }

    /// A detail that is older than its row, or has no order: that of one customer comes again, that of everybody is as good as
    /// no answer.
    pub(super) async fn older(
        &self,
        job: &Job<CompanyRef>,
        failure: Failure,
        detail: &Detail,
        began: Instant,
    ) -> Outcome<Receipt> {
        let wanted = &job.message;
        let Some(shown) = detail.update_time else {
            return Outcome::Retry(failure);
        };
        if self.failure_scope.of_older(&wanted.company_id, began).await == Scope::One {
            return Outcome::Retry(failure);
        }
        let error = Error::Older {
            shown: time::format(shown),
            listed: time::format(wanted.update_time),
        };
        self.pauses.pause_details(&error, &self.failure_scope);
        Outcome::Hold
    }
}
