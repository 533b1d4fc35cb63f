//! What becomes of a message that failed: its copy for a retry queue or for the dead letters with the failure record,
//! and the report to the plan of the replay that brought it.

use super::{
    batch::Context,
    delivery::{Decoded, Delivery},
};
use crate::{
    cause::logged,
    decision::Decision,
    disposition::Disposition,
    events::Cells,
    failure::{
        Failure, outcome,
        record::{FailureRecord, extend_history},
    },
    handler::Handler,
    message::Outgoing,
    telemetry::names,
};
use std::time::Duration;

/// How often outcomes are reported again while Redis is away.
const REPORT_AGAIN: Duration = Duration::from_secs(1);

impl<H: Handler> Context<H> {
    /// The message as it goes to a retry queue or to the dead letters; the body stays as it came.
    pub(super) fn failed_copy(&self, delivery: &Delivery, failure: &Failure, decision: Decision) -> Outgoing {
        let now = jiff::Timestamp::now().as_millisecond();
        let mut envelope = delivery.envelope.clone();
        // It was handled, so it kills nobody.
        envelope.suspect = false;
        if envelope.first_seen_ms == 0 {
            envelope.first_seen_ms = now;
        }
        let stage = self.stage;
        let (queue, action) = match decision.delay {
            Some(delay) => (
                self.rt.namespace.retry_queue(stage, delay),
                format!("retry {}", delay.as_secs_f64()),
            ),
            None => (
                self.rt.namespace.dead_queue(stage),
                Disposition::Dead.name().to_owned(),
            ),
        };
        let attempts = extend_history(&envelope.history, failure, now, action);
        envelope.history = serde_json::to_string(&attempts).unwrap_or_default();
        if decision.delay.is_some() {
            metrics::counter!(names::RETRIES, "stage" => stage.name(), "reason" => failure.code).increment(1);
            envelope.attempt = delivery.attempt() + 1;
        } else {
            metrics::counter!(names::DEAD_LETTERS, "stage" => stage.name(), "reason" => failure.code)
                .increment(1);
            let decoded = delivery.decode::<H::In>();
            // A vendor's words may quote a customer.
            let cells = match &decoded {
                Decoded::Job(job) => Cells::of(&job.message),
                Decoded::Damaged(_) | Decoded::Newer => Cells::default(),
            };
            let said = cells.masked(&failure.message);
            tracing::warn!(
                %stage, code = failure.code, reason = %said, company_id = %envelope.company_id,
                attempt = delivery.attempt(), "dead letter"
            );
            self.rt
                .alerts
                .dead(stage, failure.code, failure.field.as_deref(), &said);
            let home = self.rt.namespace.queue(stage);
            let died = (&envelope, delivery.body.as_ref());
            let mut record = FailureRecord::new(stage, home, died, failure, attempts, &self.rt.instance);
            record.mapping = match decoded {
                Decoded::Job(job) => self.handler.mapping(Some(&job.message)),
                Decoded::Damaged(_) | Decoded::Newer => self.handler.mapping(None),
            };
            envelope.reason = Some(failure.code.to_owned());
            envelope.failure = serde_json::to_string(&record).ok();
            // The record holds the history now.
            envelope.history.clear();
        }
        let copy = Outgoing::raw(queue, envelope, delivery.body.clone());
        match decision.delay {
            Some(delay) => copy.expiring(self.spread.wait(delay)),
            None => copy,
        }
    }

    /// Writes outcomes into the plans of replays. While Redis is away nothing is settled; `false` when
    /// the process has to stop meanwhile.
    pub(super) async fn report_outcomes(&self, outcomes: Vec<outcome::ReplayOutcome>) -> bool {
        while !outcomes.is_empty() {
            match outcome::report(&self.rt.store, &self.rt.namespace, &outcomes).await {
                Ok(_) => break,
                Err(error) if error.is_outage() => {
                    self.rt.redis_lost(&error);
                    if !self.rt.shutdown.sleep(REPORT_AGAIN).await {
                        return false;
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        error = logged(&error),
                        "the outcomes of a replay are not known to its plan"
                    );
                    break;
                }
            }
        }
        true
    }
}
