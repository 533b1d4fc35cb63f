//! Taking letters out of the queue to look at them; what is not removed returns to its place (I8).
//!
//! Letters are consumed without acknowledgement and returned by closing the channel. One consumer returns its letters
//! in their old order, which `basic.get` does not: each get counts as a consumer of its own. A quorum queue gives a
//! consumer at most 2,000 unsettled letters, so a longer look opens one after the other, named in order. The
//! dead-letter queue's delivery limit follows the server's version so that looking never uses it up
//! (see `broker::topology`).

use super::letter::Letter;
use crate::{
    broker::{self, Broker},
    stage::Stage,
};
use futures::StreamExt;
use lapin::{
    Acker, Channel, Connection, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};

/// Unsettled letters per consumer.
const WIDTH: u16 = 2_000;

/// An open look at the letters that were there when it was opened. Dropping it returns everything not removed.
pub struct Look {
    stage: Stage,
    queue: String,
    home: String,
    channel: Channel,
    connection: Connection,
    /// The last one is in use; the others keep holding what they took.
    consumers: Vec<Consumer>,
    /// Letters taken through the last consumer.
    taken: u16,
    unseen: u32,
}

/// A letter that this look holds.
pub struct Held {
    /// The letter.
    pub letter: Letter,
    acker: Acker,
}

impl Held {
    /// Takes the letter out of the queue for good; `false` when the channel is gone and it is still there.
    pub async fn remove(&self) -> bool {
        matches!(self.acker.ack(BasicAckOptions::default()).await, Ok(true))
    }
}

impl Look {
    /// Opens a look.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn open(broker: &Broker, stage: Stage) -> Result<Self, broker::Error> {
        broker.declare(stage).await?;
        let connection = broker.connect("dead letters").await?;
        let channel = connection.create_channel().await?;
        channel.basic_qos(WIDTH, BasicQosOptions::default()).await?;
        let queue = broker.namespace().dead_queue(stage);
        let unseen = broker::depth(&channel, &queue).await?;
        Ok(Self {
            stage,
            queue,
            home: broker.namespace().queue(stage),
            channel,
            connection,
            consumers: Vec::new(),
            taken: WIDTH,
            unseen,
        })
    }

    /// Letters that were there at the beginning and have not been taken yet.
    #[must_use]
    pub fn unseen(&self) -> u32 {
        self.unseen
    }

    /// The next letter in queue order, or `None` when all that were there at the beginning have been seen.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn next(&mut self) -> Result<Option<Held>, broker::Error> {
        if self.unseen == 0 {
            return Ok(None);
        }
        if self.taken == WIDTH {
            let tag = format!("look-{:06}", self.consumers.len());
            let (queue, options) = (self.queue.as_str().into(), BasicConsumeOptions::default());
            self.consumers.push(
                self.channel
                    .basic_consume(queue, tag.into(), options, FieldTable::default())
                    .await?,
            );
            self.taken = 0;
        }
        let Some(consumer) = self.consumers.last_mut() else {
            return Ok(None);
        };
        let delivery = consumer.next().await.ok_or(broker::Error::Ended)??;
        self.taken += 1;
        self.unseen -= 1;
        let letter = Letter::read(self.stage, &self.home, &delivery.properties, delivery.data);
        Ok(Some(Held {
            letter,
            acker: delivery.acker,
        }))
    }

    /// Waits until the broker has seen every removal so far: a close overtakes acknowledgements that are still on
    /// their way, and an answer on the same channel cannot.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn settle(&self) -> Result<(), broker::Error> {
        broker::depth(&self.channel, &self.queue).await?;
        Ok(())
    }

    /// Returns what is held, in its old order.
    ///
    /// # Errors
    /// When the broker goes away; it returns the letters all the same.
    pub async fn close(self) -> Result<(), broker::Error> {
        self.settle().await?;
        self.channel.close(200, "looked".into()).await?;
        self.connection.close(200, "looked".into()).await?;
        Ok(())
    }
}
