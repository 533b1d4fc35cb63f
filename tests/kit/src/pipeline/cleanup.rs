//! Removes what a namespace leaves in the broker and in Redis, which may belong to the developer.

use std::time::Duration;

use anyhow::Context;
use pipeline::names::Namespace;

use crate::{queues::Queues, redis_client};

const LIMIT: Duration = Duration::from_secs(20);

/// Deletes every queue and every key of the namespace, for a `drop`. Says so when it cannot: the services may be ones
/// that a test has killed for good.
pub(super) fn delete(queues: Queues, redis_url: String, namespace: Namespace) {
    // A thread with a runtime of its own: the caller's runtime cannot be waited for from inside a `drop`.
    let cleaner = std::thread::spawn(move || -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let all = delete_all(&queues, &redis_url, &namespace);
        runtime.block_on(async { tokio::time::timeout(LIMIT, all).await })?
    });
    match cleaner.join() {
        Ok(Ok(())) => {}
        Ok(Err(error)) => eprintln!("queues and keys of a namespace stay behind: {error:#}"),
        Err(_) => eprintln!("queues and keys of a namespace stay behind"),
    }
}

async fn delete_all(queues: &Queues, redis_url: &str, namespace: &Namespace) -> anyhow::Result<()> {
    queues.delete_all().await?;
    let mut connection = redis_client::connect(redis_url).await?;
    let mut cursor = 0u64;
    loop {
        let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(namespace.key_pattern())
            .arg("COUNT")
            .arg(1_000)
            .query_async(&mut connection)
            .await
            .context("list the namespace's keys")?;
        if !keys.is_empty() {
            let () = redis::cmd("UNLINK")
                .arg(keys)
                .query_async(&mut connection)
                .await
                .context("delete the namespace's keys")?;
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}
