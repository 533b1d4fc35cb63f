//! Pooled connections to Redis.

use deadpool::Runtime;
use deadpool::managed::{Object, Pool, PoolError, Timeouts};
use redis::{FromRedisValue, ToRedisArgs};

use super::config::RedisConfig;
use super::error::Error;
use super::manager::{CONNECT_TIMEOUT, Manager, RESPONSE_TIMEOUT};
use super::script::Script;
use crate::setting::ConfigError;

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
