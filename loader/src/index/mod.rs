//! The index of the form in Redis: complete before the first write, rebuilt from the form whenever Redis may have lost
//! something (I4).
//!
//! Every ledger script checks that the index is complete; the first that answers NOINDEX calls [`Index::lost`], which
//! pauses the stage and wakes the keeper. One loader rebuilds, by lease; the others wait and look.

mod merge;
mod rebuild;
mod script;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::gate::Pause;
use pipeline::lease::Lease;
use pipeline::retry::Backoff;
use pipeline::service::Runtime;
use pipeline::telemetry::names;
use serde_json::json;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use proto::v1::FieldValue;

use crate::form_watch::Expected;
use crate::jdy::lookup::Recognition;
use crate::ledger::{self, Ledger};
use crate::vendor::Vendor;

pub use script::{Duplicate, Look, duplicates};

#[cfg(test)]
pub(crate) mod testing;

/// How long a rebuilder may be silent before another one goes on from its cursor.
const REBUILD_LEASE: Duration = Duration::from_secs(15);
/// How often those who wait look.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Why the index is not ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Redis.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The form cannot be read now; the gate says why.
    #[error("form cannot be read")]
    Form,
    /// Somebody began anew, or Redis was restarted meanwhile.
    #[error("rebuild was overtaken")]
    Overtaken,
}

/// Keeps the index of one form.
pub struct Index {
    runtime: Runtime,
    ledger: Ledger,
    vendor: Vendor,
    /// `form` is what makes an index another one: the form's id.
    form: String,
    key_widget: Option<String>,
    /// A row that is marked as removed must not look like one that is not.
    mark: Option<String>,
    /// How long a call of a predecessor may still create rows after the loss was noticed.
    settle: Duration,
    /// Of several rows of a customer, all but the oldest are deleted at a rebuild.
    merge: bool,
    /// The widgets come from a mapping document.
    documented: bool,
    widgets: watch::Sender<Option<Vec<String>>>,
    wake: Notify,
    progress: Mutex<String>,
}

impl Index {
    /// `expected` names the mapped widgets, if they are known before the first record.
    pub fn new(
        runtime: Runtime,
        ledger: Ledger,
        vendor: Vendor,
        form: String,
        expected: &Expected,
        settle: Duration,
        merge: bool,
    ) -> Arc<Self> {
        let widgets: Vec<String> = expected.fields.iter().map(|(widget, _)| widget.clone()).collect();
        let widgets = Some(widgets).filter(|widgets| !widgets.is_empty());
        Arc::new(Self {
            runtime,
            ledger,
            vendor,
            form,
            key_widget: expected.key_widget.clone(),
            mark: expected.mark.clone(),
            settle,
            merge,
            documented: !expected.fields.is_empty(),
            widgets: watch::Sender::new(widgets),
            wake: Notify::new(),
            progress: Mutex::default(),
        })
    }

    /// Whether this process knows of a complete index; the scripts decide whether it still is one.
    pub fn is_known(&self) -> bool {
        !self.ledger.epoch().is_empty()
    }

    /// Whether nothing can be known of the index before a record has told which widgets are mapped.
    pub fn waits_for_a_record(&self) -> bool {
        self.key_widget.is_some() && !self.is_known() && self.widgets.borrow().is_none()
    }

    /// Somebody else may have built the index meanwhile.
    pub fn look_again(&self) {
        self.wake.notify_one();
    }

    /// How rows are recognised, when there is a key widget and the mapped widgets are known.
    pub fn recognition(&self) -> Option<Recognition> {
        let mut widgets = self.widgets.borrow().clone()?;
        if let Some(mark) = self.mark.as_ref().filter(|mark| !widgets.contains(mark)) {
            widgets.push(mark.clone());
        }
        Some(Recognition {
            key_widget: self.key_widget.clone()?,
            widgets,
        })
    }

    /// Records show which widgets are mapped; without a mapping document that is how it is learned.
    pub fn see(&self, fields: &[FieldValue]) {
        if self.documented || fields.is_empty() {
            return;
        }
        self.widgets.send_if_modified(|known| {
            let names = || fields.iter().map(|field| &field.field);
            if known.as_ref().is_some_and(|known| known.iter().eq(names())) {
                return false;
            }
            *known = Some(names().cloned().collect());
            true
        });
    }

    /// A script has said that there is no complete index.
    pub fn lost(&self) {
        self.runtime
            .gate
            .close(Pause::Index, "the index of the form has to be checked");
        self.wake.notify_one();
    }

    /// Keeps the index until the process ends.
    pub async fn keep(self: Arc<Self>) {
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

    /// Returns when there is a complete index, made by whomever.
    async fn establish(&self) -> Result<(), Error> {
        loop {
            match script::look(&self.ledger, &self.form).await? {
                Look::Ready {
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
                // The stage stays open, or nobody could tell the widgets.
                _ if self.waits_for_a_record() => {}
                Look::Building { rows } => self.say(format!(
                    "the index of the form is being built, {rows} rows so far"
                )),
                Look::Missing => self.say("the index of the form is missing".to_owned()),
            }
            let Some(recognition) = self.ready_to_read().await else {
                if self.runtime.shutdown.is_requested() {
                    return Err(Error::Form);
                }
                continue;
            };
            let key = self.runtime.namespace.key("lease:index");
            let lease = Lease::acquire(self.ledger.store(), key, &self.runtime.instance, REBUILD_LEASE)
                .await
                .map_err(ledger::Error::from)?;
            let Some(lease) = lease else {
                if !self.runtime.shutdown.sleep(LOOK_EVERY).await {
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

    /// Waits until the mapped widgets are known; meanwhile the stage is open, because only a record can tell them.
    /// The inner `None`: no key widget, nothing to read. The outer: look again, for another loader may have learned
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
                // Every removal asks.
                self.runtime.shutdown.sleep(LOOK_EVERY).await;
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
                let Some(build) = script::begin(&self.ledger, &self.form, &token, &[]).await? else {
                    return Ok(());
                };
                script::ready(&self.ledger, &build.token, &Uuid::new_v4().to_string()).await
            }
        }
    }

    /// Forgets the index, so that the next look rebuilds it, here or in a running loader.
    pub async fn drop_index(&self) -> Result<(), Error> {
        script::forget(&self.ledger, self.merge).await
    }

    /// Rebuilds, or waits for whoever does; for commands.
    pub async fn build(&self) -> Result<(), Error> {
        self.establish().await
    }

    /// What the rebuild is doing, for progress bars.
    pub fn progress(&self) -> String {
        self.progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn say(&self, what: String) {
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
                "the form holds several rows for the same customer; the oldest is kept up to date; `loader index duplicates` lists them, `loader index rebuild --merge-duplicates` deletes the others"
            );
        }
    }
}
