//! One part of the listing that is not shown while others are: a group, or the deleted customers. It must not keep the
//! others waiting, and no checkpoint may pass over what it has not shown.
//!
//! A live run keeps the span and goes on; the span is listed again until it is shown. Other runs stop where they are, which
//! pauses nothing, and are taken up again.

use super::{Runner, Stop};
use crate::{
    okki::{Error, PageRequest, time},
    pause::lock,
    state::{DamagedSpan, Phase, Run, RunKind},
};
use pipeline::quota::Lane;

impl Runner {
    /// The page that could not be read last, and of which part; none when that stops nothing.
    pub(crate) fn asked_last(&self) -> Option<(PageRequest, usize)> {
        lock(&self.asked_last).clone()
    }

    pub(super) fn forget_asked(&self) {
        *lock(&self.asked_last) = None;
    }

    /// A part ended in an error: everybody's, or its own.
    pub(super) async fn part_failed(&self, kind: RunKind, run: &mut Run, error: Error) -> Result<(), Stop> {
        if !error.may_be_of_one_page() || !self.others_are_listed(run.part, run.phase).await {
            return Err(error.into());
        }
        self.forget_asked();
        let part = self
            .client
            .source()
            .part_name(run.part, run.phase == Phase::Removed);
        if kind != RunKind::Live {
            return Err(Stop::Part { part, source: error });
        }
        let reason = words::tr!("{part}: {}", crate::okki::chain(&error));
        let span = DamagedSpan {
            part: Some(run.part),
            is_wide: false,
            removed: run.phase == Phase::Removed,
            start: run.cursor.or(run.start),
            end: run.end,
            serial_id: None,
            reason,
            tries: 0,
            due_ms: 0,
            since_ms: 0,
        };
        if self.state.keep_part(span.clone()).await? {
            tracing::error!(
                run = run.id,
                reason = span.reason,
                start = span.start.map(time::format),
                end = time::format(span.end),
                "part of the listing is not shown"
            );
        }
        Ok(())
    }

    /// What was kept of a part is listed apart; the window of this run goes to it. `false`: the part is shown, as far as is known.
    pub(super) async fn leave_to_kept(&self, kind: RunKind, run: &Run) -> Result<bool, Stop> {
        if kind != RunKind::Live {
            return Ok(false);
        }
        let removed = run.phase == Phase::Removed;
        let kept = self.state.kept_parts().await?;
        let Some(span) = kept.into_iter().find(|span| span.is_of(run.part, removed)) else {
            return Ok(false);
        };
        let start = run.cursor.or(run.start);
        self.state
            .keep_part(DamagedSpan {
                start,
                end: run.end,
                ..span
            })
            .await?;
        Ok(true)
    }

    /// Whether any other part is shown, of which there may be none.
    async fn others_are_listed(&self, part: usize, phase: Phase) -> bool {
        let phases = [Phase::Changed, Phase::Removed];
        let phases = &phases[..1 + usize::from(self.settings.removals)];
        for other_phase in phases {
            for other in 0..self.client.source().parts() {
                if (other, *other_phase) == (part, phase) {
                    continue;
                }
                let request = PageRequest {
                    start: None,
                    end: None,
                    page: 1,
                    count: 1,
                    removed: *other_phase == Phase::Removed,
                };
                let shown = self.client.first_page(Lane::Live, &request, other).await;
                if shown.is_ok() {
                    return true;
                }
            }
        }
        false
    }
}
