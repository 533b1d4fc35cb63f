//! One batch from decoding to the broker's confirms; what comes back may be acknowledged.

use super::{
    accounting,
    delivery::{Decoded, Delivery},
};
use crate::{
    broker::{PublishError, Publisher},
    decision::{Decision, decide},
    disposition::Disposition,
    events::Event,
    failure::{Failure, outcome},
    handler::{Handler, Job, Outcome, WaitsFor},
    message::{Envelope, Outgoing, Subject, SubjectRef},
    retry::Spread,
    service::Runtime,
    stage::Stage,
    telemetry::{names, trace},
};
use std::sync::Arc;

/// What a stage's batches share.
pub(super) struct Context<H> {
    pub(super) rt: Runtime,
    pub(super) stage: Stage,
    pub(super) handler: Arc<H>,
    pub(super) publisher: Publisher,
    /// When retried messages come back.
    pub(super) spread: Spread,
}

/// What is left of a batch.
pub(super) struct BatchEnd {
    /// To be handled again when the gate opens.
    pub(super) kept: Vec<Delivery>,
    /// To be acknowledged: everything they caused is durable.
    pub(super) settled: Vec<Delivery>,
    /// The broker did not take the results; everything unacknowledged must be delivered again.
    pub(super) lost: Option<PublishError>,
}

/// What becomes of one delivery, and what to publish before it is acknowledged.
pub(super) struct Settlement<R> {
    pub(super) delivery: Delivery,
    pub(super) disposition: Disposition,
    /// The rule that dropped the record.
    pub(super) rule: Option<&'static str>,
    pub(super) publish: Vec<Outgoing>,
    pub(super) receipt: Option<R>,
    /// What the account of events says about it.
    pub(super) event: Option<Event>,
}

impl<H: Handler> Context<H> {
    pub(super) async fn process(&self, mut deliveries: Vec<Delivery>) -> BatchEnd {
        for delivery in &mut deliveries {
            delivery.span = trace::record(self.stage, delivery.envelope.ids());
        }
        let _batch = trace::batch(
            self.stage,
            deliveries
                .iter_mut()
                .filter_map(|delivery| delivery.span.as_mut()),
        );
        metrics::histogram!(names::BATCH_SIZE, "stage" => self.stage.name()).record(deliveries.len() as f64);
        let outcomes = self.outcomes(&deliveries).await;
        let settlements = deliveries
            .into_iter()
            .zip(outcomes)
            .map(|(delivery, outcome)| self.settlement(delivery, outcome));
        self.execute(settlements.collect()).await
    }

    /// One outcome per delivery; what cannot be decoded fails alone and never reaches the handler.
    async fn outcomes(&self, deliveries: &[Delivery]) -> Vec<Outcome<H::Receipt>> {
        let mut outcomes = Vec::with_capacity(deliveries.len());
        let mut jobs = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            match delivery.decode::<H::In>() {
                Decoded::Job(job) => {
                    jobs.push(job);
                    outcomes.push(None);
                }
                Decoded::Damaged(failure) => outcomes.push(Some(Outcome::Dead(failure))),
                Decoded::Newer => outcomes.push(Some(Outcome::Park(WaitsFor::NewerConsumer))),
            }
        }
        let mut handled = if jobs.is_empty() {
            Vec::new()
        } else {
            self.guarded(deliveries, jobs).await
        }
        .into_iter();
        let missing = || {
            Outcome::Retry(Failure::new(
                "handler-fault",
                words::tr!("the handler returned too few outcomes"),
            ))
        };
        outcomes
            .into_iter()
            .map(|known| known.unwrap_or_else(|| handled.next().unwrap_or_else(missing)))
            .collect()
    }

    /// A panic fails the message that caused it: the others of the batch are handled once more, each alone.
    async fn guarded(&self, deliveries: &[Delivery], jobs: Vec<Job<H::In>>) -> Vec<Outcome<H::Receipt>> {
        let count = jobs.len();
        if let Some(outcomes) = self.call(jobs).await {
            return outcomes;
        }
        let panicked = || {
            Outcome::Retry(Failure::new(
                "handler-panic",
                words::tr!("the handler panicked on this message"),
            ))
        };
        if count == 1 {
            return vec![panicked()];
        }
        let mut outcomes = Vec::with_capacity(count);
        for delivery in deliveries {
            if let Decoded::Job(job) = delivery.decode::<H::In>() {
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

    fn settlement(&self, mut delivery: Delivery, outcome: Outcome<H::Receipt>) -> Settlement<H::Receipt> {
        let decision = decide(&outcome, delivery.attempt(), self.rt.broker.retry());
        let failure = match &outcome {
            Outcome::Retry(failure) | Outcome::Dead(failure) => Some(failure.code),
            _ => None,
        };
        let rule = match &outcome {
            Outcome::Done(done) => done.rule,
            _ => None,
        };
        let done = self.done_event(&delivery, &outcome);
        let cause = match &outcome {
            Outcome::Retry(failure) => Some(failure.clone()),
            _ => None,
        };
        let (publish, receipt) = self.consequences(&delivery, outcome, decision);
        let event = done.or_else(|| self.event_of_copy(&delivery, decision, cause.as_ref(), publish.first()));
        // The handling ends here; publishing and confirms belong to the batch.
        if let Some(mut span) = delivery.span.take() {
            span.outcome(decision.disposition.name(), failure);
        }
        Settlement {
            delivery,
            disposition: decision.disposition,
            rule,
            publish,
            receipt,
            event,
        }
    }

    /// What has to be confirmed before the delivery is acknowledged, and what the handler wants to know then.
    fn consequences(
        &self,
        delivery: &Delivery,
        outcome: Outcome<H::Receipt>,
        decision: Decision,
    ) -> (Vec<Outgoing>, Option<H::Receipt>) {
        match outcome {
            Outcome::Hold => (Vec::new(), None),
            Outcome::Park(waits) => {
                let delay = decision.delay.unwrap_or_default();
                let queue = self.rt.namespace.retry_queue(self.stage, delay);
                let mut copy = delivery.copy(queue).expiring(self.spread.wait(delay));
                // Whoever was handled kills nobody.
                copy.envelope.suspect &= waits == WaitsFor::NewerConsumer;
                (vec![copy], None)
            }
            Outcome::Retry(failure) | Outcome::Dead(failure) => {
                (vec![self.failed_copy(delivery, &failure, decision)], None)
            }
            Outcome::Done(done) => {
                if let Some(rule) = done.rule {
                    metrics::counter!(names::FILTERED, "stage" => self.stage.name(), "reason" => rule)
                        .increment(1);
                }
                let inherited = done.publish.into_iter().map(|message| inherit(delivery, message));
                (inherited.collect(), done.receipt)
            }
        }
    }

    /// Publish, confirm, remember, account, report, and only then acknowledge, so that a crash at any point repeats and
    /// never loses.
    async fn execute(&self, mut settlements: Vec<Settlement<H::Receipt>>) -> BatchEnd {
        let events = settlements
            .iter_mut()
            .filter_map(|one| one.event.take())
            .collect();
        let (published, ()) = tokio::join!(
            self.publish(&mut settlements),
            self.rt.events.write(self.stage, events)
        );
        if let Err(error) = published {
            return self.not_taken(settlements, error);
        }
        self.write_buried(&mut settlements).await;
        let receipts: Vec<_> = settlements
            .iter_mut()
            .filter_map(|one| one.receipt.take())
            .collect();
        if !receipts.is_empty() {
            self.handler.confirmed(receipts).await;
        }
        let dead = settlements
            .iter()
            .filter(|one| one.disposition == Disposition::Dead);
        let died: Vec<_> = dead.filter_map(|one| subject::<H>(&one.delivery)).collect();
        if !died.is_empty() {
            self.handler.died(died).await;
        }
        let ends: Vec<_> = settlements
            .iter()
            .map(|one| (&one.delivery.envelope, one.disposition, one.rule))
            .collect();
        if !(accounting::record(&self.rt, self.stage, &ends).await && self.report(&ends).await) {
            return BatchEnd {
                kept: settlements.into_iter().map(|one| one.delivery).collect(),
                settled: Vec::new(),
                lost: None,
            };
        }
        let (kept, settled): (Vec<_>, Vec<_>) = settlements
            .into_iter()
            .partition(|one| one.disposition == Disposition::Held);
        let stage = self.stage.name();
        for one in &settled {
            self.rt.done.count(one.disposition);
            metrics::counter!(names::RECORDS, "stage" => stage, "outcome" => one.disposition.name())
                .increment(1);
        }
        let deliveries = |all: Vec<Settlement<_>>| all.into_iter().map(|one| one.delivery).collect();
        BatchEnd {
            kept: deliveries(kept),
            settled: deliveries(settled),
            lost: None,
        }
    }

    /// Reports to the plans of replays what became of their letters.
    async fn report(&self, ends: &[(&Envelope, Disposition, Option<&'static str>)]) -> bool {
        let reports = ends.iter().filter_map(|(envelope, disposition, _)| {
            outcome::replay_outcome(self.stage, envelope.replay.as_deref()?, *disposition)
        });
        self.report_outcomes(reports.collect()).await
    }
}

/// What a message caused goes on under its trace, its replay and its lane.
fn inherit(delivery: &Delivery, message: Outgoing) -> Outgoing {
    let message = match &message.envelope.traceparent {
        Some(other) if delivery.envelope.traceparent.as_ref() != Some(other) => message,
        _ => message.with_trace(delivery.traceparent()),
    };
    message
        .with_replay(delivery.envelope.replay.clone())
        .with_lane(delivery.envelope.lane.clone())
}

fn subject<H: Handler>(delivery: &Delivery) -> Option<SubjectRef> {
    match delivery.decode::<H::In>() {
        Decoded::Job(job) => Some(SubjectRef {
            company_id: job.message.company_id().to_owned(),
            version: job.message.version(),
        }),
        _ => None,
    }
}
