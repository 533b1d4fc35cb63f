//! What is to be seen of events: `/status`, the count of lost ones, and a word in the log about pushes that are of no use.

use super::memory::Memory;
use pipeline::{service::Runtime, telemetry::names};
use serde_json::json;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

const EVERY: Duration = Duration::from_secs(2);
/// The log says the same about pushes this often at most.
const QUIET: Duration = Duration::from_secs(300);

/// Counts and tells; clones are the same.
#[derive(Clone)]
pub(crate) struct HookWatch {
    rt: Runtime,
    memory: Memory,
    told: Arc<Mutex<[Option<Instant>; 2]>>,
}

impl HookWatch {
    #[must_use]
    pub(crate) fn new(rt: Runtime, memory: Memory) -> Self {
        Self {
            rt,
            memory,
            told: Arc::default(),
        }
    }

    /// Until shutdown. Whichever replica comes first counts what was lost.
    pub(crate) async fn run(self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::debug!(error = pipeline::cause::logged(&error), "events not counted");
            }
            if !self.rt.shutdown.sleep(EVERY).await {
                return;
            }
        }
    }

    async fn look(&self) -> Result<(), pipeline::store::Error> {
        let lost = self.memory.sweep().await?;
        if lost > 0 {
            metrics::counter!(names::EXTRACTOR_LOST_WEBHOOKS).increment(lost);
            tracing::info!(lost, "listed changes that no webhook event announced");
        }
        let counts = self.memory.counts().await?;
        self.rt.status.set("webhook_events", json!(counts));
        Ok(())
    }

    pub(super) fn forged(&self) {
        if self.may_tell(0) {
            tracing::warn!("webhook call without a right signature (HOOK_SECRET, HOOK_SIGNATURE)");
        }
    }

    pub(super) fn sealed(&self, has_secret: bool) {
        if self.may_tell(1) {
            let remedy = match has_secret {
                true => {
                    words::text!(
                        "HOOK_SECRET is not the callback's secret; `extractor webhook register --new-secret` makes another one"
                    )
                }
                false => {
                    words::text!("set HOOK_SECRET to the secret that `extractor webhook register` printed")
                }
            };
            tracing::error!(remedy, "webhook calls are sealed and cannot be read");
        }
    }

    fn may_tell(&self, what: usize) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let may = told[what].is_none_or(|at| at.elapsed() >= QUIET);
        if may {
            told[what] = Some(Instant::now());
        }
        may
    }
}
