//! The broker as the stages need it: connections that come back, checked topology, confirmed publishing.
//!
//! Only this crate names the client library. Recovery is ours, not the library's: after a loss everything is built
//! anew, and what was not acknowledged is delivered again.

pub mod envelope;
pub mod publisher;
pub mod topology;
pub mod version;

pub use envelope::Outgoing;
pub use publisher::{PublishError, Publisher};

use crate::{
    gate::{Gate, Pause},
    names::Namespace,
    retry::RetryPolicy,
    secret::Secret,
    shutdown::Shutdown,
    stage::Stage,
};
use lapin::{Connection, ConnectionProperties, uri::AMQPUri};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use version::ServerVersion;

/// Half-open connections are noticed after two missed heartbeats.
const HEARTBEAT_SECONDS: u16 = 15;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What can go wrong between a stage and the broker.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client library's error; its text already holds its cause.
    #[error("{0}")]
    Broker(lapin::Error),
    /// The broker's greeting could not be read.
    #[error("read the broker's greeting: {0}")]
    Greeting(io::Error),
    /// Nothing answered in time.
    #[error("the broker did not answer within {CONNECT_TIMEOUT:?}")]
    Timeout,
    /// A queue exists with other arguments than this version needs.
    #[error(
        "queue `{queue}` exists with other arguments ({source}); drain it and delete it, so that it is declared anew"
    )]
    Topology {
        /// The queue.
        queue: String,
        /// The broker's words; they name the argument.
        source: lapin::Error,
    },
    /// The broker ended the consumer.
    #[error("the broker ended the consumer")]
    Ended,
    /// A part of the consumer died, which is a fault of the program.
    #[error("a batch died: {0}")]
    Fault(String),
    /// What a batch caused could not be published.
    #[error("publish the results of a batch: {0}")]
    Publish(Box<PublishError>),
    /// The address is not one of a broker.
    #[error("AMQP_URL: {0}")]
    Address(String),
}

impl Error {
    /// Trying again cannot help; a person has to act first.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self, Self::Topology { .. } | Self::Address(_))
    }
}

impl From<lapin::Error> for Error {
    fn from(error: lapin::Error) -> Self {
        Self::Broker(error)
    }
}

/// Settings of the broker connection, shared by everything that talks to it; cheap to clone.
#[derive(Clone)]
pub struct Broker(Arc<Shared>);

struct Shared {
    uri: AMQPUri,
    name: String,
    namespace: Namespace,
    retry: RetryPolicy,
    gate: Gate,
    shutdown: Shutdown,
    troubles: Mutex<BTreeMap<&'static str, String>>,
}

impl Broker {
    /// A broker that is connected to at first use. `name` is shown in the broker's connection list.
    ///
    /// # Errors
    /// When the URL is not one of a broker.
    pub fn new(
        url: &Secret,
        name: String,
        namespace: Namespace,
        retry: RetryPolicy,
        gate: Gate,
        shutdown: Shutdown,
    ) -> Result<Self, Error> {
        let mut uri: AMQPUri = url.expose().parse().map_err(Error::Address)?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
        Ok(Self(Arc::new(Shared {
            uri,
            name,
            namespace,
            retry,
            gate,
            shutdown,
            troubles: Mutex::default(),
        })))
    }

    /// A publisher with a connection of its own.
    #[must_use]
    pub fn publisher(&self) -> Publisher {
        Publisher::new(self.clone())
    }

    /// The namespace of all queues.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// The ladder of the retry queues.
    #[must_use]
    pub fn retry(&self) -> &RetryPolicy {
        &self.0.retry
    }

    pub(crate) fn stopping(&self) -> bool {
        self.0.shutdown.is_requested()
    }

    /// Opens a connection; `purpose` tells the connections of a process apart.
    pub(crate) async fn connect(&self, purpose: &'static str) -> Result<Connection, Error> {
        let name = format!("{} {purpose}", self.0.name);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connect = Connection::connect_uri(self.0.uri.clone(), properties);
        let connection = tokio::time::timeout(CONNECT_TIMEOUT, connect)
            .await
            .map_err(|_| Error::Timeout)??;
        Ok(connection)
    }

    /// Reads the server's version from its greeting.
    pub(crate) async fn server_version(&self) -> Result<ServerVersion, Error> {
        version::server_version(&self.0.uri)
            .await
            .map_err(Error::Greeting)
    }

    /// Declares the work and dead-letter queues of every stage and the retry queues of `stage`.
    ///
    /// Each stage declares the queues it publishes to as well, so that the order of starting does not matter.
    ///
    /// # Errors
    /// When the broker is away or a queue exists with other arguments.
    pub async fn declare(&self, stage: Stage) -> Result<(), Error> {
        let server = self.server_version().await?;
        let connection = self.connect("declare").await?;
        let channel = connection.create_channel().await?;
        for each in Stage::ALL {
            let mut queues = topology::stage_queues(&self.0.namespace, each, &self.0.retry, server);
            if each != stage {
                queues.truncate(2);
            }
            topology::declare(&channel, queues).await?;
        }
        connection.close(200, "declared".into()).await?;
        Ok(())
    }

    /// Messages ready in a queue, without touching them.
    ///
    /// # Errors
    /// When the broker is away or has no such queue.
    pub async fn depth(&self, queue: &str) -> Result<u32, Error> {
        let connection = self.connect("count").await?;
        let channel = connection.create_channel().await?;
        let count = depth(&channel, queue).await?;
        connection.close(200, "counted".into()).await?;
        Ok(count)
    }

    /// Reports a part's trouble, or with `None` that it is over; the gate is closed while any part has trouble.
    pub(crate) fn trouble(&self, part: &'static str, detail: Option<String>) {
        let mut troubles = self.0.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match detail {
            Some(detail) => troubles.insert(part, detail),
            None => troubles.remove(part),
        };
        match troubles.iter().next() {
            Some((part, detail)) => self.0.gate.close(Pause::Broker, format!("{part}: {detail}")),
            None => self.0.gate.open(Pause::Broker),
        }
    }
}

/// Messages ready in a queue. The answer comes after everything sent on the channel before has been processed.
pub(crate) async fn depth(channel: &lapin::Channel, queue: &str) -> Result<u32, Error> {
    let options = lapin::options::QueueDeclareOptions {
        passive: true,
        ..Default::default()
    };
    let declared = channel
        .queue_declare(queue.into(), options, Default::default())
        .await?;
    Ok(declared.message_count())
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker")
            .field("namespace", &self.0.namespace)
            .finish_non_exhaustive()
    }
}
