//! Customers that OKKI lists as deleted: their removals go on when OKKI does not show them either, for `removed=1` may be
//! ignored while the listing of those who exist is behind.

use super::{FetchHandler, Receipt, outcome::skipped, publish};
use crate::{
    failure_scope::Scope,
    okki::Error,
    snapshot::{Asked, removal},
    state::FetchResult,
};
use pipeline::{
    disposition::skip,
    failure::Failure,
    handler::{Job, Outcome},
    message::Subject as _,
};
use proto::v1::{CompanyRef, CompanySnapshot};

impl FetchHandler {
    /// Asks for the detail of one who is listed as deleted.
    pub(super) async fn removed(&self, job: &Job<CompanyRef>, asked: Asked) -> Outcome<Receipt> {
        let wanted = &job.message;
        let (fetched, begun) = self.detail(wanted).await;
        match fetched {
            Ok(detail) => {
                self.failure_scope.answered(&wanted.company_id, &detail, begun);
                self.still_shown(job)
            }
            // While nobody is shown that says nothing.
            Err(error @ Error::NotFound { .. }) if self.scope(wanted, &error, begun).await == Scope::One => {
                self.remove(job, wanted, asked).await
            }
            Err(error) => self.failed(job, error, begun).await,
        }
    }

    /// Its row stays; it is asked for again, for the detail may be the one that is behind.
    fn still_shown(&self, job: &Job<CompanyRef>) -> Outcome<Receipt> {
        let wanted = &job.message;
        let failure = Failure::new(
            "okki-still-shown",
            words::tr!("OKKI lists this customer as deleted and shows its detail"),
        );
        if (job.meta.attempt as usize) < self.rt.broker.retry().attempts() {
            return Outcome::Retry(failure);
        }
        tracing::warn!(
            company_id = wanted.company_id,
            run = wanted.run_id,
            "okki lists this customer as deleted and shows it, its row stays"
        );
        skipped(wanted, FetchResult::Skipped, skip::STILL_SHOWN)
    }

    /// Hands on the removal of the customer, with the time at which it is listed as deleted.
    pub(super) async fn remove(
        &self,
        job: &Job<CompanyRef>,
        wanted: &CompanyRef,
        asked: Asked,
    ) -> Outcome<Receipt> {
        let receipt = Receipt::of(wanted, FetchResult::Removed);
        self.hand_on_gone(job, removal(wanted, asked), receipt).await
    }

    /// Its version is remembered before, so that whoever comes back is newer, however soon.
    pub(super) async fn hand_on_gone(
        &self,
        job: &Job<CompanyRef>,
        gone: CompanySnapshot,
        receipt: Receipt,
    ) -> Outcome<Receipt> {
        match self
            .watermarks
            .record_removed(&gone.company_id, gone.version())
            .await
        {
            Ok(()) => publish(job, gone, receipt),
            Err(error) => {
                self.rt.redis_lost(&error);
                Outcome::Hold
            }
        }
    }
}
