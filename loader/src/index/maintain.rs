//! Maintains the index: polls its state, waits, rebuilds by lease, and reports what it is doing.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use pipeline::gate::Pause;
use pipeline::lease::Lease;
use pipeline::retry::Backoff;
use pipeline::telemetry::names;
use serde_json::json;
use uuid::Uuid;

use super::{Error, Index, rebuild};
use crate::jdy::lookup::Recognition;
use crate::ledger::{self, index::IndexState};

/// How long a rebuilder may be silent before another one goes on from its cursor.
const REBUILD_LEASE: Duration = Duration::from_secs(15);
/// How often those who wait poll.
const POLL_EVERY: Duration = Duration::from_millis(500);

impl Index {
    /// Maintains the index until the process ends.
    pub(crate) async fn maintain(self: Arc<Self>) {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        while !self.runtime.shutdown.is_requested() {
            match self.establish().await {
                Ok(()) => {
                    backoff.reset();
                    self.runtime.gate.open(Pause::Index);
                    tokio::select! {
                        () = self.wake.notified() => {}
                        () = self.runtime.shutdown.requested() => {}
                    }
                }
                Err(error) => {
                    if let Error::Ledger(ledger::Error::Store(cause)) = &error {
                        self.runtime.redis_lost(cause);
                    }
                    tracing::debug!(error = %error, "index is not ready");
                    self.runtime.shutdown.sleep(backoff.next_delay()).await;
                }
            }
        }
    }

    /// Returns when there is a complete index, whichever loader has made it.
    pub(super) async fn establish(&self) -> Result<(), Error> {
        loop {
            match ledger::index::state(&self.ledger, &self.form).await? {
                IndexState::Ready {
                    epoch,
                    rows,
                    duplicates,
                    widgets,
                } => {
                    self.widgets.send_if_modified(|known| {
                        let learned = known.is_none() && !widgets.is_empty();
                        if learned {
                            *known = Some(widgets);
                        }
                        learned
                    });
                    self.report("ready", rows, duplicates);
                    self.ledger.set_epoch(epoch);
                    return Ok(());
                }
                // The stage stays open, because only a record can show the widgets.
                _ if self.waits_for_a_record() => {}
                IndexState::Building { rows } => self.pause_because(format!(
                    "the index of the form is being built, {rows} rows so far"
                )),
                IndexState::Missing => self.pause_because("the index of the form is missing".to_owned()),
            }
            let Some(recognition) = self.ready_to_read().await else {
                if self.runtime.shutdown.is_requested() {
                    return Err(Error::Form);
                }
                continue;
            };
            let key = self.runtime.namespace.index_lease_key();
            let lease = Lease::acquire(self.ledger.store(), key, &self.runtime.instance, REBUILD_LEASE)
                .await
                .map_err(ledger::Error::from)?;
            let Some(lease) = lease else {
                if !self.runtime.shutdown.sleep(POLL_EVERY).await {
                    return Err(Error::Form);
                }
                continue;
            };
            let rebuilt = tokio::select! {
                rebuilt = self.rebuild(recognition) => rebuilt,
                () = lease.lost() => Err(Error::Overtaken),
            };
            if let Err(error) = lease.release().await {
                tracing::debug!(error = %error, "rebuild lease is not released, it will expire");
            }
            rebuilt?;
        }
    }

    /// Waits until the mapped widgets are known; meanwhile the stage is open, because only a record can show them.
    /// The inner `None`: no key widget, nothing to read. The outer: ask again, for another loader may have learned
    /// them and built the index.
    #[allow(
        clippy::option_option,
        reason = "two different absences, named in the comment"
    )]
    async fn ready_to_read(&self) -> Option<Option<Recognition>> {
        if self.key_widget.is_none() {
            return Some(None);
        }
        let mut widgets = self.widgets.subscribe();
        if widgets.borrow().is_none() {
            self.runtime.gate.open(Pause::Index);
            let known = tokio::select! {
                known = widgets.wait_for(Option::is_some) => known.is_ok(),
                () = self.wake.notified() => false,
                () = self.runtime.shutdown.requested() => false,
            };
            if !known {
                // Every removal wakes this up.
                self.runtime.shutdown.sleep(POLL_EVERY).await;
                return None;
            }
        }
        Some(self.recognition())
    }

    async fn rebuild(&self, recognition: Option<Recognition>) -> Result<(), Error> {
        match recognition {
            Some(recognition) => rebuild::run(self, &recognition).await,
            None => {
                // Nothing can be read back; the ledger begins empty, and start-up has said what that means.
                let token = Uuid::new_v4().to_string();
                let Some(build) = ledger::index::begin(&self.ledger, &self.form, &token, &[]).await? else {
                    return Ok(());
                };
                Ok(ledger::index::ready(&self.ledger, &build.token, &Uuid::new_v4().to_string()).await?)
            }
        }
    }

    pub(super) fn pause_because(&self, what: String) {
        self.runtime.gate.close(Pause::Index, what.clone());
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    fn report(&self, state: &str, rows: u64, duplicates: u64) {
        self.runtime.status.set(
            "index",
            json!({"state": state, "rows": rows, "duplicates": duplicates}),
        );
        metrics::gauge!(names::LOADER_FORM_DUPLICATES).set(duplicates as f64);
        if duplicates > 0 {
            tracing::warn!(
                duplicates,
                "the form holds several rows for the same customer; the oldest is kept up to date; `loader index duplicates` lists them, `loader index rebuild --merge-duplicates --export FILE` deletes the others"
            );
        }
    }
}
