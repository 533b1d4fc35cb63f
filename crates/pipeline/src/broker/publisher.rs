//! Publishing: a message counts as sent only when the broker has confirmed and routed it.
//!
//! One connection of its own, because an alarm on the broker blocks a publishing connection with everything on it
//! (docs/delivery.md §3.1-5). Confirms of one call are awaited together.

use super::{
    call::{answered, within},
    connection::Broker,
    error::{Error, PublishError},
};
use crate::{
    message::{Outgoing, Target, bundle::pack},
    retry::Backoff,
    telemetry::names,
};
use futures::{Stream, StreamExt, future::maybe_done};
use lapin::{
    Channel, Confirmation, Connection, Event,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

/// Connection losses that one call survives before it gives up.
const REPEATS: u32 = 3;
const REPEAT_MIN: Duration = Duration::from_millis(100);
const REPEAT_MAX: Duration = Duration::from_secs(2);

/// Publishes with confirms; cheap to clone, clones share one connection.
#[derive(Clone)]
pub struct Publisher {
    broker: Broker,
    /// An alarm on its connection pauses the stage.
    pauses: bool,
    /// Bytes of a message that the broker takes, once it has refused one; until then more than any bundle.
    limit: Arc<AtomicUsize>,
    link: Arc<Mutex<Option<Link>>>,
}

/// The connection is kept because dropping it closes the channel.
struct Link {
    channel: Channel,
    _connection: Connection,
    _watch: Option<AbortOnDropHandle<()>>,
}

/// An alarm on the broker stops everything that is published: the stage pauses instead of running into time-outs.
async fn watch_alarms(broker: Broker, events: impl Stream<Item = Event>) {
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Event::ConnectionBlocked(reason) => {
                broker.blocks_publishing(&reason.to_string());
            }
            // A connection that is lost says nothing about the alarm; the prober finds out.
            Event::ConnectionUnblocked => broker.publishes_again(),
            _ => {}
        }
    }
}

impl Broker {
    /// A publisher with a connection of its own.
    #[must_use]
    pub fn publisher(&self) -> Publisher {
        Publisher::new(self.clone())
    }
}

impl Publisher {
    pub(crate) fn new(broker: Broker) -> Self {
        Self {
            broker,
            pauses: true,
            limit: Arc::new(AtomicUsize::new(usize::MAX)),
            link: Arc::default(),
        }
    }

    /// For what may wait while the broker takes nothing: an alarm stops nobody but this connection.
    pub(crate) fn patient(broker: Broker) -> Self {
        Self {
            pauses: false,
            ..Self::new(broker)
        }
    }

    /// Opens a new connection for what comes next.
    pub(crate) async fn reset(&self) {
        self.link.lock().await.take();
    }

    /// Publishes all messages and returns when each of them is confirmed. What goes to one stage's queue for the first
    /// time may travel in fewer messages than it is (`BUNDLE_RECORDS`).
    ///
    /// After a lost connection the call publishes again; copies are harmless because every receiver compares
    /// versions. Cancelling the call leaves it unknown whether its messages arrived.
    ///
    /// # Errors
    /// When the broker stays away, refuses a message or knows no such queue.
    pub async fn publish(&self, messages: Vec<Outgoing>) -> Result<(), PublishError> {
        self.publish_all(&messages).await
    }

    /// The same for a caller who needs the messages once more.
    pub(crate) async fn publish_all(&self, messages: &[Outgoing]) -> Result<(), PublishError> {
        if messages.is_empty() {
            return Ok(());
        }
        let mut backoff = Backoff::new(REPEAT_MIN, REPEAT_MAX);
        let mut left = REPEATS;
        let mut sent = false;
        let mut limit = self.limit.load(Relaxed);
        let mut packed = self.packed(messages, limit);
        loop {
            match self
                .attempt(&packed, &mut sent)
                .await
                .map_err(|error| self.too_large(&packed, error))
            {
                // Of several records together: each of them may fit.
                Err(PublishError::TooLarge { limit: told, .. })
                    if messages.iter().all(|message| message.size() <= told) =>
                {
                    // Whoever knew was wrong about the size of what is beside the bodies.
                    limit = if limit <= told { 0 } else { told };
                    self.limit.fetch_min(limit, Relaxed);
                    tracing::info!(
                        limit = told,
                        "the broker takes no bundles of that size; they become smaller"
                    );
                    packed = self.packed(messages, limit);
                    self.link.lock().await.take();
                }
                Err(PublishError::Unconfirmed(error)) if left > 0 && !self.broker.stopping() => {
                    left -= 1;
                    tracing::debug!(%error, "publish again");
                    self.link.lock().await.take();
                    backoff.wait().await;
                }
                Err(error) => {
                    if matches!(
                        error,
                        PublishError::Unconfirmed(_) | PublishError::TooLarge { .. }
                    ) {
                        self.link.lock().await.take();
                    }
                    return Err(error);
                }
                Ok(()) => {
                    for message in &packed {
                        self.broker.published(&message.queue, message.records);
                    }
                    return Ok(());
                }
            }
        }
    }

    /// Publishes the messages to another queue than their own.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub async fn publish_to(&self, queue: &str, mut messages: Vec<Outgoing>) -> Result<(), PublishError> {
        for message in &mut messages {
            message.queue = Target::Queue(queue.to_owned());
        }
        self.publish(messages).await
    }

    /// `limit`: bytes of a message that the broker takes.
    fn packed<'a>(&self, messages: &'a [Outgoing], limit: usize) -> Vec<Cow<'a, Outgoing>> {
        let mut most = self.broker.bundle();
        // What is beside the bodies is only estimated.
        most.bytes = most.bytes.min(limit / 2);
        pack(messages, most)
    }

    /// `sent` says whether an earlier attempt had a connection to send them on; this one sets it when it has.
    async fn attempt(&self, messages: &[Cow<'_, Outgoing>], sent: &mut bool) -> Result<(), PublishError> {
        let channel = self.channel().await.map_err(PublishError::Unconfirmed)?;
        if std::mem::replace(sent, true) {
            for message in messages {
                metrics::counter!(names::REPUBLISHED, "queue" => self.queue(&message.queue)).increment(1);
            }
        }
        // A returned message is confirmed like a routed one; `mandatory` distinguishes them (docs/delivery.md §3.1-2).
        let options = BasicPublishOptions {
            mandatory: true,
            immediate: false,
        };
        // The client's thread is woken by the first poll, which queues the message, and answers when it is written: all
        // are queued before the first answer is awaited, or every message would cost two changes of thread.
        let sent = async {
            let mut queued = Vec::with_capacity(messages.len());
            for message in messages.iter().map(AsRef::as_ref) {
                let queue = self.queue(&message.queue);
                let (name, properties) = (queue.as_str().into(), message.properties());
                let publish = channel.basic_publish("".into(), name, options, &message.body, properties);
                let mut publish = Box::pin(maybe_done(publish));
                let _queued = futures::poll!(publish.as_mut());
                queued.push((queue, publish));
            }
            let mut confirms = Vec::with_capacity(messages.len());
            for (queue, mut publish) in queued {
                publish.as_mut().await;
                if let Some(confirm) = publish.as_mut().take_output() {
                    confirms.push((queue, confirm?));
                }
            }
            Ok(confirms)
        };
        let confirms = answered(&channel, sent)
            .await
            .map_err(PublishError::Unconfirmed)?;
        let confirmed = async {
            let mut problem = None;
            for (queue, confirm) in confirms {
                match confirm.await? {
                    Confirmation::Ack(None) => {}
                    Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => {
                        problem.get_or_insert(PublishError::Unroutable(queue));
                    }
                    Confirmation::Nack(None) | Confirmation::NotRequested => {
                        problem.get_or_insert(PublishError::Refused(queue));
                    }
                }
            }
            Ok(problem)
        };
        let problem = answered(&channel, confirmed)
            .await
            .map_err(PublishError::Unconfirmed)?;
        problem.map_or(Ok(()), Err)
    }

    /// A channel that was closed because of a message's size says so, and which one it was.
    fn too_large(&self, messages: &[Cow<'_, Outgoing>], error: PublishError) -> PublishError {
        let PublishError::Unconfirmed(cause) = &error else {
            return error;
        };
        let Some(limit) = cause.size_limit() else {
            return error;
        };
        match messages.iter().find(|message| message.body.len() > limit) {
            Some(message) => PublishError::TooLarge {
                queue: self.queue(&message.queue),
                size: message.body.len(),
                limit,
            },
            None => error,
        }
    }

    fn queue(&self, target: &Target) -> String {
        match target {
            Target::Stage(stage) => self.broker.namespace().queue(*stage),
            Target::Queue(name) => name.clone(),
        }
    }

    async fn channel(&self) -> Result<Channel, Error> {
        let mut link = self.link.lock().await;
        if let Some(open) = link.as_ref().filter(|open| open.channel.status().connected()) {
            return Ok(open.channel.clone());
        }
        let purpose = if self.pauses { "publish" } else { "write events" };
        let connection = self.broker.connect(purpose).await?;
        let channel = within(connection.create_channel()).await?;
        answered(&channel, channel.confirm_select(ConfirmSelectOptions::default())).await?;
        let watch = self.pauses.then(|| {
            let watch = watch_alarms(self.broker.clone(), connection.events_listener());
            AbortOnDropHandle::new(tokio::spawn(watch))
        });
        *link = Some(Link {
            channel: channel.clone(),
            _connection: connection,
            _watch: watch,
        });
        Ok(channel)
    }
}
