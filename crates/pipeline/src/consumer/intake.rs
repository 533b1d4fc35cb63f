//! Deliveries in, acknowledgements out: how wide the intake is open, and how it is closed without returning anything.
//!
//! It opens by one delivery. A wider one needs a new consumer, and the old one is cancelled when it is full, for only
//! then the queue owes it nothing; one that is not full has no use for more places.
//!
//! What reaches a consumer while it is being cancelled comes again: the broker's channel forgets the consumer before
//! the queue does, and returns what the queue sends in between, marked as redelivered. Nothing on the client's side
//! can catch it. A consumer is therefore cancelled only when the queue owes it nothing: when it holds, unacknowledged,
//! as many deliveries as it may. A draining intake withholds its acknowledgements, and when the queue has no more
//! messages to fill it with, it publishes fillers, which every consumer settles unseen.
//!
//! Acknowledgements go out as one for many where nothing older is unsettled. That is cheaper, and at the end it is
//! needed: a channel keeps back what exceeds 32 unanswered commands to a quorum queue, and forgets it when it closes.

use super::{arrival::Arrival, delivery::Delivery, inflight::InFlight, parcel::Parcel};
use crate::{
    broker::{
        self, Broker, Publisher,
        call::{answered, depth, within},
    },
    message::Outgoing,
    stage::Stage,
    telemetry::names,
};
use futures::{FutureExt, StreamExt, future::join_all};
use lapin::{
    Channel, Connection, Consumer, message,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::timeout;

/// A broker under alarm takes no messages; the drain must not wait for it beyond its deadline.
const FILLED_WITHIN: Duration = Duration::from_secs(5);

pub(super) struct Intake {
    connection: Connection,
    channel: Channel,
    queue: String,
    consumer: Option<Consumer>,
    /// What the consumer had to give when it was last polled; handed out before anything else.
    ahead: Option<Option<lapin::Result<message::Delivery>>>,
    /// Deliveries that the consumer may hold.
    places: usize,
    /// Tags of the deliveries taken and not acknowledged, with how often each has been returned.
    outstanding: BTreeMap<u64, i64>,
    /// Places that it never exceeds: each may turn out to be a whole bundle.
    most: usize,
    /// Where the tags of this consumer begin.
    first: u64,
    /// `Some` while acknowledgements are held back until the end.
    withheld: Option<Vec<Arc<Parcel>>>,
    in_flight: InFlight,
}

impl Intake {
    /// Connects and opens the intake by one delivery.
    pub(super) async fn open(
        broker: &Broker,
        queue: String,
        most: usize,
        in_flight: &InFlight,
    ) -> Result<Self, broker::Error> {
        let connection = broker.connect("consume").await?;
        let channel = within(connection.create_channel()).await?;
        let mut intake = Self {
            connection,
            channel,
            queue,
            consumer: None,
            ahead: None,
            places: 0,
            outstanding: BTreeMap::new(),
            most,
            first: 0,
            withheld: None,
            in_flight: in_flight.clone(),
        };
        intake.consume(1).await?;
        Ok(intake)
    }

    /// It may hold far more messages than so many records need; twice as many where messages carry many records, because
    /// what comes in is never even.
    pub(super) fn is_too_wide(&self, records: usize) -> bool {
        let load = self.in_flight.load();
        let slack = if load.records() > 1.5 { 2 } else { 1 };
        self.places > slack * load.messages(records)
    }

    /// It holds as many messages as it may.
    pub(super) fn is_full(&self) -> bool {
        self.free() == 0
    }

    /// Places of the consumer that the queue may still fill.
    fn free(&self) -> usize {
        self.places
            .saturating_sub(self.outstanding.range(self.first..).count())
    }

    /// How often the most returned of the unsettled deliveries has been returned.
    pub(super) fn most_returns(&self) -> i64 {
        self.outstanding.values().copied().max().unwrap_or(0)
    }

    /// Deliveries may still come.
    pub(super) fn is_taking(&self) -> bool {
        self.consumer.is_some()
    }

    /// The next message, `None` once when no more will come, and never ready after that. Cancellation safe: the stream keeps what is not taken.
    pub(super) async fn next(&mut self) -> Result<Option<Arrival>, broker::Error> {
        let Some(consumer) = &mut self.consumer else {
            return std::future::pending().await;
        };
        let taken = match self.ahead.take() {
            Some(taken) => taken.transpose()?,
            None => answered(&self.channel, async { consumer.next().await.transpose() }).await?,
        };
        let Some(delivery) = taken else {
            self.consumer = None;
            return Ok(None);
        };
        let arrival = Arrival::new(delivery, &self.in_flight);
        self.in_flight.saw(arrival.records.len());
        // Nobody handles what is divided first, so nobody has to stand back for it.
        let returns = match arrival.records.first() {
            Some(only) if !arrival.parcel.must_be_divided() => only.returns(),
            _ => 0,
        };
        self.outstanding.insert(arrival.parcel.tag(), returns);
        Ok(Some(arrival))
    }

    /// Opens as wide as so many records need, if that is something else: when the consumer has filled its places.
    pub(super) async fn widen(&mut self, records: usize) -> Result<(), broker::Error> {
        let needed = self.in_flight.load().messages(records);
        // One is on its way while another is handled, unless somebody in hand has to be with few.
        let least = if self.most_returns() > 0 {
            1
        } else {
            records.min(2)
        };
        let places = needed.max(least).min(self.most);
        // What comes in is never even: a little too wide does no harm.
        let fits = places <= self.places && self.places <= places.saturating_mul(2);
        if fits || self.free() > 0 {
            return Ok(());
        }
        self.end().await?;
        self.consumer = None;
        self.consume(places).await
    }

    /// From now on acknowledgements wait for [`Self::close`].
    pub(super) fn withhold(&mut self) {
        self.withheld.get_or_insert_default();
    }

    /// Ends the intake when it holds all that it may; fills it up when the queue has nothing for it. Other consumers
    /// take their share of the fillers, so this may need several turns.
    pub(super) async fn end_when_full(&mut self, publisher: &Publisher) -> Result<(), broker::Error> {
        let free = self.free();
        if free == 0 {
            return self.end().await;
        }
        // The second answer comes behind whatever was on its way to this consumer at the time of the first.
        if depth(&self.channel, &self.queue).await? > 0 || depth(&self.channel, &self.queue).await? > 0 {
            return Ok(());
        }
        self.ahead = self
            .consumer
            .as_mut()
            .and_then(|consumer| consumer.next().now_or_never());
        if self.ahead.is_some() {
            return Ok(());
        }
        let fillers = vec![Outgoing::filler(self.queue.clone()); free];
        match timeout(FILLED_WITHIN, publisher.publish(fillers)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a draining consumer could not be filled up"),
            Err(_) => tracing::debug!("a draining consumer was not filled up in time"),
        }
        Ok(())
    }

    /// Asks for no more deliveries; those already here still come out, then the intake ends.
    pub(super) async fn end(&mut self) -> Result<(), broker::Error> {
        if let Some(consumer) = &self.consumer {
            let cancelled = self
                .channel
                .basic_cancel(consumer.tag(), BasicCancelOptions::default());
            answered(&self.channel, cancelled).await?;
        }
        Ok(())
    }

    /// Acknowledges the messages of which no record is left, or holds the acknowledgements back while draining.
    pub(super) async fn settle(
        &mut self,
        deliveries: Vec<Delivery>,
        stage: Stage,
    ) -> Result<(), broker::Error> {
        let parcels = deliveries
            .into_iter()
            .filter(|delivery| delivery.parcel.settle_one())
            .map(|delivery| delivery.parcel);
        match &mut self.withheld {
            Some(withheld) => withheld.extend(parcels),
            None => {
                let parcels = parcels.collect();
                let lost = self.acknowledge(parcels).await?;
                if lost > 0 {
                    metrics::counter!(names::ACK_LOST, "stage" => stage.name()).increment(lost);
                    tracing::debug!(%stage, lost, "acknowledgements lost, the messages will be delivered again");
                }
            }
        }
        Ok(())
    }

    /// Sends the acknowledgements held back and disconnects; what is unsettled returns to the queue.
    pub(super) async fn close(mut self) -> Result<(), broker::Error> {
        if let Some(withheld) = self.withheld.take() {
            self.acknowledge(withheld).await?;
        }
        // An answer on the channel proves that the acknowledgements have arrived; a close would overtake them.
        depth(&self.channel, &self.queue).await?;
        within(self.connection.close(200, "consumer ends".into())).await
    }

    /// Acknowledges; returns how many had nothing left to settle.
    async fn acknowledge(&mut self, mut parcels: Vec<Arc<Parcel>>) -> Result<u64, broker::Error> {
        for parcel in &parcels {
            self.outstanding.remove(&parcel.tag());
        }
        parcels.sort_unstable_by_key(|parcel| parcel.tag());
        let Some(last) = parcels.last() else {
            return Ok(0);
        };
        let nothing_older = self.outstanding.range(..last.tag()).next().is_none();
        if nothing_older {
            let settled = answered(&self.channel, async { Ok(last.acknowledge(true).await) }).await?;
            return Ok(if settled { 0 } else { parcels.len() as u64 });
        }
        let each = async { Ok(join_all(parcels.iter().map(|parcel| parcel.acknowledge(false))).await) };
        let settled = answered(&self.channel, each).await?;
        Ok(settled.into_iter().map(|settled| u64::from(!settled)).sum())
    }

    async fn consume(&mut self, places: usize) -> Result<(), broker::Error> {
        self.places = places;
        self.first = self.outstanding.last_key_value().map_or(0, |(tag, _)| tag + 1);
        let prefetch = u16::try_from(places).unwrap_or(u16::MAX);
        let qos = self.channel.basic_qos(prefetch, BasicQosOptions::default());
        answered(&self.channel, qos).await?;
        let (queue, options) = (self.queue.as_str().into(), BasicConsumeOptions::default());
        let consumer = self
            .channel
            .basic_consume(queue, "".into(), options, FieldTable::default());
        let consumer = answered(&self.channel, consumer).await;
        self.consumer = Some(consumer.map_err(|error| error.of_queue(&self.queue))?);
        Ok(())
    }
}
