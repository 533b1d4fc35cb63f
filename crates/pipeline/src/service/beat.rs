//! How the process stands, said at its own times: at once when that matters, and away when nobody is to wait for it.

use super::Runtime;
use crate::{
    alert::watch_gate,
    generations,
    heartbeat::{self, Heartbeat},
    stage::Stage,
};

impl Runtime {
    /// Says how the process stands and what it does until it ends: in Redis, to whoever gets notices, in the log.
    pub(super) fn tell(&self, service: &'static str) {
        let told = self.clone();
        tokio::spawn(heartbeat::keep(
            self.store.clone(),
            self.namespace.clone(),
            self.shutdown.clone(),
            move || told.heartbeat(service),
        ));
        tokio::spawn(watch_gate(
            self.gate.clone(),
            self.alerts.clone(),
            self.shutdown.clone(),
        ));
        if Stage::ALL.iter().any(|stage| stage.program() == service) {
            tokio::spawn(self.clone().say_what_was_done());
        }
    }

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
            generations: generations::ours(),
            since: self.since,
            draining: self.shutdown.is_requested(),
            paused: self.gate.pauses(),
            status: Heartbeat::bounded(self.status.snapshot()),
        }
    }
}
