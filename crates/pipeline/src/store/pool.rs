//! Pooled connections to Redis.

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, Timeouts};
use redis::{FromRedisValue, ToRedisArgs};

use super::config::RedisConfig;
use super::error::Error;
use super::manager::{CONNECT_TIMEOUT, Manager, RESPONSE_TIMEOUT};
use super::script::Script;
use crate::names::Namespace;
use crate::setting::ConfigError;
use std::sync::LazyLock;

static PROBE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("probe.lua")));

/// A pooled connection; takes commands as `&mut *connection`.
pub type Connection = Object<Manager>;

/// The shared store. Clones share the pool.
#[derive(Clone)]
pub struct Store {
    pool: Pool<Manager>,
}

impl Store {
    /// Prepares the pool; nothing connects before the first use.
    pub fn connect(config: &RedisConfig) -> Result<Self, ConfigError> {
        let refused = |problem: &str| {
            ConfigError::new(
                "REDIS_URL",
                problem,
                words::tr!("write redis://:password@host:6379/0"),
            )
        };
        let manager = Manager::new(config.clone()).map_err(|error| refused(error.category()))?;
        let pool = Pool::builder(manager)
            .max_size(config.pool_size)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(RESPONSE_TIMEOUT),
                create: Some(CONNECT_TIMEOUT),
                recycle: Some(CONNECT_TIMEOUT),
            })
            .build()
            .map_err(|_| refused("the connection pool cannot be built"))?;
        Ok(Self { pool })
    }

    /// A connection that has answered a moment ago, a ping if nothing else.
    pub async fn connection(&self) -> Result<Connection, Error> {
        match self.pool.get().await {
            Ok(connection) => Ok(connection),
            Err(PoolError::Backend(error)) => Err(match self.pool.manager().refusal(&error).await {
                Some(refusal) => Error::Refused(refusal),
                None => Error::Connect(error),
            }),
            Err(other) => Err(Error::Pool(other)),
        }
    }

    /// Runs a script: by its digest, with the text only when the server does not know it (any more).
    pub async fn invoke<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[String],
        args: &[impl ToRedisArgs],
    ) -> Result<T, Error> {
        let mut connection = self.connection().await?;
        let mut invocation = script.0.prepare_invoke();
        for key in keys {
            invocation.key(key);
        }
        for arg in args {
            invocation.arg(arg);
        }
        Ok(invocation.invoke_async(&mut *connection).await?)
    }

    /// What stands behind this prefix in the names of some keys, from this cursor on (0 at first), and the cursor of the
    /// next ones (0 when there are none). A name may come twice.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn scan(&self, prefix: &str, cursor: u64, about: usize) -> Result<(u64, Vec<String>), Error> {
        let mut command = redis::cmd("SCAN");
        command
            .arg(cursor)
            .arg("MATCH")
            .arg(format!("{prefix}*"))
            .arg("COUNT")
            .arg(about);
        let mut connection = self.connection().await?;
        let (next, keys): (u64, Vec<String>) = command.query_async(&mut *connection).await?;
        let names = keys.iter().filter_map(|key| key.strip_prefix(prefix));
        Ok((next, names.map(str::to_owned).collect()))
    }

    /// Whether Redis answers; says nothing about whether it does what the work needs ([`Self::probe`]).
    pub async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        Ok(redis::cmd("PING").query_async::<()>(&mut *connection).await?)
    }

    /// Whether Redis does what the work needs: writes and scripts under the namespace. A ping would succeed on a
    /// replica, on a full server, and with a user that may do nothing.
    ///
    /// A thorough probe tries every command that any part uses: after the work lacked a permission, a probe that does
    /// not need it would open the gate for a moment again and again.
    pub async fn probe(&self, namespace: &Namespace, thorough: bool) -> Result<(), Error> {
        let keys = namespace.probe_keys();
        self.invoke::<()>(&PROBE, &keys, &[i32::from(thorough)]).await
    }
}
