//! Redis as every part sees it: pooled connections, scripts, and the question "is this an outage?".
//!
//! Redis coordinates (quotas, leases, marks, ledgers) and never holds the only copy of a customer. When it is away
//! the stages pause; [`Error::is_outage`] tells that case from a command that is wrong by itself.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, Timeouts};
use redis::{FromRedisValue, ToRedisArgs};

use crate::cli::ConfigError;
use crate::config::RedisConfig;

mod error;
mod link;
mod manager;
pub use error::Error;
pub use manager::Manager;

/// Time to establish a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for one answer; far above any script of ours, so that reaching it means trouble on the other side.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

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
        let refused =
            |problem: &str| ConfigError::new("REDIS_URL", problem, "write redis://:password@host:6379/0");
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
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => Error::Redis(error),
            other => Error::Pool(other),
        })
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

    /// Whether Redis answers.
    pub async fn ping(&self) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        Ok(redis::cmd("PING").query_async::<()>(&mut *connection).await?)
    }
}

/// A Lua script that is sent as text once and called by digest from then on. Keep it in a `LazyLock` static.
#[derive(Debug)]
pub struct Script(redis::Script);

impl Script {
    /// Takes the text, usually an `include_str!` of the `.lua` file beside the caller.
    pub fn new(text: &str) -> Self {
        Self(redis::Script::new(text))
    }
}
