//! How a stage takes its messages.

use crate::stage::Stage;
use std::time::Duration;

/// How a stage takes its messages.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerOptions {
    /// The stage whose work queue is consumed.
    pub stage: Stage,
    /// Messages in one call of the handler, at most.
    pub batch_max: usize,
    /// How long the first message of a batch waits for company.
    pub linger: Duration,
    /// Batches handled at the same time.
    pub concurrency: usize,
}

impl ConsumerOptions {
    /// Deliveries that may be unacknowledged: every batch at work and one that is being formed (docs/delivery.md
    /// §3.1-14); quorum queues allow 2,000.
    pub(super) fn prefetch(self) -> u16 {
        let wanted = self
            .batch_max
            .saturating_mul(self.concurrency.saturating_add(1))
            .clamp(2, 2_000);
        u16::try_from(wanted).unwrap_or(2_000)
    }
}
