//! What is said when a run has ended: how much it has listed, and whether that is less than OKKI counts.

use super::Runner;
use crate::{
    okki::time,
    state::{Run, RunKind},
};
use pipeline::alert::{Problem, Severity};
use std::time::Duration;

/// Problem that a run has listed fewer customers than OKKI counts.
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

    /// Says when fewer customers were listed than OKKI counts.
    fn compare_with_total(&self, kind: RunKind, run: &Run) {
        if !run.once {
            return;
        }
        let problem = |detail| Problem {
            key: format!("{FEW_LISTED}:{}", kind.name()),
            severity: Severity::Warning,
            summary: words::tr!("fewer customers listed than OKKI counts"),
            detail,
            patience: Duration::ZERO,
        };
        let Some(expected) = run.falls_short_of() else {
            return self.rt.alerts.over(problem(String::new()));
        };
        let (short, seen) = (run.short, expected.saturating_sub(run.short));
        tracing::warn!(
            run = run.id,
            job = kind.name(),
            expected,
            short,
            "fewer customers listed than OKKI counts"
        );
        if !run.is_far_short() {
            return self.rt.alerts.over(problem(String::new()));
        }
        self.rt.alerts.raise(problem(words::tr!(
            "{seen} of {expected} listed; compare both with `extractor reconcile`"
        )));
    }
}
