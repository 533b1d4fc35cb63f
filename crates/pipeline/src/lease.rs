//! One holder at a time, with a number that orders its holders.
//!
//! A lease alone cannot stop a process that was paused beyond its term and wakes up believing it still holds it.
//! Therefore every lease carries a fence: strictly growing per key, also after the lease has expired and after Redis
//! has lost everything (the floor is Redis' own clock in microseconds). Whatever a holder writes down carries the
//! fence, and the writing script refuses a fence below the one that is there, or compares [`Lease::proof`] with the
//! value under the lease's key in the same script.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::names::fence_key;
use crate::store::{Error, Script, Store};

static ACQUIRE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lease/acquire.lua")));
static RENEW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lease/renew.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("lease/release.lua")));

/// A lease that was granted to this process. Dropping it lets it expire; `release` frees it at once.
pub struct Lease {
    store: Store,
    key: String,
    proof: String,
    fence: u64,
    ttl: Duration,
    /// On the local monotonic clock, counted from before the question was sent: never later than Redis' expiry.
    valid_until: Mutex<Instant>,
}

impl Lease {
    /// Takes the lease if it is free. `key` comes from [`crate::names`]; `owner` is for people.
    pub async fn acquire(
        store: &Store,
        key: String,
        owner: &str,
        ttl: Duration,
    ) -> Result<Option<Self>, Error> {
        let asked = Instant::now();
        let keys = [key.clone(), fence_key(&key)];
        let args = [owner.to_owned(), millis(ttl).to_string()];
        let fence: Option<u64> = store.invoke(&ACQUIRE, &keys, &args).await?;
        Ok(fence.map(|fence| Self {
            store: store.clone(),
            key,
            proof: format!("{owner} {fence}"),
            fence,
            ttl,
            valid_until: Mutex::new(asked + usable(ttl)),
        }))
    }

    /// Larger than the fence of every earlier holder of this key.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// Redis key of the lease, for scripts that check the holder.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What stands under the key while this lease is held.
    pub fn proof(&self) -> &str {
        &self.proof
    }

    /// Whether the lease is certainly still ours, by the local clock; says `false` a little early.
    pub fn held(&self) -> bool {
        Instant::now() < *self.valid_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Extends the lease by its whole term; `false` when another replica holds it or it has expired.
    pub async fn renew(&self) -> Result<bool, Error> {
        let asked = Instant::now();
        let args = [self.proof.clone(), millis(self.ttl).to_string()];
        let renewed: bool = self
            .store
            .invoke(&RENEW, std::slice::from_ref(&self.key), &args)
            .await?;
        let valid_until = if renewed { asked + usable(self.ttl) } else { asked };
        *self.valid_until.lock().unwrap_or_else(PoisonError::into_inner) = valid_until;
        Ok(renewed)
    }

    /// Renews every third of the term and completes when the lease is lost. Run it beside the work, in `select!`.
    pub async fn lost(&self) {
        loop {
            tokio::time::sleep(self.ttl / 3).await;
            match self.renew().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) if self.held() => {
                    let error = anyhow::Error::from(error);
                    tracing::debug!(key = self.key, error = format!("{error:#}"), "lease not renewed");
                }
                Err(_) => return,
            }
        }
    }

    /// Frees the lease for the next holder, if it is still ours.
    pub async fn release(self) -> Result<(), Error> {
        let args = [self.proof.as_str()];
        self.store
            .invoke(&RELEASE, std::slice::from_ref(&self.key), &args)
            .await
    }
}

/// Who holds the lease under this key.
///
/// # Errors
/// When Redis does not answer.
pub async fn holder(store: &Store, key: &str) -> Result<Option<String>, Error> {
    let mut connection = store.connection().await?;
    let proof: Option<String> = redis::cmd("GET").arg(key).query_async(&mut *connection).await?;
    Ok(proof.map(|proof| proof.split(' ').next().unwrap_or_default().to_owned()))
}

/// The part of the term that is relied on: a tenth is left for clocks that do not run equally fast.
fn usable(ttl: Duration) -> Duration {
    ttl - ttl / 10
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).max(1)
}
