//! Refs that no listing asked for: an event or a person named the customer. What is not shown, or not in a newer state, is
//! asked for again a few times with growing waits and then left to the listing; it is never missing and never dead.

use super::{FetchHandler, Receipt, outcome::skipped};
use crate::{
    deleted::{Existing, Listing, Presence, together},
    hooks::count_fetch,
    okki::{Detail, Error},
    snapshot::Asked,
    source::Listed,
    state::FetchResult,
};
use pipeline::{
    disposition::skip,
    failure::Failure,
    handler::{Job, Outcome},
    quota::Lane,
};
use proto::v1::CompanyRef;

/// Attempts for a customer that is known, and for one that may be nobody.
const FOR_KNOWN: usize = 3;
const FOR_UNKNOWN: usize = 2;
/// Rows a page of those who exist.
pub(super) const ROWS: u32 = 200;

impl FetchHandler {
    /// What to do about a detail that is not handed on; `None` hands it on.
    pub(super) fn hint_is_over(
        &self,
        job: &Job<CompanyRef>,
        detail: &Detail,
        loaded: Option<i64>,
        listed: Listed,
    ) -> Option<Outcome<Receipt>> {
        if !job.message.hint {
            return None;
        }
        match listed {
            // The loader may have to be told.
            Listed::No => None,
            // The listing will show it if it is within; its row must not be made by an event.
            Listed::Unknown if loaded.is_none() => Some(leave(&job.message, "left", FetchResult::Skipped)),
            _ => self.not_newer(job, detail, loaded),
        }
    }

    /// What to do about a detail that is not newer than what is loaded, as from a replica that is behind; `None` hands it on.
    fn not_newer(
        &self,
        job: &Job<CompanyRef>,
        detail: &Detail,
        loaded: Option<i64>,
    ) -> Option<Outcome<Receipt>> {
        let wanted = &job.message;
        if wanted.force {
            return None;
        }
        let (shown, loaded) = match (detail.update_time, loaded) {
            (Some(shown), Some(loaded)) => (shown, loaded),
            // Nothing says which state it is, but the listing will.
            (None, _) => return Some(leave(wanted, "not-newer", FetchResult::Skipped)),
            (Some(_), None) => return None,
        };
        let attempt = job.meta.attempt as usize;
        match shown.cmp(&loaded) {
            std::cmp::Ordering::Greater => None,
            // A change may hide in the same second, or be one that does not move the update time.
            std::cmp::Ordering::Equal if attempt > 1 || self.is_last(attempt, FOR_KNOWN) => None,
            _ if self.is_last(attempt, FOR_KNOWN) => Some(leave(wanted, "not-newer", FetchResult::Skipped)),
            _ => Some(Outcome::Retry(Failure::new(
                "okki-not-newer",
                words::tr!("the detail is not newer than what is loaded"),
            ))),
        }
    }

    /// A customer that is not shown: deleted when OKKI lists it so, else asked for again.
    pub(super) async fn hint_not_shown(
        &self,
        job: &Job<CompanyRef>,
        message: &str,
        loaded: Option<i64>,
        asked: Asked,
    ) -> Outcome<Receipt> {
        let wanted = &job.message;
        if let Some(loaded) = loaded.filter(|_| self.removals) {
            match self.removed_at(&wanted.company_id, loaded).await {
                Ok(Some(update_time)) => {
                    let wanted = CompanyRef {
                        update_time,
                        removed: true,
                        ..wanted.clone()
                    };
                    return self.remove(job, &wanted, asked).await;
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(error = crate::okki::chain(&error), "removals not listed"),
            }
        }
        // Who asks by an id waits for the answer, and it may be nobody's.
        let most = match loaded.is_some() {
            true => FOR_KNOWN,
            false => FOR_UNKNOWN,
        };
        match self.is_last(job.meta.attempt as usize, most) {
            true => leave(wanted, "not-shown", FetchResult::Unknown),
            false => Outcome::Retry(Failure::new("okki-not-found", message)),
        }
    }

    /// The version of its removal, if OKKI lists it as deleted, and not as existing at that time or at the one of what is
    /// loaded. The list is not believed while the live listing does not, nor when it shows anybody who exists.
    async fn removed_at(&self, company_id: &str, loaded: i64) -> Result<Option<i64>, Error> {
        if self.state.kept_parts().await?.iter().any(|span| span.removed) {
            return Ok(None);
        }
        let Some(deleted) = self.removed.find(&self.client, company_id).await? else {
            return Ok(None);
        };
        for part in 0..self.client.source().parts() {
            let listing = Listing {
                client: &self.client,
                lane: Lane::Live,
                part,
            };
            let windows = together(&[deleted.time, loaded]);
            let existing = Existing::for_removal(&listing, company_id, &windows, ROWS).await?;
            if existing.presence(company_id, 0) != Presence::Absent || deleted.shows_any(&existing) {
                return Ok(None);
            }
        }
        Ok(Some(match deleted.time {
            time if time > 0 => time,
            _ => self.state.clocks().await?.okki_now(deleted.now),
        }))
    }

    /// What would be dead or missing otherwise.
    pub(super) fn hint_failed(&self, job: &Job<CompanyRef>, error: &Error) -> Option<Outcome<Receipt>> {
        let is_over =
            matches!(error, Error::Business { .. }) || self.is_last(job.meta.attempt as usize, FOR_KNOWN);
        (job.message.hint && is_over).then(|| leave(&job.message, "not-shown", FetchResult::Unknown))
    }

    fn is_last(&self, attempt: usize, most: usize) -> bool {
        attempt >= most.min(self.rt.broker.retry().attempts())
    }
}

fn leave(wanted: &CompanyRef, why: &'static str, result: FetchResult) -> Outcome<Receipt> {
    count_fetch(why);
    let reason = match why {
        "not-shown" => skip::UNKNOWN,
        "left" => skip::OUTSIDE,
        _ => skip::NOT_NEWER,
    };
    skipped(wanted, result, reason)
}
