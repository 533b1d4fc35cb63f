//! Taking messages out of a queue to browse them; what is not removed returns to its place (I8).
//!
//! Messages are consumed without acknowledgement and returned by closing their channel, which keeps their order and,
//! unlike `basic.get`, counts as one consumer. A quorum queue gives a consumer at most 2,000 unacknowledged messages,
//! so more of them take page after page. Measured on 3.10, and each of it changed the order before it was heeded:
//! - messages return to the *end* of the queue. A browser therefore takes all messages before it returns any, also when
//!   nobody wants to see the rest, and those that have arrived meanwhile, too;
//! - a page asks for exactly as many messages as it takes and is cancelled when all of them are here. Earlier, the
//!   broker returns at once what is still under way, ahead of the others; later, a removal brings in another message;
//! - up to 32 pages share a channel and are named in order, which is also the order of their return when this process
//!   is killed. Beyond that the broker keeps its consumers in an unordered table, so each page has a channel of its
//!   own and they are closed one after the other, each when the messages of the one before are back;
//! - the close ends when all messages are back, since the next browser must find them.
//!
//! A dead-letter queue's delivery limit follows the server's version so that browsing never uses it up (see
//! `broker::topology`).

use super::{
    call::depth,
    connection::Broker,
    error::Error,
    received::{Handle, Received},
};
use crate::message::{Death, Envelope};
use futures::StreamExt;
use lapin::{
    Channel, Connection, Consumer,
    message::Delivery,
    options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions},
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

/// Unacknowledged messages per consumer.
const WIDTH: u32 = 2_000;
/// Consumers that the broker keeps in order; it keeps 32, and some are left for messages that arrive meanwhile.
const ORDERED: u32 = 28;
/// How often those that have arrived meanwhile are taken as well.
const LATECOMERS: u32 = 4;
/// When no message has come for this time, the queue is asked whether there are any.
const SILENCE: Duration = Duration::from_secs(2);
/// How long the broker may take to put the messages of a closed page back; other consumers can make the count wrong.
const RETURNED_WITHIN: Duration = Duration::from_secs(2);

/// Browses the messages that were there when it was opened. Dropping it returns everything not removed.
pub struct Browser {
    queue: String,
    connection: Connection,
    /// Counts and answers; holds nothing.
    control: Channel,
    /// All of them hold what they took.
    pages: Vec<Page>,
    /// Messages of a page.
    width: u32,
    /// All pages are on the first one's channel.
    shared: bool,
    /// Messages of the last page that have not been handed out.
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

impl Browser {
    /// Opens a queue that exists.
    ///
    /// # Errors
    /// When the broker is away.
    pub async fn open(broker: &Broker, queue: String) -> Result<Self, Error> {
        let connection = broker.connect("dead letters").await?;
        let control = connection.create_channel().await?;
        let unseen = depth(&control, &queue)
            .await
            .map_err(|error| error.of_queue(&queue))?;
        Ok(Self {
            queue,
            connection,
            control,
            pages: Vec::new(),
            ready: VecDeque::new(),
            width: WIDTH,
            shared: unseen <= WIDTH * ORDERED,
            unseen,
        })
    }

    /// Narrower pages than the widest that a broker allows, before the first message is taken; so that a test sees with
    /// few messages what otherwise needs very many.
    #[must_use]
    pub fn with_pages_of(mut self, messages: u32) -> Self {
        self.width = messages.clamp(1, WIDTH);
        self.shared = self.unseen <= self.width * ORDERED;
        self
    }

    /// Messages that were there at the beginning and have not been taken yet.
    #[must_use]
    pub fn unseen(&self) -> u32 {
        self.unseen
    }

    /// The next message in queue order, or `None` when all that were there at the beginning have been seen.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn next(&mut self) -> Result<Option<Received>, Error> {
        if self.ready.is_empty() && self.unseen > 0 {
            self.turn().await?;
        }
        let (Some(delivery), Some(page)) = (self.ready.pop_front(), self.pages.last()) else {
            self.unseen = 0;
            return Ok(None);
        };
        self.unseen -= 1;
        Ok(Some(Received {
            envelope: Envelope::read(&delivery.properties),
            death: Death::read(&delivery.properties),
            body: delivery.data.into(),
            handle: Handle {
                acker: delivery.acker,
                removed: Arc::clone(&page.removed),
            },
        }))
    }

    /// Takes the next page. It may be shorter than expected when messages of an archive have expired meanwhile.
    async fn turn(&mut self) -> Result<(), Error> {
        let channel = match self.pages.first().filter(|_| self.shared) {
            Some(first) => first.channel.clone(),
            None => self.connection.create_channel().await?,
        };
        let wanted = self.unseen.min(self.width);
        let prefetch = u16::try_from(wanted).unwrap_or(u16::MAX);
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let tag = format!("browse-{:06}", self.pages.len());
        let (queue, options) = (self.queue.as_str().into(), BasicConsumeOptions::default());
        let mut consumer = channel
            .basic_consume(queue, tag.into(), options, FieldTable::default())
            .await?;
        while self.ready.len() < wanted as usize {
            match tokio::time::timeout(SILENCE, consumer.next()).await {
                Ok(delivery) => self.ready.push_back(delivery.ok_or(Error::Ended)??),
                Err(_) if depth(&self.control, &self.queue).await? == 0 => {
                    self.unseen = self.ready();
                    break;
                }
                Err(_) => {}
            }
        }
        let cancel = BasicCancelOptions::default();
        channel.basic_cancel(consumer.tag(), cancel).await?;
        self.pages.push(Page {
            channel,
            _consumer: consumer,
            taken: self.ready(),
            removed: Arc::default(),
        });
        Ok(())
    }

    fn ready(&self) -> u32 {
        u32::try_from(self.ready.len()).unwrap_or(u32::MAX)
    }

    /// Waits until the broker has seen every removal so far: a close overtakes acknowledgements that are still on
    /// their way, and an answer on the same channel cannot.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn flush(&self) -> Result<(), Error> {
        let channels = if self.shared { 1 } else { self.pages.len() };
        let touched = self.pages.iter().any(|page| page.removed() > 0);
        for page in self.pages.iter().take(channels).filter(|_| touched) {
            depth(&page.channel, &self.queue).await?;
        }
        Ok(())
    }

    /// Returns what was taken and not removed, in its old order.
    ///
    /// # Errors
    /// When the broker goes away; it returns the messages all the same.
    pub async fn close(mut self) -> Result<(), Error> {
        self.take_rest().await?;
        // A shared channel returns every page at once.
        let groups = if self.shared {
            vec![self.pages.as_slice()]
        } else {
            self.pages.chunks(1).collect()
        };
        let removed = |pages: &[Page]| pages.iter().map(Page::removed).sum::<u32>();
        // Before any message is back, since this would take it and return it behind the others.
        for pages in &groups {
            if let Some(first) = pages.first().filter(|_| removed(pages) > 0) {
                self.apply_removals(&first.channel).await?;
            }
        }
        for pages in groups {
            let Some(first) = pages.first() else { continue };
            let removed = removed(pages);
            let before = depth(&self.control, &self.queue).await?;
            first.channel.close(200, "browsed".into()).await?;
            let left = pages.iter().map(|page| page.taken).sum::<u32>() - removed;
            self.returned(before + left).await?;
        }
        self.connection.close(200, "browsed".into()).await?;
        Ok(())
    }

    /// Takes whatever has not been seen, so that it keeps its place behind the others.
    async fn take_rest(&mut self) -> Result<(), Error> {
        if self.pages.is_empty() {
            return Ok(());
        }
        self.unseen = self.unseen.saturating_sub(self.ready());
        for _ in 0..=LATECOMERS {
            while self.unseen > 0 {
                self.ready.clear();
                self.turn().await?;
                self.unseen = self.unseen.saturating_sub(self.ready());
                if self.ready.is_empty() {
                    break;
                }
            }
            self.unseen = depth(&self.control, &self.queue).await?;
            if self.unseen == 0 {
                break;
            }
        }
        self.ready.clear();
        Ok(())
    }

    /// Waits until the queue itself has applied every removal: a channel keeps back the acknowledgements that it gets
    /// while many commands are under way, and its close would drop them. Opening a consumer waits for what is under
    /// way, upon which the channel sends the rest; cancelling it waits for the rest. There is nothing left that it
    /// could take.
    async fn apply_removals(&self, channel: &Channel) -> Result<(), Error> {
        channel.basic_qos(1, BasicQosOptions::default()).await?;
        let (queue, options) = (self.queue.as_str().into(), BasicConsumeOptions::default());
        let consumer = channel
            .basic_consume(queue, "browse-last".into(), options, FieldTable::default())
            .await?;
        depth(channel, &self.queue).await?;
        let cancel = BasicCancelOptions::default();
        channel.basic_cancel(consumer.tag(), cancel).await?;
        Ok(())
    }

    /// The queue learns of a closed channel a moment after the client does. The next browser must find everything.
    async fn returned(&self, expected: u32) -> Result<(), Error> {
        let patience = Instant::now() + RETURNED_WITHIN;
        while depth(&self.control, &self.queue).await? < expected && Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}
