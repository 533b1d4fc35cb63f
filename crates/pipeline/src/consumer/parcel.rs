//! What came in one message of the broker: one record, or the records of a bundle, acknowledged when all are settled.

use super::{delivery::Delivery, inflight::InFlight};
use crate::message::{
    Envelope,
    bundle::{self, unpack},
    envelope,
};
use lapin::{Acker, message, options::BasicAckOptions};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// One message of the broker.
#[derive(Debug)]
pub(super) struct Parcel {
    tag: u64,
    acker: Acker,
    redelivered: bool,
    /// How often the broker took it back from a consumer that died.
    returns: i64,
    /// Several records came in it.
    is_bundle: bool,
    /// Records that are not settled.
    left: AtomicUsize,
}

/// A message taken apart; never without records.
pub(super) struct Arrival {
    pub(super) parcel: Arc<Parcel>,
    pub(super) records: Vec<Delivery>,
}

impl Arrival {
    pub(super) fn new(delivery: message::Delivery, in_flight: &InFlight) -> Self {
        let headers = delivery.properties.headers().as_ref();
        let returns = headers
            .and_then(|headers| envelope::number(headers, "x-delivery-count"))
            .unwrap_or(0);
        let around = Envelope::read(&delivery.properties);
        let body = bytes::Bytes::from(delivery.data);
        let is_bundle = around.kind == bundle::TYPE;
        let unpacked = is_bundle.then(|| unpack(&around, body.clone()));
        let (records, problem) = match unpacked {
            Some(Ok(records)) => (records, None),
            Some(Err(problem)) => (vec![(around, body)], Some(problem)),
            None => (vec![(around, body)], None),
        };
        let parcel = Arc::new(Parcel {
            tag: delivery.delivery_tag,
            acker: delivery.acker,
            redelivered: delivery.redelivered,
            returns,
            is_bundle: is_bundle && problem.is_none(),
            left: AtomicUsize::new(records.len()),
        });
        let record = |(envelope, body)| Delivery::new(&parcel, envelope, body, problem.clone(), in_flight);
        let records = records.into_iter().map(record).collect();
        Self { parcel, records }
    }
}

impl Parcel {
    /// Place on its channel.
    pub(super) fn tag(&self) -> u64 {
        self.tag
    }

    pub(super) fn is_redelivered(&self) -> bool {
        self.redelivered
    }

    pub(super) fn returns(&self) -> i64 {
        self.returns
    }

    /// Somebody among its records may have killed the last consumer: each goes on alone before any is handled.
    pub(super) fn must_be_divided(&self) -> bool {
        self.is_bundle && (self.redelivered || self.returns > 0)
    }

    /// One record less; `true` with the last one.
    pub(super) fn settle_one(&self) -> bool {
        self.left.fetch_sub(1, Relaxed) == 1
    }

    /// Acknowledges, with `multiple` everything older too; `false` when the channel is gone and the message will be
    /// delivered again.
    pub(super) async fn acknowledge(&self, multiple: bool) -> bool {
        matches!(self.acker.ack(BasicAckOptions { multiple }).await, Ok(true))
    }
}
