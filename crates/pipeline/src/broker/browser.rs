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
//! - the close ends when all messages are back, since the next browser must find them;
//! - who has removed all that was taken has nothing to return, so the rest stays where it is. That the queue has applied the
//!   removals shows in its count of consumers: a cancelled one counts until all that it took is gone.
//!
//! A dead-letter queue's delivery limit follows the server's version so that browsing never uses it up (see
//! `broker::topology`).

mod closing;

use super::{
    call::{declared, depth},
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
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Unacknowledged messages per consumer.
const WIDTH: u32 = 2_000;
/// Consumers that the broker keeps in order; it keeps 32, and some are left for messages that arrive meanwhile.
const ORDERED: u32 = 28;
/// When no message has come for this time, the queue is asked whether there are any.
const SILENCE: Duration = Duration::from_secs(2);

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
    held_elsewhere: bool,
    /// Messages that are still wanted, as far as is known.
    wanted: u32,
    /// What was handed out, to be handed out again.
    kept: Option<Kept>,
    /// What is handed out again.
    again: VecDeque<Received>,
}

/// Messages that were handed out, as long as they are few enough.
struct Kept {
    messages: VecDeque<Received>,
    /// Of their bodies, and how many there may be.
    bytes: usize,
    most: usize,
}

struct Page {
    channel: Channel,
    /// Dropping it would cancel it once more.
    _consumer: Consumer,
    taken: u32,
    removed: Arc<AtomicU32>,
    /// Up to which number every message of the channel has been removed.
    through: Arc<AtomicU64>,
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
        let counts = declared(&control, &queue)
            .await
            .map_err(|error| error.of_queue(&queue))?;
        let unseen = counts.message_count();
        Ok(Self {
            queue,
            connection,
            control,
            pages: Vec::new(),
            ready: VecDeque::new(),
            width: WIDTH,
            shared: unseen <= WIDTH * ORDERED,
            unseen,
            held_elsewhere: counts.consumer_count() > 0,
            wanted: u32::MAX,
            kept: None,
            again: VecDeque::new(),
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

    /// Whether somebody else consumed from the queue when it was opened, and so may hold messages that cannot be seen here;
    /// whoever has cancelled its consumer counts until all that it took is gone or back. Otherwise everything was here.
    #[must_use]
    pub fn held_elsewhere(&self) -> bool {
        self.held_elsewhere
    }

    /// So many messages are still wanted, if the next ones are the right ones. While nothing is held, no more are taken: what
    /// was never taken need not be returned.
    pub fn want(&mut self, messages: u32) {
        self.wanted = messages.max(1);
    }

    /// From now on what is handed out is kept, for [`Self::rewind`], unless its bodies exceed so many bytes.
    pub fn keep(&mut self, bytes: usize) {
        self.kept = Some(Kept {
            messages: VecDeque::new(),
            bytes: 0,
            most: bytes,
        });
    }

    /// Begins again with the first message, so that what was taken need not be returned and taken once more; `false` when it
    /// was too much to be kept.
    pub fn rewind(&mut self) -> bool {
        let Some(kept) = self.kept.take() else {
            return false;
        };
        self.again = kept.messages;
        self.unseen += u32::try_from(self.again.len()).unwrap_or(u32::MAX);
        true
    }

    /// Messages that were handed out and not removed.
    #[must_use]
    pub fn held(&self) -> u32 {
        let waiting = u32::try_from(self.again.len()).unwrap_or(u32::MAX);
        self.in_hand().saturating_sub(self.ready() + waiting)
    }

    /// Messages that were taken and not removed.
    fn in_hand(&self) -> u32 {
        let left = self.pages.iter().map(|page| page.taken - page.removed());
        left.sum()
    }

    /// The next message in queue order, or `None` when all that were there at the beginning have been seen.
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn next(&mut self) -> Result<Option<Received>, Error> {
        if let Some(received) = self.again.pop_front() {
            self.unseen -= 1;
            return Ok(Some(received));
        }
        if self.ready.is_empty() && self.unseen > 0 {
            self.turn().await?;
        }
        let (Some(delivery), Some(page)) = (self.ready.pop_front(), self.pages.last()) else {
            self.unseen = 0;
            return Ok(None);
        };
        self.unseen -= 1;
        let received = Received {
            envelope: Envelope::read(&delivery.properties),
            death: Death::read(&delivery.properties),
            body: delivery.data.into(),
            handle: Handle {
                acker: delivery.acker,
                tag: delivery.delivery_tag,
                removed: Arc::clone(&page.removed),
                through: Arc::clone(&page.through),
            },
        };
        if let Some(kept) = &mut self.kept {
            kept.bytes += received.body.len();
            kept.messages.push_back(received.clone());
        }
        if self.kept.as_ref().is_some_and(|kept| kept.bytes > kept.most) {
            self.kept = None;
        }
        Ok(Some(received))
    }

    /// Takes the next page. It may be shorter than expected when messages of an archive have expired meanwhile.
    async fn turn(&mut self) -> Result<(), Error> {
        let (channel, through) = match self.pages.first().filter(|_| self.shared) {
            Some(first) => (first.channel.clone(), Arc::clone(&first.through)),
            None => (self.connection.create_channel().await?, Arc::default()),
        };
        let mut wanted = self.unseen.min(self.width);
        if self.in_hand() == 0 {
            wanted = wanted.min(self.wanted);
        }
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
            through,
        });
        Ok(())
    }

    fn ready(&self) -> u32 {
        u32::try_from(self.ready.len()).unwrap_or(u32::MAX)
    }
}
