//! What follows from the end of a pass: another one, waiting for outcomes, or the end of the run.

use super::{POLL, Runner};
use crate::{
    error::Result,
    plan::{Plan, canary, end::End, failed, pass::PassEnd, state::State, sweep::sweep},
    when,
};
use std::time::Instant;

impl Runner<'_> {
    /// What follows from the end of a pass; `None`: another pass.
    pub(super) async fn after(
        &mut self,
        end: PassEnd,
        view: &mut (dyn FnMut(&Plan) + Send),
    ) -> Result<Option<(State, String)>> {
        Ok(match end {
            PassEnd::TimeUp => None,
            PassEnd::Interrupted => Some(self.interrupted()),
            PassEnd::Changed(state) => Some((state, String::new())),
            PassEnd::Silence => self.silence(view).await?,
            PassEnd::TooManyFailed => Some(self.stopped().await),
            PassEnd::Exhausted if !self.options.wait => {
                self.missing(view).await?;
                Some((
                    State::Sent,
                    words::mark!("the outcomes are not waited for").to_owned(),
                ))
            }
            PassEnd::Portion | PassEnd::Exhausted => {
                if let Some(end) = self.outcomes(view).await? {
                    return Ok(Some(end));
                }
                if canary::must_stop(self.options, self.progress(), true) {
                    return Ok(Some(self.stopped().await));
                }
                if end == PassEnd::Portion {
                    return Ok(None);
                }
                self.missing(view).await?;
                Some((State::Complete, String::new()))
            }
        })
    }

    /// Waits until every outcome of what was sent is known. `Some` when the run ends before that.
    async fn outcomes(&mut self, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<Option<(State, String)>> {
        let mut last_report = (Instant::now(), self.plan.known());
        while self.plan.under_way() > 0 {
            if !self.workspace.stop.sleep(POLL).await {
                return Ok(Some(self.interrupted()));
            }
            self.refresh(view).await?;
            if PassEnd::of(self.plan.state).is_some() {
                return Ok(Some((self.plan.state, String::new())));
            }
            if self.plan.known() > last_report.1 {
                last_report = (Instant::now(), self.plan.known());
            }
            if last_report.0.elapsed() > self.patience {
                if let Some(end) = self.silence(view).await? {
                    return Ok(Some(end));
                }
                last_report = (Instant::now(), self.plan.known());
            }
        }
        Ok(None)
    }

    /// No outcome for long: perhaps the broker dead-lettered them, which no consumer can report. `Some` when not.
    async fn silence(&mut self, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<Option<(State, String)>> {
        let found = sweep(self.workspace, &self.plan.id).await?;
        self.refresh(view).await?;
        if found > 0 {
            return Ok(None);
        }
        let note = words::kept!(
            "no outcome for {}: {} letters are under way; do the {} stage and those behind it run? `dead resume {}` goes on",
            when::span(self.patience),
            self.plan.under_way(),
            self.workspace.stage,
            self.plan.id
        );
        Ok(Some((State::Paused, note)))
    }

    /// Letters of the plan that are not in the queue any more: another operator has replayed or discarded them.
    async fn missing(&mut self, view: &mut (dyn FnMut(&Plan) + Send)) -> Result<()> {
        let counted = self.plan.sent + self.plan.count([End::Refused]);
        let gone = self.plan.total.saturating_sub(counted);
        if gone > 0 {
            self.workspace.plans().gone(&self.plan.id, gone).await?;
            self.refresh(view).await?;
        }
        Ok(())
    }

    fn interrupted(&self) -> (State, String) {
        let note = words::kept!("interrupted; `dead resume {}` goes on", self.plan.id);
        (State::Paused, note)
    }

    /// Too many failed again: how many, an example with the vendor's words, and what can be done.
    async fn stopped(&self) -> (State, String) {
        let progress = self.progress();
        let example = failed::in_words(self.workspace, &self.plan).await;
        let note = words::kept!(
            "{} of {} failed again, more than {:.0} % of late; the others are still in the dead-letter queue. {example}; \
             `dead resume {}` tries again with a canary",
            progress.failed,
            progress.known,
            self.options.stop_at * 100.0,
            self.plan.id
        );
        (State::Stopped, note)
    }
}
