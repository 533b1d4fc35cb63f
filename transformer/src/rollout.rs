//! Which of two mappings came into use later, so that records of the earlier one never take the place of those of the later
//! one (docs/invariants.md, I18).
//!
//! Transformers announce their mapping in Redis. One that is new there gets a revision above all others. An earlier one keeps
//! its own, and gets a new one only when nobody has announced the latest for a while: then it was taken back on purpose.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pipeline::alert::{Problem, Severity};
use pipeline::service::Runtime;
use pipeline::store::{Error, Script};

static ANNOUNCE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("rollout.lua")));

/// Between two announcements.
const EVERY: Duration = Duration::from_secs(10);
/// Nobody uses a mapping that was not announced for so long.
const SILENCE: Duration = Duration::from_secs(60);
/// Two mappings at a time are usual for so long while replicas are replaced.
const PATIENCE: Duration = Duration::from_secs(900);
/// Under which people are told of an earlier mapping that stays.
const PROBLEM: &str = "mapping-earlier";

/// The place of this process' mapping among those in use.
pub(crate) struct Rollout {
    rt: Runtime,
    fingerprint: String,
    /// 0 until Redis has said it.
    revision: AtomicU64,
}

impl Rollout {
    pub(crate) fn new(rt: Runtime, fingerprint: String) -> Self {
        Self {
            rt,
            fingerprint,
            revision: AtomicU64::new(0),
        }
    }

    /// The revision of what is mapped now.
    pub(crate) async fn revision(&self) -> Result<u64, Error> {
        match self.revision.load(Ordering::Relaxed) {
            0 => Ok(self.announce().await?.0),
            known => Ok(known),
        }
    }

    /// The revision, and whether no later mapping is in use.
    async fn announce(&self) -> Result<(u64, bool), Error> {
        let silence = SILENCE.as_millis().to_string();
        let keys = [self.rt.namespace.mappings_key()];
        let args = [self.fingerprint.as_str(), silence.as_str()];
        let (revision, is_latest): (u64, u8) = self.rt.store.invoke(&ANNOUNCE, &keys, &args).await?;
        self.revision.store(revision, Ordering::Relaxed);
        Ok((revision, is_latest == 1))
    }

    /// Announces the mapping until shutdown.
    pub(crate) async fn keep(self: Arc<Self>) {
        loop {
            match self.announce().await {
                Ok((_, true)) => self.rt.alerts.clear(PROBLEM),
                Ok((_, false)) => self.tell(),
                Err(error) => tracing::debug!(%error, "mapping not announced"),
            }
            if !self.rt.shutdown.sleep(EVERY).await {
                return;
            }
        }
    }

    fn tell(&self) {
        let mapping = &self.fingerprint;
        self.rt.alerts.raise(Problem {
            key: PROBLEM.to_owned(),
            severity: Severity::Warning,
            summary: words::text!("transformers of two mappings are running").to_owned(),
            detail: words::tr!(
                "mapping {mapping} is an earlier one; its records wait where rows hold a later one, and their customers are fetched again; end the transformers of one of the two"
            ),
            patience: PATIENCE,
        });
    }
}
