//! The first load as live windows see it: asked for while there is no checkpoint, and made once more when it was shown nobody.

use super::{Runner, Span, Stop};
use crate::{
    okki::{PageRequest, time},
    pause::lock,
    state::RunKind,
};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The same before a first load is made again that was shown too few.
const REMAKES_MS: (i64, i64) = (30_000, 6 * 3_600_000);
/// How long not to look for somebody after a look, at first and at most.
const RESTS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3_600));

impl Runner {
    /// From where on a live window has to begin whatever its checkpoint says, which may be where a first load ends.
    pub(super) async fn overtaken(&self, span: Span, checkpoint: Option<i64>) -> Result<Option<i64>, Stop> {
        match (span, checkpoint) {
            (Span::SinceCheckpoint, None) => self.leave_to_first_load().await,
            (Span::SinceCheckpoint, Some(_)) => self.look_for_the_first().await.map(|()| None),
            _ => Ok(None),
        }
    }

    /// Without a checkpoint everything of before is for the first load, so that no change waits behind it. It is asked for
    /// before the live window gives the checkpoint that would hide the need. Where an unfinished one already ends, the
    /// live windows have to begin.
    async fn leave_to_first_load(&self) -> Result<Option<i64>, Stop> {
        self.state.want(RunKind::First).await?;
        let begun = self.state.standing(RunKind::First).await?.run;
        let overlap = self.settings.margins.overlap.as_secs().cast_signed();
        Ok(begun.map(|run| run.end.saturating_sub(overlap)))
    }

    /// A first load that was shown nobody may have asked a listing that was not there yet, or a replica that knew nothing. It
    /// is looked for somebody of before, more and more rarely, and the first load made once more when there is: whoever was
    /// listed by then was listed by live windows, which leave out the past.
    async fn look_for_the_first(&self) -> Result<(), Stop> {
        let first = self.state.standing(RunKind::First).await?;
        let Some(started_ms) = first.started_ms.filter(|_| first.run.is_none() && !first.wanted) else {
            return Ok(());
        };
        if first.lacks_a_tenth && self.state.may_remake(REMAKES_MS).await? {
            tracing::warn!("the first load was shown too few customers: it is made once more");
            return Ok(self.state.want(RunKind::First).await?);
        }
        let was_anybody_listed = self.rt.account.total().await?.listed > 0;
        let was_shown_nobody = match first.looked {
            Some(shown) => shown == 0,
            None => !was_anybody_listed,
        };
        if !was_shown_nobody || !may(&self.looked, RESTS) {
            return Ok(());
        }
        let request = PageRequest {
            start: Some(self.settings.start.unwrap_or(time::OLDEST)),
            end: was_anybody_listed.then(|| started_ms.div_euclid(1_000)),
            page: 1,
            count: 1,
            removed: false,
        };
        if self.first_pages(RunKind::First, &request).await?.page.rows() > 0 {
            tracing::warn!("the first load found nobody, and now somebody is listed: it is made once more");
            self.state.want(RunKind::First).await?;
        }
        Ok(())
    }
}

/// Whether the last time was long enough ago; each rest is twice as long as the one before.
fn may(last: &Mutex<Option<(Instant, Duration)>>, rests: (Duration, Duration)) -> bool {
    let mut last = lock(last);
    let rest = last.map_or(Duration::ZERO, |(_, rest)| rest);
    let may = last.is_none_or(|(at, rest)| at.elapsed() >= rest);
    if may {
        *last = Some((Instant::now(), (rest * 2).clamp(rests.0, rests.1)));
    }
    may
}
