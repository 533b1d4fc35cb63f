//! One batch from decoding to the broker's confirms; what comes back may be acknowledged.

use super::{
    books::{self, Settled},
    unit::{Decoded, Unit},
};
use crate::{
    broker::{Outgoing, PublishError, Publisher},
    dead::outcome,
    handler::{Failure, Handler, Job, Outcome, Subject, SubjectRef, Tally},
    service::Runtime,
    settle::{Settle, settle},
    stage::Stage,
    telemetry::{names, trace},
};
use std::{sync::Arc, time::Duration};

/// What a stage's batches share.
pub(super) struct Context<H> {
    pub(super) rt: Runtime,
    pub(super) stage: Stage,
    pub(super) handler: Arc<H>,
    pub(super) publisher: Publisher,
}

/// What is left of a batch.
pub(super) struct BatchEnd {
    /// To be handled again when the gate opens.
    pub(super) kept: Vec<Unit>,
    /// To be acknowledged: everything they caused is durable.
    pub(super) settled: Vec<Unit>,
    /// The broker did not take the results; everything unacknowledged must be delivered again.
    pub(super) lost: Option<PublishError>,
}

/// Decision about one unit: what to publish before it is acknowledged.
struct Plan<R> {
    unit: Unit,
    settle: Option<Settle>,
    publish: Vec<Outgoing>,
    receipt: Option<R>,
    outcome: &'static str,
}

impl<H: Handler> Context<H> {
    pub(super) async fn process(&self, mut units: Vec<Unit>) -> BatchEnd {
        for unit in &mut units {
            unit.span = trace::record(self.stage, &unit.envelope);
        }
        let _batch = trace::batch(self.stage, units.iter_mut().filter_map(|unit| unit.span.as_mut()));
        metrics::histogram!(names::BATCH_SIZE, "stage" => self.stage.name()).record(units.len() as f64);
        let outcomes = self.outcomes(&units).await;
        let plans: Vec<_> = units
            .into_iter()
            .zip(outcomes)
            .map(|(unit, outcome)| self.plan(unit, outcome))
            .collect();
        self.execute(plans).await
    }

    /// One outcome per unit; what cannot be decoded fails alone and never reaches the handler.
    async fn outcomes(&self, units: &[Unit]) -> Vec<Verdict<H::Receipt>> {
        let mut verdicts = Vec::with_capacity(units.len());
        let mut jobs = Vec::with_capacity(units.len());
        for unit in units {
            match unit.decode::<H::In>() {
                Decoded::Job(job) => {
                    jobs.push(job);
                    verdicts.push(None);
                }
                Decoded::Damaged(failure) => verdicts.push(Some(Verdict::Handled(Outcome::Dead(failure)))),
                Decoded::Newer => verdicts.push(Some(Verdict::Park)),
            }
        }
        let mut handled = if jobs.is_empty() {
            Vec::new()
        } else {
            self.guarded(units, jobs).await
        }
        .into_iter();
        let missing = || {
            Outcome::Retry(Failure::new(
                "handler-fault",
                "the handler returned too few outcomes",
            ))
        };
        verdicts
            .into_iter()
            .map(|verdict| {
                verdict.unwrap_or_else(|| Verdict::Handled(handled.next().unwrap_or_else(missing)))
            })
            .collect()
    }

    /// A panic fails the message that caused it: the others of the batch are handled once more, each alone.
    async fn guarded(&self, units: &[Unit], jobs: Vec<Job<H::In>>) -> Vec<Outcome<H::Receipt>> {
        let count = jobs.len();
        if let Some(outcomes) = self.call(jobs).await {
            return outcomes;
        }
        let panicked = || {
            Outcome::Retry(Failure::new(
                "handler-panic",
                "the handler panicked on this message",
            ))
        };
        if count == 1 {
            return vec![panicked()];
        }
        let mut outcomes = Vec::with_capacity(count);
        for unit in units {
            if let Decoded::Job(job) = unit.decode::<H::In>() {
                let alone = self.call(vec![job]).await.and_then(|mut outcomes| outcomes.pop());
                outcomes.push(alone.unwrap_or_else(panicked));
            }
        }
        outcomes
    }

    /// `None` when the handler panicked.
    async fn call(&self, jobs: Vec<Job<H::In>>) -> Option<Vec<Outcome<H::Receipt>>> {
        let handler = Arc::clone(&self.handler);
        match tokio::spawn(async move { handler.handle(jobs).await }).await {
            Ok(outcomes) => Some(outcomes),
            Err(error) => {
                tracing::error!(stage = %self.stage, %error, "the handler panicked");
                None
            }
        }
    }

    fn plan(&self, unit: Unit, verdict: Verdict<H::Receipt>) -> Plan<H::Receipt> {
        let failure = match &verdict {
            Verdict::Handled(Outcome::Retry(failure) | Outcome::Dead(failure)) => Some(failure.code),
            _ => None,
        };
        let mut plan = self.decide(unit, verdict);
        // The handling ends here; publishing and confirms belong to the batch.
        if let Some(mut span) = plan.unit.span.take() {
            span.outcome(plan.outcome, failure);
        }
        plan
    }

    fn decide(&self, unit: Unit, verdict: Verdict<H::Receipt>) -> Plan<H::Receipt> {
        let retry = self.rt.broker.retry();
        let outcome = match verdict {
            Verdict::Handled(outcome) => outcome,
            // Until this consumer has been replaced by a newer one, which takes its time.
            Verdict::Park => return self.parked(unit, retry.longest()),
        };
        let decision = settle(&outcome, unit.attempt(), retry);
        match outcome {
            Outcome::Park => self.parked(unit, retry.shortest()),
            Outcome::Hold => Plan {
                unit,
                settle: Some(decision),
                publish: vec![],
                receipt: None,
                outcome: "held",
            },
            Outcome::Done(done) => {
                let inherit = |message: Outgoing| {
                    let message = match &message.envelope.traceparent {
                        Some(other) if unit.envelope.traceparent.as_ref() != Some(other) => message,
                        _ => message.with_trace(unit.traceparent()),
                    };
                    message
                        .with_replay(unit.envelope.replay.clone())
                        .with_lane(unit.envelope.lane.clone())
                };
                let publish = done.publish.into_iter().map(inherit).collect();
                let outcome = done.tally.name();
                if let Tally::Filtered(reason) = done.tally {
                    metrics::counter!(names::FILTERED, "stage" => self.stage.name(), "reason" => reason)
                        .increment(1);
                }
                Plan {
                    unit,
                    settle: Some(decision),
                    publish,
                    receipt: done.receipt,
                    outcome,
                }
            }
            Outcome::Retry(failure) | Outcome::Dead(failure) => {
                let copy = self.failed_copy(&unit, &failure, decision);
                let outcome = if decision == Settle::DeadLetter {
                    "dead"
                } else {
                    "retried"
                };
                Plan {
                    unit,
                    settle: Some(decision),
                    publish: vec![copy],
                    receipt: None,
                    outcome,
                }
            }
        }
    }

    /// Steps aside as it is, without counting an attempt.
    fn parked(&self, unit: Unit, delay: Duration) -> Plan<H::Receipt> {
        let queue = self.rt.namespace.retry_queue(self.stage, delay);
        let copy = Outgoing::raw(queue, unit.envelope.clone(), unit.body.clone());
        Plan {
            unit,
            settle: None,
            publish: vec![copy],
            receipt: None,
            outcome: "parked",
        }
    }

    /// Publish, confirm, remember, and only then acknowledge, so that a crash at any point repeats and never loses.
    async fn execute(&self, mut plans: Vec<Plan<H::Receipt>>) -> BatchEnd {
        let publish: Vec<_> = plans
            .iter_mut()
            .flat_map(|plan| std::mem::take(&mut plan.publish))
            .collect();
        if let Err(error) = self.publisher.publish(publish).await {
            return BatchEnd {
                kept: Vec::new(),
                settled: Vec::new(),
                lost: Some(error),
            };
        }
        let receipts: Vec<_> = plans.iter_mut().filter_map(|plan| plan.receipt.take()).collect();
        if !receipts.is_empty() {
            self.handler.confirmed(receipts).await;
        }
        let is_dead = |plan: &&Plan<_>| plan.settle == Some(Settle::DeadLetter);
        let died: Vec<_> = plans
            .iter()
            .filter(is_dead)
            .filter_map(|plan| subject::<H>(&plan.unit))
            .collect();
        if !died.is_empty() {
            self.handler.died(died).await;
        }
        let settled = plans
            .iter()
            .filter_map(|plan| Settled::of(&plan.unit.envelope, plan.outcome, self.stage));
        if !books::record(&self.rt, self.stage, settled.collect()).await {
            return BatchEnd {
                kept: plans.into_iter().map(|plan| plan.unit).collect(),
                settled: Vec::new(),
                lost: None,
            };
        }
        let outcomes = plans
            .iter()
            .filter_map(|plan| outcome::of(self.stage, plan.unit.envelope.replay.as_deref()?, plan.outcome))
            .collect();
        if !self.report(outcomes).await {
            return BatchEnd {
                kept: plans.into_iter().map(|plan| plan.unit).collect(),
                settled: Vec::new(),
                lost: None,
            };
        }
        let stage = self.stage.name();
        let (mut kept, mut settled) = (Vec::new(), Vec::with_capacity(plans.len()));
        for Plan {
            unit,
            settle,
            outcome,
            ..
        } in plans
        {
            if settle == Some(Settle::Keep) {
                kept.push(unit);
            } else {
                metrics::counter!(names::RECORDS, "stage" => stage, "outcome" => outcome).increment(1);
                settled.push(unit);
            }
        }
        BatchEnd {
            kept,
            settled,
            lost: None,
        }
    }
}

enum Verdict<R> {
    Handled(Outcome<R>),
    Park,
}

fn subject<H: Handler>(unit: &Unit) -> Option<SubjectRef> {
    match unit.decode::<H::In>() {
        Decoded::Job(job) => Some(SubjectRef {
            company_id: job.message.company_id().to_owned(),
            version: job.message.version(),
        }),
        _ => None,
    }
}
