//! A lease that is renewed in the background until it is dropped.

use pipeline::lease::Lease;
use std::{sync::Arc, time::Duration};
use tokio::task::JoinHandle;

/// A process that was killed keeps its leases for so long.
pub(crate) const TERM: Duration = Duration::from_secs(5);

pub(crate) struct RenewedLease {
    lease: Arc<Lease>,
    renewal: JoinHandle<()>,
}

impl RenewedLease {
    pub(crate) fn new(lease: Lease) -> Self {
        let lease = Arc::new(lease);
        let renewed = Arc::clone(&lease);
        Self {
            lease,
            renewal: tokio::spawn(async move { renewed.lost().await }),
        }
    }

    pub(crate) fn held(&self) -> bool {
        self.lease.held()
    }

    pub(crate) async fn release(mut self) {
        self.renewal.abort();
        // The task must have dropped its copy before the lease can be given back.
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

impl Drop for RenewedLease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}
