//! Connections to Redis for tests that look behind the product's back.

use anyhow::Context;
use redis::{AsyncConnectionConfig, aio::MultiplexedConnection};
use std::time::Duration;

/// A busy machine may take this long to connect or to answer; the client's own limits are half a second and one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Connects to the Redis of this URL.
///
/// # Errors
/// When nothing answers there for a minute.
pub async fn connect(url: &str) -> anyhow::Result<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE));
    redis::Client::open(url)
        .context("the address of Redis")?
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .context("connect to Redis")
}
