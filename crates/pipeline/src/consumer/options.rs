//! How a stage takes its messages.

use crate::{broker::DELIVERY_LIMIT, stage::Stage};
use std::time::Duration;

/// What has been returned this often is taken alone, whatever the size of the batches.
pub(super) const ALONE_AT: u32 = 6;

// The broker gives a message up after DELIVERY_LIMIT deaths. The neighbours of the one that kills are returned with it
// until it is alone, and may meet another one later: they must not have used up half of that.
const _: () = assert!((ALONE_AT as i64) * 2 < DELIVERY_LIMIT);

/// Bytes that messages in hand may take when all of them are bundles.
const IN_HAND: usize = 16_000_000;

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

    /// Messages that may be unacknowledged, whatever they carry: each may turn out to be a bundle of so many bytes.
    pub(super) fn most_messages(self, bundle_bytes: usize) -> usize {
        (IN_HAND / bundle_bytes.max(1)).max(self.batch_max)
    }

    /// Deliveries that may be unacknowledged together with one that has been returned so often: a quarter of a batch
    /// after the first death, half of that after each further one, and in the end that one alone.
    pub(super) fn places(self, returns: i64) -> usize {
        match u32::try_from(returns.max(0)) {
            Ok(0) => usize::from(self.prefetch()),
            Ok(returns) if returns < ALONE_AT => (self.batch_max >> (returns + 1)).max(1),
            _ => 1,
        }
    }

    /// How many of these, of which the least returned come first, may be handled together; at least one, if there is
    /// one.
    pub(super) fn together(self, returns: impl Iterator<Item = i64>) -> usize {
        let fits = |(at, returns): &(usize, i64)| *at < self.places(*returns).min(self.batch_max);
        returns.enumerate().take_while(fits).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches_of(batch_max: usize) -> ConsumerOptions {
        ConsumerOptions {
            stage: Stage::Load,
            batch_max,
            linger: Duration::ZERO,
            concurrency: 2,
        }
    }

    #[test]
    fn suspicion_grows_with_deaths() {
        let places = |batch_max, returns| batches_of(batch_max).places(returns);
        let ladder: Vec<_> = (-1..8).map(|returns| places(100, returns)).collect();
        assert_eq!(ladder, [300, 300, 25, 12, 6, 3, 1, 1, 1]);
        assert_eq!((places(1, 0), places(1, 1)), (3, 1));
        assert_eq!((places(1000, 5), places(1000, 6)), (15, 1));
        assert_eq!(places(100, i64::MAX), 1);
    }

    #[test]
    fn the_most_returned_decides_who_is_handled_together() {
        let together = |returns: &[i64]| batches_of(100).together(returns.iter().copied());
        assert_eq!(together(&[]), 0);
        assert_eq!(together(&[0; 300]), 100);
        assert_eq!(together(&[1; 300]), 25);
        assert_eq!(together(&[[0; 30], [2; 30]].concat()), 30);
        assert_eq!(together(&[0, 0, 4, 4]), 3);
        assert_eq!(together(&[7, 7]), 1);
    }
}
