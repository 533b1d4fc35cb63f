//! Times of rows beside times of details: whether a listed state is in the form already.
//!
//! A listing may show other times than details do: behind them by minutes, or in another zone. So a listed time is compared
//! with the one under which the state was listed that is in the form. That costs nothing where both agree: only where they
//! do not, it is kept beside the other watermarks, with the results of a batch.

use super::{FetchHandler, Known, Receipt};
use crate::{okki::Detail, snapshot::Asked};
use pipeline::{version::Version, watermarks::shown_as::ShownAs};
use proto::v1::CompanyRef;
use std::sync::atomic::Ordering;

impl FetchHandler {
    /// Whether the listed state, or a later one, is in the form.
    pub(super) fn is_loaded(&self, wanted: &CompanyRef, known: Known) -> bool {
        let listed = wanted.update_time;
        // Whoever came back after a removal may be loaded under the time of that.
        let is_after_removal = known.removed.map(|removed| removed.update_time) < Some(listed);
        // Of one whose times are not known those of the others say whether they can be compared.
        let is_comparable = known.in_form.shown_as.is_some() || !self.differs.load(Ordering::Relaxed);
        listed > 0 && is_after_removal && is_comparable && known.in_form.holds(listed)
    }

    /// What to remember of the times of a state that goes on.
    pub(super) fn shown_as(
        &self,
        wanted: &CompanyRef,
        (detail, version): (&Detail, Version),
        (asked, known): (Asked, Known),
    ) -> Option<Option<ShownAs>> {
        // Nobody has listed whom an event names, and what is handed on above a removal has the time of that.
        if wanted.update_time <= 0 || asked.not_before > 0 {
            return None;
        }
        let times = ShownAs {
            listed: wanted.update_time,
            handed_on: version.update_time,
        };
        let forgotten = known.in_form.shown_as.map(|_| None);
        if detail.ahead.is_some() {
            // That says nothing of the others.
            return match detail.update_time == Some(times.listed) {
                true => Some(Some(times)),
                false => forgotten,
            };
        }
        if wanted.force {
            // A loader asks so under the time of a detail.
            return forgotten;
        }
        self.differs
            .store(times.listed < times.handed_on, Ordering::Relaxed);
        match times.listed == times.handed_on {
            true => forgotten,
            false => Some(Some(times)),
        }
    }

    /// Lost, a detail is fetched once more.
    pub(super) async fn remember_times(&self, receipts: &[Receipt]) {
        let times: Vec<_> = receipts
            .iter()
            .filter_map(|receipt| Some((&receipt.company_id, receipt.shown_as?)))
            .collect();
        let whole: Vec<_> = receipts
            .iter()
            .filter_map(|receipt| Some((&receipt.company_id, receipt.fetched_whole?)))
            .collect();
        let written = futures::future::try_join(
            self.watermarks.record_shown_as(&times),
            self.watermarks.record_fetched_whole(&whole),
        );
        if let Err(error) = written.await {
            tracing::debug!(
                error = pipeline::cause::logged(&error),
                "times of the listing are not written"
            );
        }
    }
}
