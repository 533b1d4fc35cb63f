//! A Redis that throws keys away when memory is short forgets claims without a sign: warned about once at start.

use std::time::Duration;

use pipeline::retry::Backoff;
use pipeline::shutdown::Shutdown;
use pipeline::store::{Error, Store};

/// Asks until Redis answers, and warns if its answer is dangerous.
pub(crate) async fn warn(store: Store, shutdown: Shutdown) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
    loop {
        match policy(&store).await {
            Ok(policy) if is_safe(&policy) => return,
            Ok(policy) => {
                return tracing::error!(
                    policy,
                    "Redis may evict keys, and with them claims and quotas, so rows may be doubled; set \
                     maxmemory-policy noeviction"
                );
            }
            // `loader doctor` says that nobody can see it.
            Err(error) if error.lacks_permission() => return,
            Err(error) => tracing::debug!(error = %error, "eviction policy is not known yet"),
        }
        if !shutdown.sleep(backoff.next_delay()).await {
            return;
        }
    }
}

async fn policy(store: &Store) -> Result<String, Error> {
    let mut connection = store.connection().await?;
    let info: String = redis::cmd("INFO")
        .arg("memory")
        .query_async(&mut *connection)
        .await?;
    let found = info
        .lines()
        .find_map(|line| line.trim().strip_prefix("maxmemory_policy:"));
    Ok(found.unwrap_or_default().to_owned())
}

/// Keys without an expiry, which are all that matter here, are evicted by the `allkeys` policies only. A managed
/// service that does not say is asked about by `loader doctor`.
fn is_safe(policy: &str) -> bool {
    !policy.starts_with("allkeys")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::PrivateRedis;

    #[tokio::test]
    async fn only_policies_that_evict_any_key_are_dangerous() {
        let redis = PrivateRedis::start().await;
        let store = redis.store();
        for (name, safe) in [
            ("noeviction", true),
            ("volatile-lru", true),
            ("allkeys-lru", false),
            ("allkeys-random", false),
        ] {
            let mut connection = store.connection().await.unwrap();
            let mut command = redis::cmd("CONFIG");
            command.arg("SET").arg("maxmemory-policy").arg(name);
            command.query_async::<()>(&mut *connection).await.unwrap();
            let seen = policy(&store).await.unwrap();
            assert_eq!((seen.as_str(), is_safe(&seen)), (name, safe));
        }
    }
}
