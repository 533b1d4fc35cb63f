//! The workspace of one operator: which stage, who it is, and the promise that nobody else looks at the same time.
//!
//! Two looks at a time would take each other's returned letters and so change their order; the second waits.

use super::{browse::Browser, plan::Plans};

use pipeline::{lease::Lease, service::Runtime, stage::Stage};

use anyhow::{Context, bail};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// A process that was killed keeps its leases for so long.
pub(crate) const LEASE: Duration = Duration::from_secs(5);
/// How long somebody else's look is waited for; a pass of a replay is shorter.
const WAIT_FOR_LOOK: Duration = Duration::from_secs(120);

/// Where dead letters are worked on.
#[derive(Clone)]
pub struct Workspace {
    /// Queues, Redis, shutdown.
    pub rt: Runtime,
    /// Whose letters.
    pub stage: Stage,
    /// Who is at it, for the audit log.
    pub operator: String,
}

/// A look that nobody disturbs.
pub struct Guarded {
    look: Option<Browser>,
    lease: Option<Kept>,
}

/// A lease that is renewed in the background until it is dropped.
pub(crate) struct Kept {
    lease: Arc<Lease>,
    renewal: JoinHandle<()>,
}

impl Kept {
    pub(crate) fn new(lease: Lease) -> Self {
        let lease = Arc::new(lease);
        let renewed = Arc::clone(&lease);
        Self {
            lease,
            renewal: tokio::spawn(async move { renewed.lost().await }),
        }
    }

    /// Certainly still ours.
    pub(crate) fn held(&self) -> bool {
        self.lease.held()
    }

    pub(crate) async fn release(mut self) {
        self.renewal.abort();
        // The task must have let go before the lease can be given back.
        drop((&mut self.renewal).await);
        let lease = Arc::clone(&self.lease);
        drop(self);
        if let Some(lease) = Arc::into_inner(lease)
            && let Err(error) = lease.release().await
        {
            tracing::debug!(%error, "a lease stays until its term ends");
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Workspace {
    /// The workspace of the user of the operating system.
    #[must_use]
    pub fn new(rt: Runtime, stage: Stage) -> Self {
        let operator = super::config::os_user();
        Self { rt, stage, operator }
    }

    /// The plans of the namespace.
    #[must_use]
    pub fn plans(&self) -> Plans {
        Plans::new(self.rt.store.clone(), self.rt.namespace.clone())
    }

    /// Ends with an error when the operator wants to stop.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.rt.shutdown.is_requested() {
            bail!("interrupted; everything is where it was");
        }
        Ok(())
    }

    /// Opens a look at the stage's dead letters when nobody else looks; `purpose` is what others are told.
    ///
    /// # Errors
    /// When the broker is away, or somebody else looks for too long.
    pub async fn look(&self, purpose: &str) -> anyhow::Result<Guarded> {
        self.look_at(self.stage, false, purpose).await
    }

    /// The same for the dead letters or the archive of any stage.
    pub(crate) async fn look_at(
        &self,
        stage: Stage,
        archive: bool,
        purpose: &str,
    ) -> anyhow::Result<Guarded> {
        let key = self.rt.namespace.browse_lease_key(stage, archive);
        let lease = self.lease_in_time(key, purpose, WAIT_FOR_LOOK).await?;
        let look = if archive {
            Browser::open_archive(&self.rt.broker, stage).await
        } else {
            Browser::open(&self.rt.broker, stage).await
        };
        Ok(Guarded {
            look: Some(look.context("open the dead-letter queue")?),
            lease,
        })
    }

    /// `None` when Redis is away: looking alone needs no Redis, and only a second look at the same time could disturb.
    async fn lease_in_time(
        &self,
        key: String,
        purpose: &str,
        patience: Duration,
    ) -> anyhow::Result<Option<Kept>> {
        let begin = Instant::now();
        let mut told = false;
        loop {
            match Lease::acquire(&self.rt.store, key.clone(), &self.owner(purpose), LEASE).await {
                Ok(Some(lease)) => return Ok(Some(Kept::new(lease))),
                Ok(None) => {}
                Err(error) if error.is_outage() => {
                    tracing::warn!(%error, "Redis is away; make sure that nobody else looks at these letters now");
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
            if begin.elapsed() > patience {
                bail!(
                    "{} is still looking at these letters; try again later",
                    self.holder(&key).await
                );
            }
            if !told && begin.elapsed() > LEASE {
                eprintln!("waiting for {} to close the letters", self.holder(&key).await);
                told = true;
            }
            if !self.rt.shutdown.sleep(Duration::from_millis(50)).await {
                bail!("interrupted");
            }
        }
    }

    /// How this workspace is called in leases.
    pub(crate) fn owner(&self, purpose: &str) -> String {
        format!("{} on {} ({purpose})", self.operator, self.rt.instance)
    }

    /// Who holds a lease, in words.
    pub(crate) async fn holder(&self, key: &str) -> String {
        let unknown = || "somebody".to_owned();
        let Ok(mut connection) = self.rt.store.connection().await else {
            return unknown();
        };
        let value: Option<String> = redis::cmd("GET")
            .arg(key)
            .query_async(&mut *connection)
            .await
            .unwrap_or_default();
        // The value ends with the fence, which is for machines.
        value
            .and_then(|value| value.rsplit_once(' ').map(|(owner, _)| owner.to_owned()))
            .unwrap_or_else(unknown)
    }
}

impl Guarded {
    /// As [`Browser::next`].
    ///
    /// # Errors
    /// When the broker goes away, or the look has lasted too long for its lease.
    pub async fn next(&mut self) -> anyhow::Result<Option<super::browse::Taken>> {
        let Some(look) = &mut self.look else {
            return Ok(None);
        };
        Ok(look.next().await?)
    }

    /// As [`Browser::unseen`].
    #[must_use]
    pub fn unseen(&self) -> u32 {
        self.look.as_ref().map_or(0, Browser::unseen)
    }

    /// As [`Browser::flush`].
    ///
    /// # Errors
    /// When the broker goes away.
    pub async fn flush(&self) -> anyhow::Result<()> {
        if let Some(look) = &self.look {
            look.flush().await?;
        }
        Ok(())
    }

    /// Returns what is held, and lets others look.
    ///
    /// # Errors
    /// When the broker goes away; it returns the letters all the same.
    pub async fn close(mut self) -> anyhow::Result<()> {
        let closed = match self.look.take() {
            Some(look) => look.close().await,
            None => Ok(()),
        };
        if let Some(lease) = self.lease.take() {
            lease.release().await;
        }
        Ok(closed?)
    }
}
