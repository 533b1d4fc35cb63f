//! Taking letters out of the queue to look at them; what is not removed returns to its place (I8).
//!
//! Letters are consumed without acknowledgement and returned by closing their channel, which keeps their order and,
//! unlike `basic.get`, counts as one consumer. A quorum queue gives a consumer at most 2,000 unsettled letters, so a
//! longer look opens page after page. Up to 32 pages share a channel and are named in order, which is also the order of
//! their return when this process is killed. Beyond that the broker keeps its consumers in an unordered table (3.10),
//! so each page has a channel of its own and they are closed one after the other. Each page asks for exactly as many
//! letters as it takes and is cancelled before anything is removed from it, so that no returned letter can slip into
//! another page. The dead-letter queue's delivery limit follows the server's version so that looking never uses it up
//! (see `broker::topology`).

use super::letter::Letter;
use crate::{
    broker::{self, Broker},
    stage::Stage,
};
use futures::StreamExt;
use lapin::{
    Acker, Channel, Connection, Consumer,
    options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// Unsettled letters per consumer.
const WIDTH: u32 = 2_000;
/// Consumers that the broker keeps in order.
const ORDERED: u32 = 32;
/// How long the broker may take to put the letters of a closed page back; other consumers can make the count wrong.
const RETURNED_WITHIN: Duration = Duration::from_secs(2);

/// An open look at the letters that were there when it was opened. Dropping it returns everything not removed.
pub struct Look {
    stage: Stage,
    queue: String,
    home: String,
    connection: Connection,
    /// Counts and answers; holds nothing.
    control: Channel,
    /// The last one is in use; the others keep holding what they took.
    pages: Vec<Page>,
    /// All pages are on the first one's channel.
    shared: bool,
    unseen: u32,
}

struct Page {
    channel: Channel,
    consumer: Consumer,
    /// Letters still to come.
    open: u32,
    /// Letters taken.
    taken: u32,
    removed: Arc<AtomicU32>,
}

impl Page {
    /// Letters that a close returns, those included that are still on their way here.
    fn held(&self) -> u32 {
        (self.open + self.taken).saturating_sub(self.removed.load(Ordering::Relaxed))
    }
}

/// A letter that this look holds.
pub struct Held {
    /// The letter.
    pub letter: Letter,
    acker: Acker,
    removed: Arc<AtomicU32>,
}

impl Held {
    /// Takes the letter out of the queue for good; `false` when the channel is gone and it is still there.
    pub async fn remove(&self) -> bool {
        let removed = matches!(self.acker.ack(BasicAckOptions::default()).await, Ok(true));
        if removed {
            self.removed.fetch_add(1, Ordering::Relaxed);
        }
        removed
    }
}

impl Look {
    /// Opens a look at the stage's dead letters.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn open(broker: &Broker, stage: Stage) -> Result<Self, broker::Error> {
        broker.declare(stage).await?;
        Self::open_queue(broker, stage, broker.namespace().dead_queue(stage)).await
    }

    /// Opens a look at the letters that were put away.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn open_archive(broker: &Broker, stage: Stage) -> Result<Self, broker::Error> {
        broker.declare_archive(stage).await?;
        Self::open_queue(broker, stage, broker.namespace().archive_queue(stage)).await
    }

    async fn open_queue(broker: &Broker, stage: Stage, queue: String) -> Result<Self, broker::Error> {
        let connection = broker.connect("dead letters").await?;
        let control = connection.create_channel().await?;
        let unseen = broker::depth(&control, &queue).await?;
        Ok(Self {
            stage,
            queue,
            home: broker.namespace().queue(stage),
            connection,
            control,
            pages: Vec::new(),
            shared: unseen <= WIDTH * ORDERED,
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
        if self.pages.last().is_none_or(|page| page.open == 0) {
            self.turn().await?;
        }
        let Some(page) = self.pages.last_mut() else {
            return Ok(None);
        };
        let delivery = page.consumer.next().await.ok_or(broker::Error::Ended)??;
        page.taken += 1;
        page.open -= 1;
        self.unseen -= 1;
        if page.open == 0 {
            // Its credit is used up, so nothing is under way; without it a removal would bring in another letter.
            page.channel
                .basic_cancel(page.consumer.tag(), BasicCancelOptions::default())
                .await?;
        }
        let letter = Letter::read(self.stage, &self.home, &delivery.properties, delivery.data);
        Ok(Some(Held {
            letter,
            acker: delivery.acker,
            removed: Arc::clone(&page.removed),
        }))
    }

    /// Opens the next page.
    async fn turn(&mut self) -> Result<(), broker::Error> {
        let channel = match self.pages.first().filter(|_| self.shared) {
            Some(first) => first.channel.clone(),
            None => self.connection.create_channel().await?,
        };
        let tag = format!("look-{:06}", self.pages.len());
        let open = self.unseen.min(WIDTH);
        let prefetch = u16::try_from(open).unwrap_or(u16::MAX);
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let (queue, options) = (self.queue.as_str().into(), BasicConsumeOptions::default());
        let consumer = channel
            .basic_consume(queue, tag.into(), options, FieldTable::default())
            .await?;
        self.pages.push(Page {
            channel,
            consumer,
            open,
            taken: 0,
            removed: Arc::default(),
        });
        Ok(())
    }

    /// Waits until the broker has seen every removal so far: a close overtakes acknowledgements that are still on
    /// their way, and an answer on the same channel cannot.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn settle(&self) -> Result<(), broker::Error> {
        for page in self
            .pages
            .iter()
            .filter(|page| page.removed.load(Ordering::Relaxed) > 0)
        {
            if page.channel.status().connected() {
                broker::depth(&page.channel, &self.queue).await?;
            }
        }
        Ok(())
    }

    /// Returns what is held, in its old order.
    ///
    /// # Errors
    /// When the broker goes away; it returns the letters all the same.
    pub async fn close(self) -> Result<(), broker::Error> {
        self.settle().await?;
        if let Some(page) = self.pages.last().filter(|page| page.open > 0) {
            // Its free credit would draw letters that the other pages return.
            page.channel
                .basic_cancel(page.consumer.tag(), BasicCancelOptions::default())
                .await?;
        }
        // A shared channel returns every page at once.
        let groups = if self.shared {
            vec![self.pages.as_slice()]
        } else {
            self.pages.chunks(1).collect()
        };
        for pages in groups {
            let Some(first) = pages.first() else { continue };
            let before = broker::depth(&self.control, &self.queue).await?;
            first.channel.close(200, "looked".into()).await?;
            let held: u32 = pages.iter().map(Page::held).sum();
            self.returned(before + held).await?;
        }
        self.connection.close(200, "looked".into()).await?;
        Ok(())
    }

    /// The queue learns of a closed channel a moment after the client does. Whoever looks next must find everything.
    async fn returned(&self, expected: u32) -> Result<(), broker::Error> {
        let patience = Instant::now() + RETURNED_WITHIN;
        while broker::depth(&self.control, &self.queue).await? < expected && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}
