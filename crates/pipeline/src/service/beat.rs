//! How the process stands, said at its own times: at once when that matters, and away when nobody is to wait for it.

use super::Runtime;
use crate::heartbeat::{self, Heartbeat};

impl Runtime {
    /// Says at once how the process stands, and not only every few seconds.
    pub(crate) async fn beat(&self, service: &str) {
        let told = heartbeat::tell(&self.store, &self.namespace, &self.heartbeat(service)).await;
        if let Err(error) = told {
            tracing::debug!(%error, "Redis did not take the heartbeat");
        }
    }

    /// Nobody is to wait for this process any more.
    pub(crate) async fn leave(&self, service: &str) {
        let left = heartbeat::leave(&self.store, &self.namespace, service, &self.instance).await;
        if let Err(error) = left {
            tracing::debug!(%error, "Redis did not take the heartbeat away");
        }
    }

    pub(super) fn heartbeat(&self, service: &str) -> Heartbeat {
        Heartbeat {
            service: service.to_owned(),
            instance: self.instance.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            since: self.since,
            draining: self.shutdown.is_requested(),
            paused: self.gate.pauses(),
            status: Heartbeat::bounded(self.status.snapshot()),
        }
    }
}
