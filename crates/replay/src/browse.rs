//! Taking letters out of the queue to look at them; what is not removed returns to its place (I8).
//!
//! Letters are consumed without acknowledgement and returned by closing their channel, which keeps their order and,
//! unlike `basic.get`, counts as one consumer. A quorum queue gives a consumer at most 2,000 unsettled letters, so a
//! longer look opens page after page. Measured on 3.10, and each of it changed the order before it was heeded:
//! - letters return to the *end* of the queue. A look therefore takes all letters before it returns any, also when
//!   nobody wants to see the rest, and those that have died meanwhile, too;
//! - a page asks for exactly as many letters as it takes and is cancelled when all of them are here. Earlier, the
//!   broker returns at once what is still under way, ahead of the others; later, a removal brings in another letter;
//! - up to 32 pages share a channel and are named in order, which is also the order of their return when this process
//!   is killed. Beyond that the broker keeps its consumers in an unordered table, so each page has a channel of its
//!   own and they are closed one after the other, each when the letters of the one before are back;
//! - the close ends when all letters are back, since whoever looks next must find them.
//!
//! The dead-letter queue's delivery limit follows the server's version so that looking never uses it up (see
//! `broker::topology`).

use super::letter::Letter;
use pipeline::{
    broker::{self, Broker},
    stage::Stage,
};

use futures::StreamExt;
use lapin::{
    Acker, Channel, Connection, Consumer,
    message::Delivery,
    options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

/// Unsettled letters per consumer.
const WIDTH: u32 = 2_000;
/// Consumers that the broker keeps in order; it keeps 32, and some are left for letters that die meanwhile.
const ORDERED: u32 = 28;
/// How often those that have died meanwhile are taken as well.
const LATECOMERS: u32 = 4;
/// When no letter has come for this time, the queue is asked whether there are any.
const SILENCE: Duration = Duration::from_secs(2);
/// How long the broker may take to put the letters of a closed page back; other consumers can make the count wrong.
const RETURNED_WITHIN: Duration = Duration::from_secs(2);

/// An open look at the letters that were there when it was opened. Dropping it returns everything not removed.
pub struct Browser {
    stage: Stage,
    queue: String,
    home: String,
    connection: Connection,
    /// Counts and answers; holds nothing.
    control: Channel,
    /// All of them hold what they took.
    pages: Vec<Page>,
    /// Letters of a page.
    width: u32,
    /// All pages are on the first one's channel.
    shared: bool,
    /// Letters of the last page that have not been handed out.
    ready: VecDeque<Delivery>,
    unseen: u32,
}

struct Page {
    channel: Channel,
    /// Dropping it would cancel it once more.
    _consumer: Consumer,
    taken: u32,
    removed: Arc<AtomicU32>,
}

impl Page {
    fn removed(&self) -> u32 {
        self.removed.load(Ordering::Relaxed)
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

impl Browser {
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
            ready: VecDeque::new(),
            width: WIDTH,
            shared: unseen <= WIDTH * ORDERED,
            unseen,
        })
    }

    /// Narrower pages than the widest that a broker allows, before the first letter is taken; so that a test sees with
    /// few letters what otherwise needs very many.
    #[must_use]
    pub fn with_pages_of(mut self, letters: u32) -> Self {
        self.width = letters.clamp(1, WIDTH);
        self.shared = self.unseen <= self.width * ORDERED;
        self
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
        if self.ready.is_empty() && self.unseen > 0 {
            self.turn().await?;
        }
        let (Some(delivery), Some(page)) = (self.ready.pop_front(), self.pages.last()) else {
            self.unseen = 0;
            return Ok(None);
        };
        self.unseen -= 1;
        let letter = Letter::read(self.stage, &self.home, &delivery.properties, delivery.data);
        Ok(Some(Held {
            letter,
            acker: delivery.acker,
            removed: Arc::clone(&page.removed),
        }))
    }

    /// Takes the next page. It may be shorter than expected when letters of an archive have expired meanwhile.
    async fn turn(&mut self) -> Result<(), broker::Error> {
        let channel = match self.pages.first().filter(|_| self.shared) {
            Some(first) => first.channel.clone(),
            None => self.connection.create_channel().await?,
        };
        let wanted = self.unseen.min(self.width);
        let prefetch = u16::try_from(wanted).unwrap_or(u16::MAX);
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let tag = format!("look-{:06}", self.pages.len());
        let (queue, options) = (self.queue.as_str().into(), BasicConsumeOptions::default());
        let mut consumer = channel
            .basic_consume(queue, tag.into(), options, FieldTable::default())
            .await?;
        while self.ready.len() < wanted as usize {
            match tokio::time::timeout(SILENCE, consumer.next()).await {
                Ok(delivery) => self.ready.push_back(delivery.ok_or(broker::Error::Ended)??),
                Err(_) if broker::depth(&self.control, &self.queue).await? == 0 => {
                    self.unseen = u32::try_from(self.ready.len()).unwrap_or(u32::MAX);
                    break;
                }
                Err(_) => {}
            }
        }
        channel
            .basic_cancel(consumer.tag(), BasicCancelOptions::default())
            .await?;
        self.pages.push(Page {
            channel,
            _consumer: consumer,
            taken: u32::try_from(self.ready.len()).unwrap_or(u32::MAX),
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
        let channels = if self.shared { 1 } else { self.pages.len() };
        let touched = self.pages.iter().any(|page| page.removed() > 0);
        for page in self.pages.iter().take(channels).filter(|_| touched) {
            broker::depth(&page.channel, &self.queue).await?;
        }
        Ok(())
    }

    /// Returns what is held, in its old order.
    ///
    /// # Errors
    /// When the broker goes away; it returns the letters all the same.
    pub async fn close(mut self) -> Result<(), broker::Error> {
        self.take_rest().await?;
        // A shared channel returns every page at once.
        let groups = if self.shared {
            vec![self.pages.as_slice()]
        } else {
            self.pages.chunks(1).collect()
        };
        let removed = |pages: &[Page]| pages.iter().map(Page::removed).sum::<u32>();
        // Before any letter is back, since a flush would take it and return it behind the others.
        for pages in &groups {
            if let Some(first) = pages.first().filter(|_| removed(pages) > 0) {
                self.flush(&first.channel).await?;
            }
        }
        for pages in groups {
            let Some(first) = pages.first() else { continue };
            let removed = removed(pages);
            let before = broker::depth(&self.control, &self.queue).await?;
            first.channel.close(200, "looked".into()).await?;
            let held = pages.iter().map(|page| page.taken).sum::<u32>() - removed;
            self.returned(before + held).await?;
        }
        self.connection.close(200, "looked".into()).await?;
        Ok(())
    }

    /// Takes whatever has not been looked at, so that it keeps its place behind the others.
    async fn take_rest(&mut self) -> Result<(), broker::Error> {
        if self.pages.is_empty() {
            return Ok(());
        }
        self.unseen = self
            .unseen
            .saturating_sub(u32::try_from(self.ready.len()).unwrap_or(u32::MAX));
        for _ in 0..=LATECOMERS {
            while self.unseen > 0 {
                self.ready.clear();
                self.turn().await?;
                self.unseen = self
                    .unseen
                    .saturating_sub(u32::try_from(self.ready.len()).unwrap_or(u32::MAX));
                if self.ready.is_empty() {
                    break;
                }
            }
            self.unseen = broker::depth(&self.control, &self.queue).await?;
            if self.unseen == 0 {
                break;
            }
        }
        self.ready.clear();
        Ok(())
    }

    /// Waits until the queue itself has applied every removal: a channel keeps back what it is told while many commands
    /// are under way, and its close would drop that. Opening a consumer waits for what is under way, upon which the
    /// channel sends the rest; cancelling it waits for the rest. There is nothing left that it could take.
    async fn flush(&self, channel: &Channel) -> Result<(), broker::Error> {
        channel.basic_qos(1, BasicQosOptions::default()).await?;
        let (queue, options) = (self.queue.as_str().into(), BasicConsumeOptions::default());
        let consumer = channel
            .basic_consume(queue, "look-last".into(), options, FieldTable::default())
            .await?;
        broker::depth(channel, &self.queue).await?;
        channel
            .basic_cancel(consumer.tag(), BasicCancelOptions::default())
            .await?;
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
