//! Connections to the broker, the queues it must have, and what is wrong with it.

use super::{
    StreamConfig,
    addresses::Addresses,
    call::{declared, depth, within},
    error::Error,
    publications::{Carried, Publications},
    topology,
    troubles::Troubles,
    version::{self, ServerVersion},
};
use crate::{
    gate::Gate,
    message::{BundleConfig, Target},
    names::Namespace,
    retry::RetryPolicy,
    setting::Secret,
    shutdown::Shutdown,
    stage::Stage,
    tls::{Pem, TlsFiles},
};
use lapin::{
    Connection, ConnectionProperties,
    tcp::{OwnedIdentity, OwnedTLSConfig},
};
use std::sync::Arc;

/// Settings of the broker connection, shared by everything that talks to it; cheap to clone.
#[derive(Clone)]
pub struct Broker(Arc<Shared>);

struct Shared {
    addresses: Addresses,
    tls: TlsFiles,
    management: Option<Secret>,
    stream: StreamConfig,
    bundle: BundleConfig,
    carried: Publications,
    name: String,
    namespace: Namespace,
    retry: RetryPolicy,
    shutdown: Shutdown,
    troubles: Troubles,
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
        Ok(Self(Arc::new(Shared {
            addresses: Addresses::new(url)?,
            tls: TlsFiles::default(),
            management: None,
            stream: StreamConfig::default(),
            bundle: BundleConfig::default(),
            carried: Publications::default(),
            name,
            namespace,
            retry,
            shutdown,
            troubles: Troubles::new(gate),
        })))
    }

    /// Uses these certificates for `amqps://`; only before the broker is used.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsFiles) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.0) {
            shared.tls = tls;
        }
        self
    }

    /// Asks the management plugin there for what AMQP does not show; only before the broker is used.
    #[must_use]
    pub fn with_management(mut self, management: Option<Secret>) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.0) {
            shared.management = management;
        }
        self
    }

    /// Keeps events like this; only before the broker is used.
    #[must_use]
    pub fn with_stream(mut self, stream: StreamConfig) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.0) {
            shared.stream = stream;
        }
        self
    }

    /// Publishes so many records in one message; only before the broker is used.
    #[must_use]
    pub fn with_bundle(mut self, bundle: BundleConfig) -> Self {
        if let Some(shared) = Arc::get_mut(&mut self.0) {
            shared.bundle = bundle;
        }
        self
    }

    pub(crate) fn bundle(&self) -> BundleConfig {
        self.0.bundle
    }

    /// A message of so many records was published.
    pub(super) fn published(&self, target: &Target, records: usize) {
        let stage = match target {
            Target::Stage(stage) => Some(*stage),
            Target::Queue(queue) => Stage::ALL
                .into_iter()
                .find(|stage| self.0.namespace.queue(*stage) == *queue),
        };
        if let Some(stage) = stage {
            self.0.carried.published(stage, records);
        }
    }

    /// What was published for each stage since this was last asked.
    pub(crate) fn carried(&self) -> Vec<(Stage, Carried)> {
        self.0.carried.take()
    }

    pub(crate) fn stream(&self) -> &StreamConfig {
        &self.0.stream
    }

    pub(super) fn management(&self) -> Option<Secret> {
        self.0.management.clone()
    }

    /// The virtual host of all queues.
    pub(super) fn vhost(&self) -> String {
        self.0.addresses.vhost()
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

    /// Opens a connection; `purpose` distinguishes the connections of a process.
    pub(crate) async fn connect(&self, purpose: &'static str) -> Result<Connection, Error> {
        let tls = self.tls()?;
        let mut tries = self.0.addresses.tries()?;
        loop {
            let name = format!("{} {purpose}", self.0.name);
            let properties = ConnectionProperties::default().with_connection_name(name.into());
            let runtime = lapin::runtime::default_runtime()?;
            let connect = Connection::connect_uri_with_config(tries.uri(), properties, tls.clone(), runtime);
            if let Some(ended) = tries.ended(within(connect).await) {
                return ended;
            }
        }
    }

    /// Reads the server's version from its greeting.
    pub(crate) async fn server_version(&self) -> Result<ServerVersion, Error> {
        let tls = self.tls()?;
        let mut tries = self.0.addresses.tries()?;
        loop {
            let read = version::server_version(&tries.uri(), &tls).await;
            if let Some(ended) = tries.ended(read.map_err(Error::Greeting)) {
                return ended;
            }
        }
    }

    /// The certificates as they are now; a renewed one is used from the next connection on.
    fn tls(&self) -> Result<OwnedTLSConfig, Error> {
        let Pem { ca, identity } = self.0.tls.read().map_err(Error::Certificates)?;
        Ok(OwnedTLSConfig {
            identity: identity.map(|(pem, key)| OwnedIdentity::PKCS8 { pem, key }),
            cert_chain: ca.map(|ca| String::from_utf8_lossy(&ca).into_owned()),
        })
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
        let channel = within(connection.create_channel()).await?;
        for each in Stage::ALL {
            let mut queues = topology::stage_queues(&self.0.namespace, each, &self.0.retry, server);
            if each != stage {
                queues.truncate(2);
            }
            topology::declare(&channel, queues).await?;
        }
        within(connection.close(200, "declared".into())).await?;
        Ok(())
    }

    /// Declares the stage's archive, which exists only where letters have been archived.
    ///
    /// # Errors
    /// When the broker is away or the queue exists with other arguments.
    pub async fn declare_archive(&self, stage: Stage) -> Result<(), Error> {
        let server = self.server_version().await?;
        let connection = self.connect("declare").await?;
        let channel = within(connection.create_channel()).await?;
        let archive = topology::archive(&self.0.namespace, stage, server);
        topology::declare(&channel, vec![archive]).await?;
        within(connection.close(200, "declared".into())).await?;
        Ok(())
    }

    /// Messages ready in a queue, without touching them.
    ///
    /// # Errors
    /// When the broker is away or has no such queue.
    pub async fn depth(&self, queue: &str) -> Result<u32, Error> {
        let connection = self.connect("count").await?;
        let channel = within(connection.create_channel()).await?;
        let count = depth(&channel, queue).await?;
        within(connection.close(200, "counted".into())).await?;
        Ok(count)
    }

    /// Consumers of a queue.
    ///
    /// # Errors
    /// When the broker is away or has no such queue.
    pub async fn consumers(&self, queue: &str) -> Result<u32, Error> {
        let connection = self.connect("count").await?;
        let channel = within(connection.create_channel()).await?;
        let count = declared(&channel, queue).await?.consumer_count();
        within(connection.close(200, "counted".into())).await?;
        Ok(count)
    }

    pub(super) fn troubles(&self) -> &Troubles {
        &self.0.troubles
    }

    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.0.shutdown
    }
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker")
            .field("namespace", &self.0.namespace)
            .finish_non_exhaustive()
    }
}
