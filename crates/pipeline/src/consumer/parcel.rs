//! What came in one message of the broker: one record, or the records of a bundle, acknowledged when all are settled.

use lapin::{Acker, options::BasicAckOptions};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How a message came.
#[derive(Debug)]
pub(super) struct Came {
    /// Place on its channel.
    pub(super) tag: u64,
    pub(super) acker: Acker,
    pub(super) redelivered: bool,
    /// How often the broker took it back from a consumer that died.
    pub(super) returns: i64,
    /// Several records came in it.
    pub(super) is_bundle: bool,
}

/// One message of the broker.
#[derive(Debug)]
pub(super) struct Parcel {
    came: Came,
    /// Records that are not settled.
    left: AtomicUsize,
}

impl Parcel {
    /// What holds so many records.
    pub(super) fn of(came: Came, records: usize) -> Self {
        Self {
            came,
            left: AtomicUsize::new(records),
        }
    }

    /// Place on its channel.
    pub(super) fn tag(&self) -> u64 {
        self.came.tag
    }

    pub(super) fn is_redelivered(&self) -> bool {
        self.came.redelivered
    }

    pub(super) fn returns(&self) -> i64 {
        self.came.returns
    }

    /// Somebody among its records may have killed the last consumer: each goes on alone before any is handled.
    pub(super) fn must_be_divided(&self) -> bool {
        self.came.is_bundle && (self.came.redelivered || self.came.returns > 0)
    }

    /// Records that are not settled.
    pub(super) fn left(&self) -> usize {
        self.left.load(Relaxed)
    }

    /// One record less; `true` with the last one.
    pub(super) fn settle_one(&self) -> bool {
        self.left.fetch_sub(1, Relaxed) == 1
    }

    /// Acknowledges, with `multiple` everything older too; `false` when the channel is gone and the message will be
    /// delivered again.
    pub(super) async fn acknowledge(&self, multiple: bool) -> bool {
        matches!(self.came.acker.ack(BasicAckOptions { multiple }).await, Ok(true))
    }
}
