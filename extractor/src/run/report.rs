//! What is said when a run has ended: how much it has listed, and whether that is far less than OKKI counts.

use super::Runner;
use crate::{
    okki::{PageRequest, time},
    state::{Run, RunKind},
};
use pipeline::alert::{Problem, Severity};
use std::time::Duration;

/// Problem that a run has listed far fewer customers than OKKI counts.
const FEW_LISTED: &str = "few-listed";

impl Runner {
    pub(super) fn report(&self, kind: RunKind, run: &Run) {
        self.compare_with_total(kind, run);
        self.tell_late(run);
        if run.listed == 0 {
            tracing::debug!(
                run = run.id,
                job = kind.name(),
                end = time::format(run.end),
                "nothing new in the window"
            );
            return;
        }
        tracing::info!(
            run = run.id,
            job = kind.name(),
            start = run.start.map(time::format),
            end = time::format(run.end),
            listed = run.listed,
            duplicates = run.duplicates,
            damaged = run.damaged,
            "window listed"
        );
    }

    /// Customers that change leave a window while it is read, so that fewer than there were may be all: those that are still
    /// within count. Nobody enters it.
    pub(super) async fn count_again(&self, kind: RunKind, run: &mut Run) {
        if kind == RunKind::Live || run.falls_short_of().is_none() {
            return;
        }
        let request = PageRequest {
            start: run.start,
            end: Some(run.end),
            page: 1,
            count: 1,
            removed: false,
        };
        let now = self.first_pages(kind, &request).await;
        run.expected = now.ok().and_then(|(first, _)| first.total);
    }

    /// Says when far fewer customers were listed than OKKI counts. Live windows are small, and customers leave them.
    fn compare_with_total(&self, kind: RunKind, run: &Run) {
        if kind == RunKind::Live {
            return;
        }
        let problem = |detail| Problem {
            key: format!("{FEW_LISTED}:{}", kind.name()),
            severity: Severity::Warning,
            summary: words::tr!("far fewer customers listed than OKKI counts"),
            detail,
            patience: Duration::ZERO,
        };
        let Some(expected) = run.falls_short_of() else {
            return self.rt.alerts.over(problem(String::new()));
        };
        tracing::warn!(
            run = run.id,
            job = kind.name(),
            expected,
            seen = run.seen,
            "far fewer customers listed than OKKI counts"
        );
        self.rt.alerts.raise(problem(words::tr!(
            "{} of {expected} listed; compare both with `extractor reconcile`",
            run.seen
        )));
    }
}
