//! The window of a new run: from where on, and up to which second of OKKI's past.

use super::{Runner, Span, Stop};
use crate::{
    clocks::Clocks,
    look_back::Look,
    okki::{Page, PageRequest},
    source,
    state::{Conditions, KindState, Phase, Run, RunKind},
    window::{Margins, Window},
};
use std::sync::atomic::Ordering;

/// What was asked for and answered when a window was frozen.
struct Frozen {
    window: Window,
    /// No other run lists it.
    once: bool,
    total: Option<u64>,
    /// Nobody is there since its start, as the listing says.
    is_empty: bool,
    redis_ms: i64,
    /// By how much OKKI's clock is believed to be ahead of ours.
    apart: i64,
}

/// What the parts of a listing show first.
pub(super) struct FirstPages {
    /// The rows of all parts, and their total, where each says one.
    pub(super) page: Page,
    /// Nobody is there, as each part says.
    pub(super) is_empty: bool,
    /// No part has shown a row, whatever it counts.
    pub(super) is_hollow: bool,
}

fn together(first: Page, mut other: Page) -> Page {
    let mut items = first.items;
    items.append(&mut other.items);
    let mut damaged = first.damaged;
    damaged.append(&mut other.damaged);
    let mut ahead = first.ahead;
    ahead.append(&mut other.ahead);
    Page {
        items,
        damaged,
        total: first.total.zip(other.total).map(|(one, other)| one + other),
        now: first.now.or(other.now),
        untimed: first.untimed,
        ahead,
    }
}

impl Runner {
    /// One call asks for the vendor's clock and how much there is; the window ends in its past.
    pub(super) async fn freeze(
        &self,
        kind: RunKind,
        span: Span,
        force: bool,
        before: &KindState,
    ) -> Result<Run, Stop> {
        let look = self.look(span, before).await?;
        let looks_at = look.as_ref().map(|(_, window)| *window);
        let frozen = self.frozen(kind, (span, looks_at), before).await?;
        let is_first = kind == RunKind::First;
        let conditions = match is_first {
            true => self.state.condition().await?,
            false => None,
        };
        let force = force || (is_first && self.has_other_rules(conditions.as_ref()).await?);
        // Nothing since the start means nothing in the window, which lies within; where no later window asks again, one answer
        // is not enough.
        let is_empty = frozen.is_empty && !frozen.once;
        let last_part = self.client.source().parts() - 1;
        let id = format!("{}-{}", kind.name(), uuid::Uuid::new_v4().simple());
        Ok(Run {
            part: if is_empty { last_part } else { 0 },
            cursor: is_empty.then_some(frozen.window.end + 1),
            // Nothing about a deleted customer is fetched.
            removals: self.settings.removals && kind != RunKind::Refresh,
            force,
            expected: frozen.total,
            apart: frozen.apart,
            listed_ms: frozen.redis_ms - self.settings.margins.settle_ms(),
            once: frozen.once,
            filter: is_first.then(|| self.settings.filter.clone()),
            condition: conditions.map(|conditions| conditions.now),
            look: look.map(|(look, _)| look),
            started_ms: frozen.redis_ms,
            ..Run::apart(id, frozen.window, Phase::Changed, &self.rt.instance)
        })
    }

    async fn frozen(
        &self,
        kind: RunKind,
        (span, looks_at): (Span, Option<Window>),
        before: &KindState,
    ) -> Result<Frozen, Stop> {
        let overtaken = self.overtaken(span, before.checkpoint).await?;
        let granule = self.granule().await?;
        let window_at = |now, from| {
            let window = looks_at.unwrap_or_else(|| self.window_at(span, before, from, now));
            window.of_whole(granule)
        };
        let Window { start, end } = window_at(before.clocks().earliest(), overtaken);
        let request = PageRequest {
            start,
            end: span.is_past().then_some(end),
            page: 1,
            count: 1,
            removed: false,
        };
        self.client.check_group().await?;
        let FirstPages {
            page: first,
            is_empty,
            is_hollow,
        } = self.first_pages(kind, &request).await?;
        // Read after the call, which may have waited for the quota.
        let redis_ms = self.state.now_ms().await?;
        let clocks = Clocks::with_redis(redis_ms);
        let told = self.weighed(kind, span, clocks, (&first, &request)).await?;
        let overtaken = match before.checkpoint {
            // A first load may have begun meanwhile, and ended by another clock.
            None => self.overtaken(span, None).await?,
            Some(_) => overtaken,
        };
        let unseen = match span {
            Span::SinceCheckpoint => self.unseen_since(before, is_hollow).await?,
            _ => None,
        };
        let unseen = unseen.map(|since| since - self.overlap_s());
        let back = before.checkpoint.and_then(|checkpoint| told.since(checkpoint));
        let back = back.map(|since| since - self.overlap_s());
        let from = [overtaken, unseen, back].into_iter().flatten().min();
        let window = window_at(told.now, from);
        let window = self.up_to_live(span, window).await?;
        let apart = told.ahead_by(clocks);
        // What nobody was shown of is listed by this run alone, as soon as somebody is.
        let is_back = unseen.is_some() && !self.sees_nobody.load(Ordering::Relaxed);
        Ok(Frozen {
            window,
            once: is_back || !self.is_listed_again(kind, before.checkpoint, window.end - apart),
            total: first.total,
            // Of what lies before it nothing was asked.
            is_empty: is_empty && window.start >= start,
            redis_ms,
            apart,
        })
    }

    fn overlap_s(&self) -> i64 {
        self.settings.margins.overlap.as_secs().cast_signed()
    }

    /// The window of a run that is no look back, where it is `now`.
    fn window_at(&self, span: Span, before: &KindState, overtaken: Option<i64>, now: i64) -> Window {
        let margins = self.settings.margins;
        match span {
            Span::LookBack(_) => Window::default(),
            Span::SinceCheckpoint => {
                let window = margins.live(before.checkpoint, self.settings.start, now);
                let start = window.start.min(overtaken.or(window.start));
                Window { start, ..window }
            }
            Span::First => margins.first(self.settings.start, now),
            Span::Reach(reach) => margins.remedy(reach, now),
            Span::Between { since, until } => margins.backfill(since, until, now),
        }
    }

    /// What a look back is about, and where it looks.
    async fn look(&self, span: Span, before: &KindState) -> Result<Option<(Look, Window)>, Stop> {
        let Span::LookBack(looks) = span else {
            return Ok(None);
        };
        let passed = self.passed_over().await?;
        let wide = looks.is_wide(before.wide_s, before.redis_ms.div_euclid(1_000));
        let look = Look {
            wide,
            told: self.tells_late(before.wide_s).await?,
            ..Look::default()
        };
        Ok(Some((look, Margins::look_back(passed, looks.reach(wide)))))
    }

    /// The first page of each part of the listing.
    pub(super) async fn first_pages(&self, kind: RunKind, request: &PageRequest) -> Result<FirstPages, Stop> {
        let is_empty = |page: &Page| page.total == Some(0) && page.rows() == 0;
        let vendor = |part| self.vendor(kind, part);
        let (mut first, mut are_empty, mut failed) = (None::<Page>, true, None);
        let kept = match kind {
            RunKind::Live => self.state.kept_parts().await?,
            _ => Vec::new(),
        };
        let is_kept = |part: &usize| kept.iter().any(|span| span.is_of(*part, false));
        let parts = 0..self.client.source().parts();
        are_empty &= !parts.clone().any(|part| is_kept(&part));
        // One of several at least is asked, for OKKI's clock.
        let asked: Vec<usize> = parts.clone().filter(|part| !is_kept(part)).collect();
        let asked = if asked.is_empty() { parts.collect() } else { asked };
        for part in asked {
            let page = match vendor(part).first_page(request).await {
                Ok(page) => page,
                // Others may be shown, and the walk finds out what is the matter with this one.
                Err(error) if error.may_be_of_one_page() => {
                    (are_empty, failed) = (false, Some(error));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            are_empty &= is_empty(&page);
            first = Some(match first {
                Some(first) => together(first, page),
                None => page,
            });
        }
        let all_shown = failed.is_none() && kept.is_empty();
        let page = match (first, failed) {
            (Some(first), None) => first,
            (Some(first), Some(_)) => Page { total: None, ..first },
            (None, failed) => failed.map_or(Ok(Page::default()), Err)?,
        };
        Ok(FirstPages {
            is_empty: are_empty,
            is_hollow: all_shown && page.rows() == 0,
            page,
        })
    }

    /// Another condition has to see the details, also of those that are loaded: some of them have left.
    async fn has_other_rules(&self, conditions: Option<&Conditions>) -> Result<bool, Stop> {
        if conditions.is_some_and(Conditions::has_changed) {
            return Ok(true);
        }
        let mine = &self.settings.filter;
        let known = self.state.filter(mine).await?;
        Ok(source::rules_of(&known) != source::rules_of(mine))
    }

    /// Whatever OKKI's clock says by then: a first load ends no earlier than where live windows have taken over.
    async fn up_to_live(&self, span: Span, window: Window) -> Result<Window, Stop> {
        if span != Span::First {
            return Ok(window);
        }
        let live = self.state.standing(RunKind::Live).await?;
        let ends = [live.checkpoint, live.run.as_ref().map(|run| run.end)];
        let is_past = |end: &i64| !live.clocks().is_future(*end);
        let taken_over = ends.into_iter().flatten().filter(is_past).max();
        Ok(Window {
            end: window.end.max(taken_over.unwrap_or(window.end)),
            ..window
        })
    }

    /// Whether another run lists the whole window again: the next live one, as far as windows overlap, or the next look back.
    fn is_listed_again(&self, kind: RunKind, checkpoint: Option<i64>, end: i64) -> bool {
        match kind {
            RunKind::LookBack => true,
            RunKind::Live => checkpoint.is_none_or(|checkpoint| end - checkpoint <= self.overlap_s()),
            _ => false,
        }
    }
}
