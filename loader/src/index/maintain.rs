//! Maintains the index: begins one when there is none, opens the stage when there is, and tells what is known of it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use pipeline::gate::Pause;
use pipeline::retry::Backoff;
use pipeline::telemetry::names;
use serde_json::json;
use uuid::Uuid;

use super::{Error, Index, VISIBLE_AFTER};
use crate::jdy::lookup::Recognition;
use crate::ledger;
use crate::ledger::index::{IndexState, Known};

/// How often those who wait poll.
const POLL_EVERY: Duration = Duration::from_millis(500);

/// How old `/status` may be.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// A name that no epoch of the namespace has had. Digits of a number below 2²³, which Redis keeps in four bytes: every
/// row and every watermark carries one.
pub(super) fn new_epoch() -> String {
    (Uuid::new_v4().as_u128() & 0x7f_ffff).to_string()
}

impl Index {
    /// Maintains the index until the process ends.
    pub(crate) async fn maintain(self: Arc<Self>) {
        let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(10));
        while !self.runtime.shutdown.is_requested() {
            match self.establish().await {
                Ok(()) => {
                    backoff.reset();
                    self.runtime.gate.open(Pause::Index);
                    self.tell_until_wanted().await;
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

    /// Tells every few seconds how many rows there are, until somebody wants the index checked.
    async fn tell_until_wanted(&self) {
        loop {
            tokio::select! {
                () = self.wake.notified() => return,
                going = self.runtime.shutdown.sleep(TELL_EVERY) => match going {
                    true => self.look_again().await,
                    false => return,
                },
            }
        }
    }

    /// Returns when there is an index to work with, whichever loader has begun it.
    pub(super) async fn establish(&self) -> Result<(), Error> {
        loop {
            match ledger::index::state(&self.ledger, &self.form).await? {
                IndexState::Known(known) => {
                    self.learn_widgets(&known);
                    // What was written right before must be seen by whoever looks a row up.
                    let unseen = VISIBLE_AFTER.min(self.landing).saturating_sub(known.noticed);
                    if unseen.is_zero() {
                        self.report(&known);
                        self.ledger.set_epoch(known.epoch.clone());
                        self.opened.send_replace(known.epoch);
                        return Ok(());
                    }
                    self.pause_because(words::tr!("the index of the form is begun"));
                    if !self.runtime.shutdown.sleep(unseen).await {
                        return Err(Error::Form);
                    }
                    continue;
                }
                // The stage stays open, because only a record can show the widgets.
                IndexState::Missing if self.waits_for_a_record() => {}
                IndexState::Missing => self.pause_because(words::tr!("the index of the form is missing")),
            }
            let Some(recognition) = self.ready_to_read().await else {
                if self.runtime.shutdown.is_requested() {
                    return Err(Error::Form);
                }
                continue;
            };
            // Without a key widget nothing can be read back, and start-up has said what that means.
            let widgets = recognition.as_ref().map(|recognition| &*recognition.widgets);
            let epoch = new_epoch();
            ledger::index::begin(&self.ledger, &self.form, &epoch, self.landing, widgets).await?;
            tracing::info!("an index of the form is begun, rows are looked up as they are needed");
        }
    }

    fn learn_widgets(&self, known: &Known) {
        self.widgets.send_if_modified(|widgets| {
            let learned = widgets.is_none() && !known.widgets.is_empty();
            if learned {
                *widgets = Some(known.widgets.clone());
            }
            learned
        });
    }

    /// Waits until the mapped widgets are known; meanwhile the stage is open, because only a record can show them.
    /// The inner `None`: no key widget, nothing to read. The outer: ask again, for another loader may have learned
    /// them and begun the index.
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

    pub(super) fn pause_because(&self, what: String) {
        self.runtime.gate.close(Pause::Index, what.clone());
        self.doing(what);
    }

    pub(super) fn doing(&self, what: String) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// Whether the ledger can be asked.
    pub(crate) async fn answers(&self) -> bool {
        ledger::index::state(&self.ledger, &self.form).await.is_ok()
    }

    /// Tells what is known of the index now.
    pub(crate) async fn look_again(&self) {
        if let Ok(IndexState::Known(known)) = ledger::index::state(&self.ledger, &self.form).await {
            self.report(&known);
        }
    }

    pub(super) fn report(&self, known: &Known) {
        let Known {
            rows,
            duplicates,
            keyless,
            complete,
            unreadable,
            unreadable_row,
            ..
        } = known;
        self.keyless.store(*keyless, Ordering::Relaxed);
        // Without a key widget there is nothing to be read to its end.
        let state = if *complete { "complete" } else { "open" };
        let settles = u64::try_from(known.settles.as_millis()).unwrap_or(u64::MAX);
        self.runtime.status.set(
            "index",
            json!({
                "state": state, "rows": rows, "rows_without_key": keyless, "duplicates": duplicates,
                "creates_wait_ms": settles, "unreadable_rows": unreadable, "unreadable_row": unreadable_row,
            }),
        );
        metrics::gauge!(names::LOADER_FORM_DUPLICATES).set(*duplicates as f64);
        if self.told.swap(*duplicates, Ordering::Relaxed) < *duplicates {
            tracing::warn!(
                duplicates,
                "the form holds several rows for the same customer; the oldest is kept up to date; `loader index duplicates` lists them, `loader index rebuild --merge-duplicates --export FILE` deletes the others"
            );
        }
    }
}
