//! How commands wait for Redis: a service would wait for ever, a command does for some minutes, whichever call meets the outage.

use pipeline::{lease::Lease, retry::Backoff, service::Runtime, store};
use std::time::{Duration, Instant};

/// An outage longer than this ends a command, which can be repeated.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
/// Between two tries to get a lease back.
const AGAIN: Duration = Duration::from_millis(500);

/// Asks Redis until it answers.
pub(crate) async fn waited<T, F>(ask: impl Fn() -> F) -> Result<T, store::Error>
where
    F: Future<Output = Result<T, store::Error>>,
{
    let (mut backoff, begun) = (Backoff::default(), Instant::now());
    loop {
        match ask().await {
            Err(error) if error.is_outage() && begun.elapsed() < PATIENCE => {
                tracing::warn!(error = pipeline::cause::logged(&error), "waiting for Redis");
            }
            answer => return answer,
        }
        backoff.wait().await;
    }
}

/// Takes a lease again that an outage has ended; `None`: another replica has it. The last one may still stand for its term.
pub(crate) async fn lease_again(
    rt: &Runtime,
    key: &str,
    ttl: Duration,
) -> Result<Option<Lease>, store::Error> {
    let mut taken: Option<Instant> = None;
    loop {
        let lease = waited(|| Lease::acquire(&rt.store, key.to_owned(), &rt.instance, ttl)).await?;
        if lease.is_some() || taken.get_or_insert_with(Instant::now).elapsed() > ttl {
            return Ok(lease);
        }
        if !rt.shutdown.sleep(AGAIN).await {
            return Ok(None);
        }
    }
}

/// Gives a lease back; one that is not released runs out by itself.
pub(crate) async fn released(lease: Lease) {
    if let Err(error) = lease.release().await {
        tracing::debug!(error = pipeline::cause::logged(&error), "lease not released");
    }
}
