//! Listed customers of which a newer state was handed on than is listed: whether OKKI has taken their update times back, or
//! they have only changed since they were listed. And those whose times lie ahead of every window.

use super::{Comparison, progress::Progress};
use crate::{
    ahead::Looks,
    run::Stop,
    state::{Phase, RunKind},
};
use pipeline::quota::Lane;

/// So many that were asked for and are no such customers, without one that is: listing and details of this account show
/// other times, and asking for everybody would say no more.
const MOST_OTHERS: u64 = 500;

impl Comparison {
    /// Asks for the details of these, and has them fetched again when they are so.
    pub(super) async fn compare_ahead(&self, progress: &mut Progress, ids: Vec<String>) -> Result<(), Stop> {
        if ids.is_empty() {
            return Ok(());
        }
        if progress.others >= MOST_OTHERS && progress.findings.ahead.count == 0 {
            // One of them may really be ahead, so none of them is current.
            if progress.findings.not_asked == 0 {
                tracing::warn!(
                    asked = progress.others,
                    "details show later times than the listing, further ones are not looked at"
                );
            }
            progress.findings.not_asked += ids.len() as u64;
            return Ok(());
        }
        let looks = Looks {
            rt: &self.rt,
            client: &self.client,
            watermarks: &self.watermarks,
            scope: &self.failure_scope,
            lane: Lane::Backfill,
            count: self.settings.count,
        };
        let seen = looks.look_twice(&ids).await?;
        progress.others += seen.others;
        let findings = &mut progress.findings;
        findings.current += seen.others;
        for id in &seen.failed {
            // Nothing says that the newest state was loaded.
            findings.ahead.add(id);
            findings.failed.add(id);
        }
        for item in &seen.ahead {
            findings.ahead.add(&item.company_id);
        }
        if self.fix {
            looks.set_back(&seen.ahead).await?;
        }
        for item in &seen.newer {
            findings.stale.add(&item.company_id);
        }
        let wrong = seen.ahead.into_iter().chain(seen.newer).collect();
        self.fetch_again(progress, Phase::Changed, wrong).await
    }

    /// Whoever is listed with a time that lies ahead is in no window, and has gone no more than anybody else.
    pub(super) async fn compare_beyond(&self, progress: &mut Progress) -> Result<(), Stop> {
        let mut look = self.runner.look_beyond().await?;
        while let Some(items) = self.runner.next_beyond(RunKind::Backfill, &mut look).await? {
            let ids: Vec<&str> = items.iter().map(|item| item.company_id.as_str()).collect();
            self.place.take_unlisted(&ids).await?;
            let standings = self.watermarks.standings(&ids).await?;
            progress.findings.listed += ids.len() as u64;
            self.judge_all(progress, items, &standings).await?;
        }
        self.runner.end_beyond(look).await
    }
}
