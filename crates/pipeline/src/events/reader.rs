//! Reading the stream over AMQP 0.9.1: from an offset on, any number of times, without taking anything away.
//!
//! What a stream needs of its consumers: a prefetch, acknowledgements as credit, and no `basic.get`. The count that
//! `queue.declare` answers lags by seconds (measured on 3.10), so the end as of now is a message of our own,
//! which no reader hands out.

use super::pack::{MARKER, TYPE};
use crate::{
    broker::{
        Broker, Error,
        call::{answered, within},
    },
    message::{Envelope, envelope::number},
};
use futures::StreamExt;
use lapin::{
    Channel, Connection, Consumer,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions},
    types::{AMQPValue, FieldTable},
};
use prost::Message;
use proto::v1::Events;
use std::time::Duration;

/// Messages on their way to a reader; one holds a batch.
const PREFETCH: u16 = 256;
/// Messages that one acknowledgement stands for.
const CREDIT: u16 = PREFETCH / 4;
/// How long a broker may take to show us the end.
const END_WITHIN: Duration = Duration::from_secs(10);

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
    /// Kept because dropping it ends the consumer.
    _channel: Channel,
    consumer: Consumer,
    stream: String,
    taken: u16,
    unreadable: u64,
    begun_anew: bool,
    /// Offset of the marker that stands for the end, once it was asked for.
    end: Option<u64>,
}

impl Reader {
    /// Begins to read; `None`: there is no account of events.
    ///
    /// # Errors
    /// When the broker is away; at an offset also when it takes no messages.
    pub async fn open(broker: &Broker, start: Start) -> Result<Option<Self>, Error> {
        match Self::begin(broker, start).await {
            Ok(reader) => Ok(Some(reader)),
            Err(error) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn begin(broker: &Broker, start: Start) -> Result<Self, Error> {
        let connection = broker.connect("read events").await?;
        let stream = broker.namespace().event_stream();
        let mut begun_anew = false;
        if let Start::Offset(offset) = start {
            // A stream that was deleted and made anew begins with 0 again; a reader far behind its end waits for ever.
            begun_anew = mark_end(&connection, &stream).await? < offset;
        }
        let start = if begun_anew { Start::First } else { start };
        let (channel, consumer) = consume(&connection, &stream, start).await?;
        Ok(Self {
            connection,
            _channel: channel,
            consumer,
            stream,
            taken: 0,
            unreadable: 0,
            begun_anew,
            end: None,
        })
    }

    /// The stream ended before the offset at which reading was to begin: it is another one, and is read from its beginning.
    #[must_use]
    pub fn begun_anew(&self) -> bool {
        self.begun_anew
    }

    /// The next message, when there is one.
    ///
    /// # Errors
    /// When the broker goes away or the stream is deleted; a new reader goes on behind the last offset.
    pub async fn next(&mut self) -> Result<Stored, Error> {
        loop {
            if let (_, Some(stored)) = self.take().await? {
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
        let end = match self.end {
            Some(end) => end,
            None => mark_end(&self.connection, &self.stream).await?,
        };
        self.end = Some(end);
        loop {
            match self.take().await? {
                (offset, stored) if offset < end => {
                    if stored.is_some() {
                        return Ok(stored);
                    }
                }
                // The marker; something else only when retention took that away.
                (_, stored) => {
                    self.end = None;
                    return Ok(stored);
                }
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

    /// The next message's offset, and the message unless it is a marker or foreign.
    async fn take(&mut self) -> Result<(u64, Option<Stored>), Error> {
        let delivery = self.consumer.next().await.ok_or(Error::Ended)??;
        self.taken += 1;
        if self.taken >= CREDIT {
            self.taken = 0;
            delivery.acker.ack(BasicAckOptions { multiple: true }).await?;
        }
        let offset = offset(&delivery)?;
        let envelope = Envelope::read(&delivery.properties);
        if envelope.message_id.starts_with(MARKER) {
            return Ok((offset, None));
        }
        let events = match envelope.kind.as_str() {
            TYPE => Events::decode(delivery.data.as_slice()).ok(),
            _ => None,
        };
        self.unreadable += u64::from(events.is_none());
        Ok((offset, events.map(|events| Stored { offset, events })))
    }
}

async fn consume(connection: &Connection, stream: &str, start: Start) -> Result<(Channel, Consumer), Error> {
    let channel = within(connection.create_channel()).await?;
    answered(&channel, channel.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-stream-offset".into(), start.argument());
    let options = BasicConsumeOptions::default();
    let consume = channel.basic_consume(stream.into(), "events".into(), options, arguments);
    let consumer = answered(&channel, consume).await?;
    Ok((channel, consumer))
}

/// Writes the message that is the end as of now, and sees it come: whoever begins with what is next sees it for certain.
async fn mark_end(connection: &Connection, stream: &str) -> Result<u64, Error> {
    let (channel, mut consumer) = consume(connection, stream, Start::Next).await?;
    let marker = format!("{MARKER}{:032x}", rand::random::<u128>());
    let envelope = Envelope {
        message_id: marker.clone(),
        kind: TYPE.to_owned(),
        ..Envelope::default()
    };
    let options = BasicPublishOptions {
        mandatory: true,
        immediate: false,
    };
    let publish = channel.basic_publish("".into(), stream.into(), options, &[], envelope.write());
    let seen = async {
        drop(publish.await?);
        loop {
            let delivery = consumer.next().await.ok_or(Error::Ended)??;
            if Envelope::read(&delivery.properties).message_id == marker {
                return offset(&delivery);
            }
        }
    };
    let end = tokio::time::timeout(END_WITHIN, seen)
        .await
        .map_err(|_| Error::Timeout)??;
    within(channel.close(200, "marked".into())).await?;
    Ok(end)
}

fn offset(delivery: &Delivery) -> Result<u64, Error> {
    let headers = delivery.properties.headers().as_ref();
    let offset = headers.and_then(|headers| number(headers, "x-stream-offset"));
    offset
        .and_then(|offset| u64::try_from(offset).ok())
        .ok_or(Error::Ended)
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
