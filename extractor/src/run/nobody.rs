//! A listing that shows nobody any more: the application has lost its sight of the customers, or what it asks is empty.
//!
//! It looks as quiet as a night without a change, so from time to time an empty window is followed by a control: somebody
//! must be shown of any time, where somebody was listed before. While nobody is, it is told, and live windows begin where
//! they were when it was seen first, so that nothing is passed over once the listing is there again.

use super::{Runner, Stop};
use crate::{
    okki::{PageRequest, time},
    pause::lock,
    state::{KindState, RunKind},
};
use pipeline::alert::{Problem, Severity};
use std::{
    sync::{Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

const NOBODY_LISTED: &str = "nobody-listed";

/// How long a control is good for, at first and at most.
const GOOD_FOR: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(3_600));

impl Runner {
    /// From which checkpoint on nothing counts as listed, because nobody was shown since.
    pub(super) async fn unseen_since(&self, live: &KindState, is_hollow: bool) -> Result<Option<i64>, Stop> {
        let is_unseen = live.nobody.is_some();
        self.sees_nobody.store(is_unseen && is_hollow, Ordering::Relaxed);
        let Some(checkpoint) = live.checkpoint.filter(|_| is_hollow) else {
            return Ok(live.nobody);
        };
        if !(is_unseen || is_due(&self.control)) || self.rt.account.total().await?.listed == 0 {
            return Ok(live.nobody);
        }
        let is_nobody = !self.shows_anybody().await?;
        self.sees_nobody.store(is_nobody, Ordering::Relaxed);
        if is_nobody && !is_unseen {
            tracing::error!(
                since = time::format(checkpoint),
                "the listing shows nobody any more, although customers were listed before"
            );
            self.state.keep_nobody(Some(checkpoint)).await?;
        }
        if is_nobody {
            self.rt.alerts.raise(nobody(live.nobody.unwrap_or(checkpoint)));
        }
        Ok(live.nobody.or(is_nobody.then_some(checkpoint)))
    }

    /// A live run has ended: is the listing there again?
    pub(super) async fn somebody_is_seen(&self, before: &KindState) -> Result<(), Stop> {
        if before.nobody.is_some() && !self.sees_nobody.load(Ordering::Relaxed) {
            tracing::warn!("the listing shows somebody again");
            self.state.keep_nobody(None).await?;
            self.rt.alerts.over(nobody(0));
        }
        Ok(())
    }

    async fn shows_anybody(&self) -> Result<bool, Stop> {
        let all = PageRequest {
            start: self.settings.start,
            end: None,
            page: 1,
            count: 1,
            removed: false,
        };
        for request in [all.clone(), all.otherwise()] {
            // A count without anybody is no sight of them.
            if !self.first_pages(RunKind::Live, &request).await?.is_hollow {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Each control that shows somebody is good for twice as long as the one before.
pub(super) fn is_due(last: &Mutex<Option<(Instant, Duration)>>) -> bool {
    let mut last = lock(last);
    let is_due = last.is_none_or(|(at, good_for)| at.elapsed() >= good_for);
    if is_due {
        let good_for = last.map_or(GOOD_FOR.0, |(_, good_for)| (good_for * 2).min(GOOD_FOR.1));
        *last = Some((Instant::now(), good_for));
    }
    is_due
}

fn nobody(since: i64) -> Problem {
    Problem {
        key: NOBODY_LISTED.to_owned(),
        severity: Severity::Critical,
        summary: words::tr!("OKKI lists nobody any more"),
        detail: words::tr!(
            "since {}; ask in OKKI whether the application may still see customers; live runs begin there again as soon as it does",
            time::stamp(since)
        ),
        patience: Duration::ZERO,
    }
}
