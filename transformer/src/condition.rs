//! Says in Redis by which condition customers are dropped, for the extractor: another one concerns customers that are
//! loaded already, and only the extractor can list them again.

use pipeline::{
    service::Runtime,
    store::{Error, Script},
};
use std::{sync::LazyLock, time::Duration};

static SAY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('HSETNX', KEYS[1], 'first', ARGV[1])
         redis.call(ARGV[2], KEYS[1], 'now', ARGV[1])",
    )
});

/// How often it is said again where Redis was emptied, or did not answer.
const POLL: Duration = Duration::from_secs(15);

/// Announces the digest of this process' condition until shutdown: at the start in any case, because the last one that
/// was started is the one that was meant, and later only where nothing stands.
pub(crate) async fn announce(rt: Runtime, digest: String) {
    let mut is_said = false;
    loop {
        match say(&rt, &digest, is_said).await {
            Ok(()) => is_said = true,
            Err(error) => tracing::debug!(%error, "condition not announced"),
        }
        if !rt.shutdown.sleep(POLL).await {
            return;
        }
    }
}

async fn say(rt: &Runtime, digest: &str, only_if_absent: bool) -> Result<(), Error> {
    let how = if only_if_absent { "HSETNX" } else { "HSET" };
    rt.store
        .invoke(&SAY, &[rt.namespace.condition_key()], &[digest, how])
        .await
}
