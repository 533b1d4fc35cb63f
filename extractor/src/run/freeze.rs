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
use pipeline::alert::{Problem, Severity};
use std::time::Duration;

/// Problem that OKKI's clock, Redis' and ours do not agree.
const CLOCKS_APART: &str = "clocks-apart";

impl Runner {
    /// One call asks for the vendor's clock and how much there is; the window ends in its past.
    pub(super) async fn freeze(
        &self,
        kind: RunKind,
        span: Span,
        force: bool,
        before: &KindState,
    ) -> Result<Run, Stop> {
        let overtaken = self.overtaken(span, before.checkpoint).await?;
        let margins = self.settings.margins;
        let look = self.look(span, before).await?;
        let window_at = |now| match span {
            Span::LookBack(_) => look.as_ref().map_or(Window::default(), |(_, window)| *window),
            Span::SinceCheckpoint => {
                let window = margins.live(before.checkpoint, self.settings.start, now);
                let start = window.start.min(overtaken.or(window.start));
                Window { start, ..window }
            }
            Span::First => margins.first(self.settings.start, now),
            Span::Reach(reach) => margins.remedy(reach, now),
            Span::Between { since, until } => margins.backfill(since, until, now),
        };
        let Window { start, end } = window_at(before.clocks().earliest());
        let end = span.is_past().then_some(end);
        let request = PageRequest {
            start,
            end,
            page: 1,
            count: 1,
            removed: false,
        };
        self.client.check_group().await?;
        let (first, is_empty) = self.first_pages(kind, &request).await?;
        // Read after the call, which may have waited for the quota.
        let redis_ms = self.state.now_ms().await?;
        let clocks = Clocks::with_redis(redis_ms);
        self.compare(clocks, first.now);
        let window = window_at(clocks.okki_now(first.now));
        let is_first = kind == RunKind::First;
        let conditions = match is_first {
            true => self.state.condition().await?,
            false => None,
        };
        let force = force || (is_first && self.has_other_rules(conditions.as_ref()).await?);
        // Nothing since the start means nothing in the window, which lies within.
        let last_part = self.client.source().parts() - 1;
        let id = format!("{}-{}", kind.name(), uuid::Uuid::new_v4().simple());
        Ok(Run {
            part: if is_empty { last_part } else { 0 },
            cursor: is_empty.then_some(window.end + 1),
            // Nothing about a deleted customer is fetched.
            removals: self.settings.removals && kind != RunKind::Refresh,
            force,
            expected: first.total,
            filter: is_first.then(|| self.settings.filter.clone()),
            condition: conditions.map(|conditions| conditions.now),
            look: look.map(|(look, _)| look),
            started_ms: redis_ms,
            ..Run::apart(id, window, Phase::Changed, &self.rt.instance)
        })
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

    /// From where on a live window has to begin whatever its checkpoint says, which may be where a first load ends.
    async fn overtaken(&self, span: Span, checkpoint: Option<i64>) -> Result<Option<i64>, Stop> {
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

    /// A first load that found nobody may have asked a listing that was not there yet. While nobody was ever listed, it is
    /// looked for somebody from the start on, and the first load made once more when there is.
    async fn look_for_the_first(&self) -> Result<(), Stop> {
        let first = self.state.standing(RunKind::First).await?;
        let has_ended = first.started_ms.is_some() && first.run.is_none() && !first.wanted;
        if !has_ended || self.rt.account.total().await?.listed > 0 {
            return Ok(());
        }
        let request = PageRequest {
            start: self.settings.start,
            end: None,
            page: 1,
            count: 1,
            removed: false,
        };
        if self.first_pages(RunKind::First, &request).await?.0.rows() > 0 {
            tracing::warn!("the first load found nobody, and now somebody is listed: it is made once more");
            self.state.want(RunKind::First).await?;
        }
        Ok(())
    }

    /// The first page of each part of the listing, with their total, and whether there is nothing at all.
    pub(super) async fn first_pages(
        &self,
        kind: RunKind,
        request: &PageRequest,
    ) -> Result<(Page, bool), Stop> {
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
                Some(first) => Page {
                    total: first.total.zip(page.total).map(|(one, other)| one + other),
                    ..first
                },
                None => page,
            });
        }
        match (first, failed) {
            (Some(first), None) => Ok((first, are_empty)),
            (Some(first), Some(_)) => Ok((Page { total: None, ..first }, false)),
            (None, failed) => failed.map_or(Ok((Page::default(), true)), |error| Err(error.into())),
        }
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

    fn compare(&self, clocks: Clocks, said: Option<i64>) {
        let problem = |detail| Problem {
            key: CLOCKS_APART.to_owned(),
            severity: Severity::Warning,
            summary: words::tr!("clocks differ"),
            detail,
            patience: Duration::ZERO,
        };
        // Whoever lists next compares anew, and nobody else does.
        let Some(detail) = clocks.trouble(said) else {
            return self.rt.alerts.over(problem(String::new()));
        };
        tracing::warn!(detail, "clocks differ");
        self.rt
            .alerts
            .raise(problem(words::tr!("{detail}; let NTP set the clocks of ours")));
    }
}
