//! Makes Redis connections for the pool, from the URL and the certificates as they are at that moment.

use super::config::RedisConfig;
use super::greeting;
use super::link::Link;
use deadpool::managed::{self, Metrics, RecycleError};
use redis::{AsyncConnectionConfig, Client, ClientTlsConfig, ErrorKind, RedisError, TlsCertificates};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// Time to establish a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for one answer; far above any script of ours, so that reaching it means trouble on the other side.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Of the pool's connections.
pub struct Manager {
    config: RedisConfig,
    pings: AtomicUsize,
}

impl Manager {
    pub(super) fn new(config: RedisConfig) -> Result<Self, RedisError> {
        let manager = Self {
            config,
            pings: AtomicUsize::new(0),
        };
        // Refuses what can never work while the operator still watches the start.
        manager.client()?;
        Ok(manager)
    }

    /// A password that was changed in its file is used from the next connection on.
    fn client(&self) -> Result<Client, RedisError> {
        let url = self.config.url.current();
        if self.config.tls.is_empty() {
            return Client::open(url.expose());
        }
        let unreadable = |error| {
            RedisError::from((
                ErrorKind::InvalidClientConfig,
                "read certificates",
                format!("{error}"),
            ))
        };
        let pem = self.config.tls.read().map_err(unreadable)?;
        let client_tls = pem.identity.map(|(client_cert, client_key)| ClientTlsConfig {
            client_cert,
            client_key,
        });
        Client::build_with_tls(
            url.expose(),
            TlsCertificates {
                client_tls,
                root_cert: pem.ca,
            },
        )
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
        let client = self.client().ok()?;
        greeting::refusal(client.get_connection_info().addr()).await
    }
}

impl managed::Manager for Manager {
    type Type = Link;
    type Error = RedisError;

    async fn create(&self) -> Result<Link, RedisError> {
        let timeouts = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let connection = self
            .client()?
            .get_multiplexed_async_connection_with_config(&timeouts)
            .await?;
        let mut link = Link::new(connection);
        // A server without room for the connection takes it and hangs up.
        self.ping(&mut link).await?;
        Ok(link)
    }

    /// Pings what has been idle.
    async fn recycle(&self, link: &mut Link, _: &Metrics) -> managed::RecycleResult<RedisError> {
        if !link.is_sound() {
            return Err(RecycleError::message("the last command was not answered"));
        }
        if link.is_fresh() {
            return Ok(());
        }
        if self.ping(link).await? {
            Ok(())
        } else {
            Err(RecycleError::message("an answer to another question"))
        }
    }
}
