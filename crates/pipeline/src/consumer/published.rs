//! What the broker makes of a batch's results: taken, too large for it, or not now.

use super::batch::{BatchEnd, Context, Settlement};
use crate::{
    broker::PublishError,
    decision::decide,
    disposition::Disposition,
    failure::Failure,
    handler::{Handler, Outcome},
    message::Outgoing,
};

impl<H: Handler> Context<H> {
    /// Publishes what the settlements caused. What the broker takes for too large will never fit, so its record becomes a
    /// dead letter: with the body that was delivered, which has fitted before.
    pub(super) async fn publish(
        &self,
        settlements: &mut [Settlement<H::Receipt>],
    ) -> Result<(), PublishError> {
        loop {
            let counts: Vec<usize> = settlements.iter().map(|one| one.publish.len()).collect();
            let taken = settlements
                .iter_mut()
                .flat_map(|one| std::mem::take(&mut one.publish));
            let messages: Vec<Outgoing> = taken.collect();
            let Err(error) = self.publisher.publish_all(&messages).await else {
                return Ok(());
            };
            let PublishError::TooLarge { limit, .. } = error else {
                return Err(error);
            };
            let mut messages = messages.into_iter();
            for (one, count) in settlements.iter_mut().zip(counts) {
                one.publish = messages.by_ref().take(count).collect();
                if one.publish.iter().any(|message| message.size() > limit) {
                    if one.delivery.body.len() > limit || one.disposition == Disposition::Dead {
                        return Err(error);
                    }
                    self.bury_too_large(one, limit);
                }
            }
        }
    }

    fn bury_too_large(&self, one: &mut Settlement<H::Receipt>, limit: usize) {
        let size = one.publish.iter().map(Outgoing::size).max().unwrap_or(0);
        let failure = Failure::new(
            "message-too-large",
            words::tr!(
                "the broker takes messages of {limit} bytes at most (max_message_size), and this record became one of {size}"
            ),
        );
        let dead: Outcome<H::Receipt> = Outcome::Dead(failure.clone());
        let decision = decide(&dead, one.delivery.attempt(), self.rt.broker.retry());
        one.publish = vec![self.failed_copy(&one.delivery, &failure, decision)];
        one.disposition = decision.disposition;
        one.receipt = None;
        one.event = self.event_of_copy(&one.delivery, decision, None, one.publish.first());
    }

    /// Nothing may be acknowledged. What a living broker does not take keeps its messages here, and the stage pauses:
    /// returned, they would be counted as if they had killed their consumers.
    pub(super) fn not_taken(
        &self,
        settlements: Vec<Settlement<H::Receipt>>,
        error: PublishError,
    ) -> BatchEnd {
        if matches!(error, PublishError::Unconfirmed(_)) {
            return BatchEnd {
                kept: Vec::new(),
                settled: Vec::new(),
                lost: Some(error),
            };
        }
        self.rt.broker.refused_publish(&error);
        BatchEnd {
            kept: settlements.into_iter().map(|one| one.delivery).collect(),
            settled: Vec::new(),
            lost: None,
        }
    }
}
