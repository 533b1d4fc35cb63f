//! Whether a window that no other run lists was shown whole: it is counted at its end, and walked once more where fewer
//! customers were shown than OKKI counts.
//!
//! The walk asks twice before it passes over nobody. What is left is an answer that lies about some of a slice, or twice about
//! all of it: only the count of the whole tells. Customers that change leave a window while it is read, so those count that are
//! still within at the end, and nobody enters it: fewer than those means that somebody was passed over, or that the total is
//! too large. The second walk tells which; by as much as it then still is, it is believed to be too large from then on, unless
//! that is a tenth or more: a first load without so many is made again, with growing waits.

use super::{Runner, Stop};
use crate::{
    okki::{PageRequest, time},
    state::{Phase, Run, RunKind},
};
use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::atomic::Ordering,
};

impl Runner {
    /// Counts the window when its last part was walked; `true`: it is walked from its start once more.
    pub(super) async fn begins_again(&self, kind: RunKind, run: &mut Run) -> Result<bool, Stop> {
        let is_walked = run.phase == Phase::Changed && run.part + 1 == self.client.source().parts();
        if !run.once || !is_walked {
            return Ok(false);
        }
        let before = std::mem::replace(&mut run.short, 0);
        let Some(counted) = self.counted(kind, run).await? else {
            return Ok(false);
        };
        run.expected = Some(counted);
        // Rows that name no customer are rows of the total.
        run.short = counted.saturating_sub(run.seen + run.damaged);
        if run.again > 0 {
            if before == run.short && run.may_be_overstated() {
                self.overstated.fetch_max(run.short, Ordering::Relaxed);
            }
            return Ok(false);
        }
        if run.short <= self.overstated.load(Ordering::Relaxed) {
            return Ok(false);
        }
        tracing::warn!(
            run = run.id,
            job = kind.name(),
            counted,
            short = run.short,
            end = time::format(run.end),
            "fewer customers shown than okki counts, the window is listed once more"
        );
        (run.again, run.part, run.cursor) = (run.again + 1, 0, None);
        if run.seen != run.shown.len() as u64 {
            // Another process was shown the rest.
            run.count_anew();
        }
        Ok(true)
    }

    /// The customers that OKKI counts in the window of a run now; `None` when it does not say.
    async fn counted(&self, kind: RunKind, run: &Run) -> Result<Option<u64>, Stop> {
        let request = PageRequest {
            start: run.start,
            end: Some(run.end),
            page: 1,
            count: 1,
            removed: false,
        };
        let mut most = None;
        for request in [request.clone(), request.otherwise()] {
            match self.first_pages(kind, &request).await {
                Ok(first) => most = most.max(first.page.total),
                Err(Stop::Okki(error)) if error.may_be_of_one_page() => return Ok(None),
                Err(stop) => return Err(stop),
            }
            // One answer that counts nobody is none.
            if most.is_some_and(|most| most > 0) {
                break;
            }
        }
        Ok(most)
    }
}

impl Run {
    /// Notes that a customer was shown; `false` when it was before, in the same part of the same window. Whoever is in two groups
    /// is counted in both.
    pub(super) fn is_new(&mut self, company_id: &str) -> bool {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one((self.part, company_id));
        self.shown.insert(hash)
    }
}
