//! OKKI's clock as a window is frozen: what it says itself is weighed against the rows that it shows.

use super::{Runner, Span, Stop};
use crate::{
    clocks::{Clocks, Told},
    okki::{Page, PageRequest},
    state::RunKind,
};
use pipeline::alert::{Problem, Severity};
use std::time::Duration;

/// Problem that OKKI's clock, Redis' and ours do not agree.
const CLOCKS_APART: &str = "clocks-apart";

impl Runner {
    /// What time it is for OKKI, after a first page; people are told where clocks differ.
    pub(super) async fn weighed(
        &self,
        kind: RunKind,
        span: Span,
        clocks: Clocks,
        (first, request): (&Page, &PageRequest),
    ) -> Result<Told, Stop> {
        let said = self.said_twice(kind, clocks, first.now, request).await?;
        let mut told = clocks.told(said, first.latest());
        if !span.is_past()
            && !told.is_proven
            && let Some((start, end)) = clocks.proof(said)
        {
            // One row there says which clock is wrong.
            let request = PageRequest {
                start: Some(start),
                end: Some(end),
                ..request.clone()
            };
            let page = self.first_pages(kind, &request).await?.page;
            told = clocks.told(said, page.latest());
        }
        if !span.is_past() {
            self.compare(clocks, told);
        }
        Ok(told)
    }

    /// OKKI's clock as it says itself; where one answer puts it behind both of ours, another one has to say so, too, before it
    /// ends a window that is listed once.
    async fn said_twice(
        &self,
        kind: RunKind,
        clocks: Clocks,
        said: Option<i64>,
        request: &PageRequest,
    ) -> Result<Option<i64>, Stop> {
        if kind == RunKind::Live || !clocks.is_behind(said) {
            return Ok(said);
        }
        let again = self.first_pages(kind, &request.otherwise()).await?.page.now;
        Ok(said.max(again))
    }

    fn compare(&self, clocks: Clocks, told: Told) {
        let problem = |detail| Problem {
            key: CLOCKS_APART.to_owned(),
            severity: Severity::Warning,
            summary: words::tr!("clocks differ"),
            detail,
            patience: Duration::ZERO,
        };
        // Whoever lists next compares anew, and nobody else does.
        let Some(detail) = clocks.trouble(told) else {
            return self.rt.alerts.over(problem(String::new()));
        };
        tracing::warn!(detail, "clocks differ");
        self.rt
            .alerts
            .raise(problem(words::tr!("{detail}; let NTP set the clocks of ours")));
    }
}
