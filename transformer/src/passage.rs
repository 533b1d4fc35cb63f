//! Who passes the condition and whom it drops since this process was started, and so under this mapping: one that drops everybody
//! is no failure of any customer, and nobody would hear of it.

use pipeline::{
    alert::{Problem, Severity},
    service::Runtime,
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// So many in a row are no chance.
const MANY: u64 = 100;
const PROBLEM: &str = "condition-drops-all";

/// Counts them, and says when nobody passes.
pub(crate) struct Passage {
    rt: Runtime,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    passed: AtomicU64,
    dropped: AtomicU64,
}

impl Passage {
    /// Of a process that has mapped nobody so far.
    pub(crate) fn new(rt: Runtime) -> Self {
        let counts = Arc::new(Counts::default());
        let shown = Arc::clone(&counts);
        rt.status.compute(
            "condition",
            move || json!({"passed": shown.passed.load(Relaxed), "dropped": shown.dropped.load(Relaxed)}),
        );
        Self { rt, counts }
    }

    /// A customer goes on.
    pub(crate) fn passed(&self) {
        if self.counts.passed.fetch_add(1, Relaxed) == 0 {
            self.rt.alerts.clear(PROBLEM);
        }
    }

    /// The condition has dropped a customer.
    pub(crate) fn dropped(&self) {
        let dropped = self.counts.dropped.fetch_add(1, Relaxed) + 1;
        if dropped < MANY || self.counts.passed.load(Relaxed) > 0 {
            return;
        }
        if dropped == MANY {
            tracing::warn!(dropped, "the condition of the mapping drops every customer");
        }
        self.rt.alerts.raise(Problem {
            key: PROBLEM.to_owned(),
            severity: Severity::Warning,
            summary: words::tr!("the condition of the mapping drops every customer"),
            detail: words::tr!(
                "since it is in use it has let nobody pass, and dropped {MANY} customers or more; if that is not meant, look at `condition` in MAPPING_EXTRAS, `transformer mapping try` says whom it drops and why"
            ),
            patience: Duration::ZERO,
        });
    }
}
