//! Reading the stream over AMQP 0.9.1: from an offset on, any number of times, without taking anything away.
//!
//! What a stream needs of its consumers: a prefetch, acknowledgements as credit, and no `basic.get`. The count that
//! `queue.declare` answers lags by seconds (measured on 3.10), so the end as of now is a message of our own: an
//! [`Events`] without events, which no reader hands out.

use crate::{
    broker::{Broker, Error, call::answered, call::within},
    message::Envelope,
};
use futures::StreamExt;
use lapin::{
    Channel, Confirmation, Connection, Consumer,
    message::Delivery,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    },
    types::{AMQPValue, FieldTable},
};
use prost::Message;
use proto::v1::Events;

/// Messages on their way to a reader; one holds a batch.
const PREFETCH: u16 = 256;
/// Messages that one acknowledgement stands for.
const CREDIT: u16 = PREFETCH / 4;
/// Property `type` of the messages of the stream.
pub(super) const TYPE: &str = "okki.pipeline.v1.Events";

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the oldest message that retention has left.
    First,
    /// With the message of this offset, or with the oldest one that is left behind it.
    Offset(u64),
    /// With messages of this time, unix seconds of the broker's clock; some earlier ones may come before them.
    Since(u64),
    /// With what is written from now on.
    Next,
}

/// A message of the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its place; they grow, with gaps, and never return.
    pub offset: u64,
    /// What it says.
    pub events: Events,
}

/// A reader of the stream with a connection of its own. Dropping it ends the reading.
pub struct Reader {
    connection: Connection,
    channel: Channel,
    consumer: Consumer,
    stream: String,
    taken: u16,
    unreadable: u64,
    /// The marker that stands for the end, once one was asked for.
    end: Option<String>,
}

impl Reader {
    /// Begins to read.
    ///
    /// # Errors
    /// When the broker is away or has no such stream.
    pub async fn open(broker: &Broker, start: Start) -> Result<Self, Error> {
        let connection = broker.connect("events").await?;
        let channel = within(connection.create_channel()).await?;
        answered(&channel, channel.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
        let stream = broker.namespace().event_stream();
        let mut arguments = FieldTable::default();
        arguments.insert("x-stream-offset".into(), start.argument());
        let options = BasicConsumeOptions::default();
        let consume = channel.basic_consume(stream.as_str().into(), "events".into(), options, arguments);
        let consumer = answered(&channel, consume).await?;
        Ok(Self {
            connection,
            channel,
            consumer,
            stream,
            taken: 0,
            unreadable: 0,
            end: None,
        })
    }

    /// The next message, when there is one.
    ///
    /// # Errors
    /// When the broker goes away or the stream is deleted; a new reader goes on behind the last offset.
    pub async fn next(&mut self) -> Result<Stored, Error> {
        loop {
            if let Next::Stored(stored) = self.take().await? {
                return Ok(stored);
            }
        }
    }

    /// The next message, or `None` behind the last one that was there at the first call of this function. It may be called
    /// on after the end: then it goes up to the new one.
    ///
    /// # Errors
    /// As [`Self::next`], and when the broker takes no messages, for the end is one.
    pub async fn next_to_end(&mut self) -> Result<Option<Stored>, Error> {
        let end = match &self.end {
            Some(end) => end.clone(),
            None => self.mark_end().await?,
        };
        loop {
            match self.take().await? {
                Next::Stored(stored) => return Ok(Some(stored)),
                Next::Marker(marker) if marker == end => {
                    self.end = None;
                    return Ok(None);
                }
                Next::Marker(_) | Next::Foreign => {}
            }
        }
    }

    /// Messages that were none of ours, or of a newer version of the contract.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When the broker is away, which ends it, too.
    pub async fn close(self) -> Result<(), Error> {
        within(self.connection.close(200, "read".into())).await
    }

    async fn take(&mut self) -> Result<Next, Error> {
        let delivery = self.consumer.next().await.ok_or(Error::Ended)??;
        self.taken += 1;
        if self.taken >= CREDIT {
            self.taken = 0;
            delivery.acker.ack(BasicAckOptions { multiple: true }).await?;
        }
        let next = read(&delivery);
        self.unreadable += u64::from(matches!(next, Next::Foreign));
        Ok(next)
    }

    /// Writes the message that is the end as of now.
    async fn mark_end(&mut self) -> Result<String, Error> {
        let marker = format!("end-{:032x}", rand::random::<u128>());
        let envelope = Envelope {
            message_id: marker.clone(),
            kind: TYPE.to_owned(),
            ..Envelope::default()
        };
        let channel = within(self.connection.create_channel()).await?;
        answered(&channel, channel.confirm_select(ConfirmSelectOptions::default())).await?;
        let options = BasicPublishOptions {
            mandatory: true,
            immediate: false,
        };
        let publish = async {
            let sent = channel.basic_publish(
                "".into(),
                self.stream.as_str().into(),
                options,
                &[],
                envelope.write(),
            );
            sent.await?.await
        };
        let confirmed = answered(&channel, publish).await?;
        if !matches!(confirmed, Confirmation::Ack(None)) {
            return Err(Error::Ended);
        }
        within(channel.close(200, "marked".into())).await?;
        self.end = Some(marker.clone());
        Ok(marker)
    }
}

/// What a message of the stream is.
enum Next {
    Stored(Stored),
    Marker(String),
    Foreign,
}

fn read(delivery: &Delivery) -> Next {
    let headers = delivery.properties.headers().as_ref();
    let offset = headers.and_then(|headers| crate::message::envelope::number(headers, "x-stream-offset"));
    let envelope = Envelope::read(&delivery.properties);
    let (Some(offset), TYPE) = (
        offset.and_then(|offset| u64::try_from(offset).ok()),
        envelope.kind.as_str(),
    ) else {
        return Next::Foreign;
    };
    match Events::decode(delivery.data.as_slice()) {
        Ok(events) if events.events.is_empty() => Next::Marker(envelope.message_id),
        Ok(events) => Next::Stored(Stored { offset, events }),
        Err(_) => Next::Foreign,
    }
}

impl Start {
    fn argument(self) -> AMQPValue {
        match self {
            Self::First => AMQPValue::LongString("first".into()),
            Self::Offset(offset) => AMQPValue::LongLongInt(offset.try_into().unwrap_or(i64::MAX)),
            Self::Since(seconds) => AMQPValue::Timestamp(seconds),
            Self::Next => AMQPValue::LongString("next".into()),
        }
    }
}
