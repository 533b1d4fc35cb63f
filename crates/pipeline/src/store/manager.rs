//! Makes Redis connections for the pool, from the URL and the certificates as they are at that moment.

use super::config::RedisConfig;
use super::greeting;
use super::link::Link;
use super::place::{Place, Sentinels, Wrong, at_node};
use deadpool::managed::{self, Metrics, RecycleError};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ErrorKind, RedisError, RedisResult, TlsCertificates,
};
use std::{
    sync::Arc,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

/// Time to establish a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The same where the server has to be looked for: one that asks may be away without a sign, and so may the next one.
pub(super) const SEARCH_TIMEOUT: Duration = Duration::from_secs(6);
/// Time for one answer; far above any script of ours, so that reaching it means trouble on the other side.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Nodes of a cluster that may send us on, one to the next.
const HOPS: usize = 5;

/// Of the pool's connections.
pub struct Manager {
    config: RedisConfig,
    /// A key that nobody writes for long, in the hash slot that is asked for.
    key: String,
    pings: AtomicUsize,
    /// Which sentinel or node is asked first; another one after each failure.
    turn: AtomicUsize,
    /// Goes up when a connection is found to be of no use; older ones are not used again, for what is wrong with one is
    /// mostly wrong with all: another server has taken over.
    generation: Arc<AtomicU64>,
}

impl Manager {
    /// `key` is one of the hash slot that a cluster is asked for.
    pub(super) fn new(config: RedisConfig, key: String) -> Result<Self, Wrong> {
        let manager = Self {
            config,
            key,
            pings: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
            generation: Arc::default(),
        };
        // Refuses what can never work while the operator still watches the start.
        manager.place()?;
        Ok(manager)
    }

    /// A password that was changed in its file is used from the next connection on.
    fn place(&self) -> Result<Place, Wrong> {
        let url = self.config.url.current();
        Place::parse(url.expose(), self.certificates()?)
    }

    fn certificates(&self) -> RedisResult<Option<TlsCertificates>> {
        if self.config.tls.is_empty() {
            return Ok(None);
        }
        let unreadable = |error| {
            (
                ErrorKind::InvalidClientConfig,
                "read certificates",
                format!("{error}"),
            )
        };
        let pem = self.config.tls.read().map_err(unreadable)?;
        let client_tls = pem.identity.map(|(client_cert, client_key)| ClientTlsConfig {
            client_cert,
            client_key,
        });
        Ok(Some(TlsCertificates {
            client_tls,
            root_cert: pem.ca,
        }))
    }

    /// Where it is, for people.
    pub(super) fn shown(&self) -> String {
        crate::setting::shown(self.config.url.current().expose())
    }

    /// Whether the server has to be looked for.
    pub(super) fn looks_for_it(&self) -> bool {
        self.place().is_ok_and(|place| place.is_looked_for())
    }
}

impl Manager {
    /// A number of its own for each ping distinguishes its answer from one that was left over.
    async fn ping(&self, link: &mut Link) -> Result<bool, RedisError> {
        let ping = self.pings.fetch_add(1, Ordering::Relaxed).to_string();
        let answer: String = redis::cmd("PING").arg(&ping).query_async(link).await?;
        Ok(answer == ping)
    }

    /// What the server says when it refuses connections, after one of them was broken or not let in.
    pub(super) async fn refusal(&self, error: &RedisError) -> Option<String> {
        if !matches!(error.kind(), ErrorKind::Io | ErrorKind::AuthenticationFailed) {
            return None;
        }
        match self.place().ok()? {
            Place::One(client) => greeting::refusal(client.get_connection_info().addr()).await,
            _ => None,
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let wrong = |Wrong(problem)| RedisError::from((ErrorKind::InvalidClientConfig, "REDIS_URL", problem));
        // Counted before the search, which may be cut off: the next one begins with another.
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let found = match self.place().map_err(wrong)? {
            Place::One(client) => return connection(&client).await,
            Place::Sentinel(sentinels) => of_master(&sentinels, turn).await,
            Place::Cluster(mut nodes) => {
                let count = nodes.len().max(1);
                nodes.rotate_left(turn % count);
                self.of_owner(&nodes).await
            }
        };
        if found.is_ok() {
            self.turn.store(turn, Ordering::Relaxed);
        }
        found
    }

    /// To the node that has our keys.
    async fn of_owner(&self, nodes: &[Client]) -> RedisResult<MultiplexedConnection> {
        let mut last = RedisError::from((ErrorKind::Client, "no node is named"));
        for node in nodes {
            match self.follow(node.clone()).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Goes where the nodes say that the key is. While the slot is moved to another node, its owner still is the one that
    /// does not send away for good.
    async fn follow(&self, mut node: Client) -> RedisResult<MultiplexedConnection> {
        for _ in 0..HOPS {
            let mut connection = connection(&node).await?;
            let asked = redis::cmd("GET").arg(&self.key).exec_async(&mut connection).await;
            let Err(error) = asked else {
                return Ok(connection);
            };
            node = match (error.code(), error.redirect_node()) {
                (Some("MOVED"), Some((next, _))) => at_node(&node, next)?,
                (Some("ASK"), _) => return Ok(connection),
                _ => return Err(error),
            };
        }
        Err((
            ErrorKind::ClusterConnectionNotFound,
            "the nodes do not agree about our keys",
        )
            .into())
    }
}

/// To the server that the sentinels call the master, and that says so itself.
async fn of_master(sentinels: &Sentinels, first: usize) -> RedisResult<MultiplexedConnection> {
    let master = sentinels.client(first)?.async_get_client().await?;
    connection(&master).await
}

async fn connection(client: &Client) -> RedisResult<MultiplexedConnection> {
    let timeouts = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT));
    client
        .get_multiplexed_async_connection_with_config(&timeouts)
        .await
}

impl managed::Manager for Manager {
    type Type = Link;
    type Error = RedisError;

    async fn create(&self) -> Result<Link, RedisError> {
        let made_in = self.generation.load(Ordering::Acquire);
        let connection = self.connect().await?;
        let mut link = Link::new(Arc::clone(&self.generation), made_in, connection);
        // A server without room for the connection takes it and hangs up.
        self.ping(&mut link).await?;
        Ok(link)
    }

    /// Pings what has been idle.
    async fn recycle(&self, link: &mut Link, _: &Metrics) -> managed::RecycleResult<RedisError> {
        if !link.is_sound() {
            return Err(RecycleError::message(
                "a command was not answered on it or another one",
            ));
        }
        if link.is_fresh() {
            return Ok(());
        }
        match tokio::time::timeout(CONNECT_TIMEOUT, self.ping(link)).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(false)) => Err(RecycleError::message("an answer to another question")),
            Err(_) => {
                link.give_up();
                Err(RecycleError::message("no answer to a ping"))
            }
        }
    }
}
