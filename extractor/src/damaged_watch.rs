//! Rows of the listing that name no customer, and parts that are not shown: a notice for as long as there are any, for somebody has to look at them in OKKI.

use crate::state::{DamagedSpan, State};
use pipeline::{
    alert::{Problem, Severity},
    service::Runtime,
    store,
};
use std::time::Duration;

const POLL: Duration = Duration::from_secs(10);
const PROBLEM: &str = "rows-without-customer";
const REMEDY: &str = words::mark!(
    "they are listed again with growing waits; `extractor status` names them, look them up in OKKI"
);

/// Tells of the rows that are kept.
pub(crate) struct DamagedWatch {
    rt: Runtime,
    state: State,
}

impl DamagedWatch {
    /// Nothing is asked yet.
    pub(crate) fn new(rt: Runtime, state: State) -> Self {
        Self { rt, state }
    }

    /// Polls until shutdown.
    pub(crate) async fn run(self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::debug!(
                    error = pipeline::cause::logged(&error),
                    "rows without a customer not counted"
                );
            }
            if !self.rt.shutdown.sleep(POLL).await {
                return;
            }
        }
    }

    async fn look(&self) -> Result<(), store::Error> {
        let spans = self.state.damaged().await?;
        self.rt.status.set("rows_without_customer", spans.len().into());
        let Some(first) = spans.first() else {
            self.rt.alerts.clear(PROBLEM);
            return Ok(());
        };
        self.rt.alerts.raise(Problem {
            key: PROBLEM.to_owned(),
            severity: Severity::Warning,
            summary: words::tr!("the listing cannot be read in {} places", spans.len()),
            detail: detail(first),
            patience: Duration::ZERO,
        });
        Ok(())
    }
}

fn detail(span: &DamagedSpan) -> String {
    let reason = &span.reason;
    // Whoever reads the notice decides about its language.
    words::english(|| match span.serial_id.as_deref() {
        Some(number) => words::sentences(&[&words::tr!("{reason}, number {number}"), REMEDY]),
        None => words::sentences(&[reason.as_str(), REMEDY]),
    })
}
