//! What a message of the broker turns out to be: one record, or those of a bundle.

use super::{
    delivery::Delivery,
    inflight::InFlight,
    parcel::{Came, Parcel},
};
use crate::message::{
    Envelope,
    bundle::{self, unpack},
    envelope,
};
use lapin::message;
use std::sync::Arc;

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
        let came = Came {
            tag: delivery.delivery_tag,
            acker: delivery.acker,
            redelivered: delivery.redelivered,
            returns,
            is_bundle: is_bundle && problem.is_none(),
        };
        let parcel = Arc::new(Parcel::of(came, records.len()));
        let record = |(envelope, body)| Delivery::new(&parcel, envelope, body, problem.clone(), in_flight);
        let records = records.into_iter().map(record).collect();
        Self { parcel, records }
    }
}
