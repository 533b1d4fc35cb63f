//! One of several groups that shows nobody any more: it was deleted, or the application has lost its sight of it. The others
//! look as ever, so each is looked at from time to time. What is not shown meanwhile is kept and listed again, as of any part
//! that cannot be read, and nobody counts as gone because of it.

use super::{Runner, Stop, nobody::is_due};
use crate::{
    okki::{PageRequest, time},
    state::{DamagedSpan, Run, RunKind},
};

impl Runner {
    /// At the end of a live run: keeps what it may not have been shown of a group that had somebody before.
    pub(super) async fn keep_hidden_groups(&self, kind: RunKind, run: &Run) -> Result<(), Stop> {
        let groups = self.client.source().groups();
        if kind != RunKind::Live || groups.len() < 2 || !is_due(&self.looked_at_groups) {
            return Ok(());
        }
        let kept = self.state.kept_parts().await?;
        let now = self.state.clocks().await?.earliest();
        for (part, group) in groups.iter().enumerate() {
            if kept.iter().any(|span| span.is_of(part, false)) {
                continue;
            }
            if self.shows_somebody(part).await? {
                self.state.group_seen(group, now).await?;
                continue;
            }
            let Some(seen) = self.state.group_seen_at(group).await? else {
                continue;
            };
            let span = DamagedSpan {
                part: Some(part),
                is_wide: false,
                removed: false,
                start: Some(seen - self.settings.margins.overlap.as_secs().cast_signed()),
                end: run.end,
                serial_id: None,
                reason: words::tr!(
                    "group {group} shows nobody any more, and did on {}: was it deleted in OKKI, or may the application not see it any more?",
                    time::stamp(seen)
                ),
                tries: 0,
                due_ms: 0,
                since_ms: 0,
            };
            if self.state.keep_part(span).await? {
                tracing::error!(
                    run = run.id,
                    group,
                    seen = time::format(seen),
                    "a group shows nobody any more"
                );
            }
        }
        Ok(())
    }

    /// Whether a kept part is there again, as far as it is one that has shown somebody.
    pub(super) async fn is_part_back(&self, span: &DamagedSpan) -> Result<bool, Stop> {
        let groups = self.client.source().groups();
        let Some((part, group)) = span.part.and_then(|part| Some((part, groups.get(part)?))) else {
            return Ok(true);
        };
        if span.removed || groups.len() < 2 || self.state.group_seen_at(group).await?.is_none() {
            return Ok(true);
        }
        self.shows_somebody(part).await
    }

    async fn shows_somebody(&self, part: usize) -> Result<bool, Stop> {
        let all = PageRequest {
            start: self.settings.start,
            end: None,
            page: 1,
            count: 1,
            removed: false,
        };
        for request in [all.clone(), all.otherwise()] {
            match self.vendor(RunKind::Live, part).first_page(&request).await {
                Ok(page) if page.rows() == 0 => {}
                // What is the matter with it the walk finds out.
                Err(error) if !error.may_be_of_one_page() => return Err(error.into()),
                _ => return Ok(true),
            }
        }
        Ok(false)
    }
}
