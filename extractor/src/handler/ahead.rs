//! Times that lie ahead: of a detail, which is asked for again and then handed on under the time of the answer, and of a state
//! that was handed on, which is set back when listing and detail agree on an older one.

use super::{FetchHandler, Known, Receipt};
use crate::{
    ahead::{self, Looks},
    clocks::APART_S,
    okki::{Detail, time},
    snapshot::Asked,
};
use pipeline::{
    failure::Failure,
    handler::{Job, Outcome},
    quota::Lane,
    version::Version,
};
use proto::v1::CompanyRef;

/// Attempts at which an answer has to be the same, with the waits of the ladder between them.
const LOOKS: usize = 3;

impl FetchHandler {
    /// A detail later than the answer's own clock contradicts itself, as that of a replica with another clock: it is asked for
    /// again. One that the listing agrees with, or that stays so, is how OKKI has it, and goes on.
    pub(super) fn contradicts_itself(
        &self,
        job: &Job<CompanyRef>,
        detail: &Detail,
    ) -> Option<Outcome<Receipt>> {
        detail.ahead?;
        let (shown, listed) = (detail.update_time?, job.message.update_time);
        if shown == listed || self.is_last_look(job) {
            tracing::warn!(
                company_id = job.message.company_id,
                shown = time::format(shown),
                "update time lies in the future, the state is handed on as one of now"
            );
            return None;
        }
        Some(Outcome::Retry(Failure::new(
            "okki-time-ahead",
            words::tr!(
                "the detail is of {}, which lies in the future of its own answer",
                time::format(shown)
            ),
        )))
    }

    /// Listing and detail agree on an older state than was handed on, under a time that OKKI's clock has not reached: whatever
    /// follows would be older than that until then. Looked at again, it is set back, and this state handed on above it.
    pub(super) async fn taken_back(
        &self,
        job: &Job<CompanyRef>,
        detail: &Detail,
        (known, asked): (Known, Asked),
    ) -> Result<Asked, Outcome<Receipt>> {
        let wanted = &job.message;
        let shown = detail.update_time.filter(|_| detail.ahead.is_none());
        let agree = !wanted.hint && wanted.update_time > 0 && shown == Some(wanted.update_time);
        let published = known.in_form.published.map(|version| version.update_time);
        let newest = published.max(known.in_form.loaded);
        let Some((shown, newest)) = shown.zip(newest).filter(|_| agree) else {
            return Ok(asked);
        };
        let now = detail.now.unwrap_or_else(time::now);
        if newest <= shown.max(asked.not_before) || newest.saturating_sub(now) <= APART_S {
            return Ok(asked);
        }
        if !self.is_last_look(job) {
            return Err(Outcome::Retry(Failure::new(
                "okki-time-back",
                words::tr!(
                    "OKKI shows a state of {}, and one of {} was handed on, which lies in the future",
                    time::format(shown),
                    time::format(newest)
                ),
            )));
        }
        let looks = Looks {
            rt: &self.rt,
            client: &self.client,
            watermarks: &self.watermarks,
            scope: &self.failure_scope,
            lane: Lane::Live,
            count: ahead::ROWS,
        };
        let seen = looks.look(std::slice::from_ref(&wanted.company_id)).await;
        match seen {
            Ok(seen) if seen.ahead.iter().any(|item| item.update_time == shown) => {}
            Ok(_) => return Ok(asked),
            Err(error) => {
                tracing::debug!(error = crate::okki::chain(&error), "not looked at again");
                return Ok(asked);
            }
        }
        let over = Version {
            update_time: newest,
            sequence: asked.sequence,
        };
        if let Err(error) = self.watermarks.record_removed(&wanted.company_id, over).await {
            self.rt.redis_lost(&error);
            return Err(Outcome::Hold);
        }
        ahead::tell_set_back(&wanted.company_id, shown, newest);
        Ok(Asked {
            not_before: newest,
            ..asked
        })
    }

    fn is_last_look(&self, job: &Job<CompanyRef>) -> bool {
        job.meta.attempt as usize >= LOOKS.min(self.rt.broker.retry().attempts())
    }
}
