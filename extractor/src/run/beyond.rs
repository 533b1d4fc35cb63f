//! Customers whose update times lie ahead of every window: a clock was wrong when they were changed, or somebody has typed the
//! time. No window lists them before that time has come, which may be never, so they are asked for by themselves, as a rule
//! with one call: by each run that lists everything up to the present, by comparisons, and now and then after a live run.
//! They are published with the times that are listed, and once for each; their details say how they are now.

use super::{Runner, Span, Stop, lane};
use crate::{
    clocks::APART_S,
    okki::{ListItem, Page, PageRequest},
    pause::lock,
    state::{Beyond, Phase, Run, RunKind},
    walk::Step,
};
use pipeline::lease::Lease;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How long an answer is good for, at first and at most.
const GOOD_FOR: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(3_600));
/// How far ahead is asked where spans without an end are refused.
const A_DAY_S: i64 = 86_400;
/// Pages of a listing that are read at most, of each part.
const MOST_PAGES: u64 = 50;

impl Runner {
    /// At the end of a run: publishes who lies ahead of it.
    pub(super) async fn list_beyond(
        &self,
        (kind, span): (RunKind, Span),
        run: &mut Run,
        lease: &Lease,
    ) -> Result<(), Stop> {
        let is_due = match kind {
            RunKind::Live => self.is_look_beyond_due(),
            _ => !span.is_past(),
        };
        if !is_due {
            return Ok(());
        }
        let items = self.beyond(kind).await?;
        if items.is_empty() {
            return Ok(());
        }
        // They count as customers of the run, but of no window.
        let mut beyond = Run {
            phase: Phase::Changed,
            part: 0,
            once: false,
            again: 0,
            look: None,
            ..run.clone()
        };
        let step = Step {
            items,
            ..Step::default()
        };
        self.publish(kind, &mut beyond, step, lease).await?;
        (run.listed, run.seen) = (beyond.listed, beyond.seen);
        Ok(())
    }

    /// Everybody who is listed with a time that neither OKKI's clock nor ours has come near to, with that time.
    pub(crate) async fn beyond(&self, kind: RunKind) -> Result<Vec<ListItem>, Stop> {
        let start = self.state.clocks().await?.latest().saturating_add(APART_S + 1);
        let mut found = BTreeMap::new();
        for part in 0..self.client.source().parts() {
            self.add_beyond(kind, (part, start), &mut found).await?;
        }
        let items: Vec<ListItem> = found
            .into_iter()
            .map(|(company_id, update_time)| ListItem {
                company_id,
                update_time,
            })
            .collect();
        let beyond = Beyond::of(&items);
        if beyond.count > 0 {
            tracing::warn!(customers = beyond.count, examples = ?beyond.examples, "update times lie in the future");
        }
        self.state.keep_beyond(&beyond).await?;
        Ok(items)
    }

    async fn add_beyond(
        &self,
        kind: RunKind,
        (part, start): (usize, i64),
        found: &mut BTreeMap<String, i64>,
    ) -> Result<(), Stop> {
        let mut one = PageRequest {
            start: Some(start),
            end: None,
            page: 1,
            count: 1,
            removed: false,
        };
        let mut first = self.shown_beyond(kind, part, &one).await?;
        if first.is_none() {
            // Spans without an end may be refused.
            one.end = Some(start.saturating_add(A_DAY_S));
            first = self.shown_beyond(kind, part, &one).await?;
        }
        if first.is_none_or(|first| first.rows() == 0) {
            return Ok(());
        }
        for page in 1..=MOST_PAGES {
            let request = PageRequest {
                page,
                count: self.settings.count,
                ..one.clone()
            };
            let Some(shown) = self.shown_beyond(kind, part, &request).await? else {
                break;
            };
            let before = found.len();
            found.extend(shown.ahead);
            if shown.now.is_none() {
                // Whose clock is ahead nobody knows; what they show is compared with what is known.
                let items = shown.items.into_iter().filter(|item| item.update_time >= start);
                found.extend(items.map(|item| (item.company_id, item.update_time)));
            }
            // A listing that ignores its bounds shows others, and one that does not turn pages the same again.
            if found.len() == before {
                break;
            }
        }
        Ok(())
    }

    /// What is the matter with this span alone must keep no run from ending.
    async fn shown_beyond(
        &self,
        kind: RunKind,
        part: usize,
        request: &PageRequest,
    ) -> Result<Option<Page>, Stop> {
        match self.client.page_of(lane(kind), request, part).await {
            Ok(page) => Ok(Some(page)),
            Err(error) if error.may_be_of_one_page() => {
                tracing::warn!(
                    error = crate::okki::chain(&error),
                    "not known who lies ahead of every window"
                );
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Each answer is good for twice as long as the one before.
    fn is_look_beyond_due(&self) -> bool {
        let mut last = lock(&self.looked_beyond);
        let is_due = last.is_none_or(|(at, good_for)| at.elapsed() >= good_for);
        if is_due {
            let good_for = last.map_or(GOOD_FOR.0, |(_, good_for)| (good_for * 2).min(GOOD_FOR.1));
            *last = Some((Instant::now(), good_for));
        }
        is_due
    }
}
