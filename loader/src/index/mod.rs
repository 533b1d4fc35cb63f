//! The index of the form in Redis: what the form holds of each customer, learned again whenever Redis may have lost
//! something (I4), and without stopping the loaders for longer than lost calls may still land.
//!
//! An **epoch** begins when a script answers NOINDEX: Redis is empty, was restarted, or somebody asked for it. Redis
//! names it in one script, whichever loader comes first, and deletes all claims. Nothing that Redis knew of a row before
//! counts until the row was seen in the form in this epoch:
//!
//! - *On demand.* A claim names the rows of its batch that the epoch has not seen, and takes nothing. The loader looks
//!   them up by key, all in one call (`write::lookup`), the answer teaches the index, and it claims again.
//! - *Before each row is made.* A row that was not there may have been typed, imported or brought back from the bin since,
//!   so a new row is made only right after a look that did not show it, also when the walk is over: one call for a batch.
//! - *Behind.* One loader by lease walks over the whole form (`walk`), resumable page by page, for rows that share their
//!   key, rows without one, and to count them.
//!
//! Why no customer gets a second row (I2), and nothing older stays over something newer (I3), though loaders of the epoch
//! before may still have calls under way:
//!
//! 1. *A call of theirs lands within `INDEX_SETTLE` of the beginning, or never*: their commits and renewals answer
//!    NOINDEX from then on, their send window ends, then their call times out, then it may be late.
//! 2. *No create before that.* A row that is not there proves nothing until then, so it is not learned, and its record
//!    steps aside (parked) until the time is over. Afterwards a look-up sees whatever those calls have made. This is all
//!    that waits: records of rows that are there go on at once, or, right after the beginning, when what was written
//!    before it can be seen ([`VISIBLE_AFTER`]).
//! 3. *What is learned before that is read again after it.* A row may still be overwritten or deleted by such a call, so
//!    it is put on the list of rows to verify, due when none can land any more, whatever is written to it meanwhile; the
//!    one that differs then is fetched again.
//! 4. *What was written lately is not trusted*: a call of unknown outcome may have brought back something older, and the
//!    note about it be lost. Its content counts as unknown, and the customer is fetched again. The walk finds those rows
//!    of which no record comes; it begins when no such call can land any more.
//! 5. *An older record cannot pass for a newer one.* Versions that were committed in the second that Redis lost are not
//!    known. But their records were fetched before the beginning, and one counter orders everything that was ever
//!    fetched (`pipeline::sequence`): a record from after the beginning is newer than anything written before it, one
//!    from before it that would change a row is fetched again instead (the row's floor). No clock but Redis' is asked.
//! 6. *The first reading wins.* In an epoch, only claims and commits change what was learned of a row: a reading that
//!    comes late, or from another epoch, changes nothing (`learn.lua`, `index_ready`).
//!
//! A key cell that people have touched is not found by its key. By its row id, if Redis knows it from before; in the
//! spellings that imports make of it (`jdy::key`); in any other spelling not before the walk has come by, so that until
//! then such a customer may get a second row, which the walk reports.
//! `ledger::model` plays all this with lost, late and doubled calls.

mod again;
mod maintain;
mod past;
mod twins;
mod walk;

pub(crate) use past::Behind;
pub(crate) use twins::twins;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::gate::Pause;
use pipeline::service::Runtime;
use tokio::sync::{Notify, watch};

use proto::v1::FieldValue;

use crate::form_watch::Expected;
use crate::jdy::lookup::Recognition;
use crate::ledger::index::{IndexState, WalkError};
use crate::ledger::{self, Ledger};
use crate::vendor::Vendor;

#[cfg(test)]
pub(crate) mod testing;

/// How long a row that was written may be missing from queries; the vendor promises nothing, in tests it never was more
/// than a moment (docs/jiandaoyun-api.md §2.4).
pub(crate) const VISIBLE_AFTER: Duration = Duration::from_secs(3);

/// Why the index cannot be used, or read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The form cannot be read now; the gate says why.
    #[error("form cannot be read")]
    Form,
    /// Another loader goes on with the walk.
    #[error("another loader walks over the form")]
    Overtaken,
}

impl From<WalkError> for Error {
    fn from(error: WalkError) -> Self {
        match error {
            WalkError::Ledger(error) => Self::Ledger(error),
            WalkError::Overtaken => Self::Overtaken,
        }
    }
}

/// Keeps the index of one form.
pub(crate) struct Index {
    runtime: Runtime,
    ledger: Ledger,
    vendor: Vendor,
    /// What makes an index another one: app, form and key widget.
    form: String,
    key_widget: Option<String>,
    /// A row that is marked as removed must not count as one that is not.
    mark: Option<String>,
    /// How long a call of a predecessor may still create rows after the loss was noticed.
    landing: Duration,
    /// The widgets come from a mapping document.
    documented: bool,
    widgets: watch::Sender<Option<Vec<String>>>,
    wake: Notify,
    /// The epoch that this process works in, for the walk.
    opened: watch::Sender<String>,
    /// Duplicates that were told last.
    told: AtomicU64,
    /// How often it was asked whether those that are known are there still.
    asked: AtomicUsize,
    /// Rows without a key that the walk over the form has read in this epoch.
    keyless: AtomicU64,
    progress: Mutex<String>,
}

impl Index {
    /// `expected` names the mapped widgets, if they are known before the first record.
    pub(crate) fn new(
        runtime: Runtime,
        ledger: Ledger,
        vendor: Vendor,
        form: String,
        expected: &Expected,
        landing: Duration,
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
            landing,
            documented: !expected.fields.is_empty(),
            widgets: watch::Sender::new(widgets),
            wake: Notify::new(),
            opened: watch::Sender::new(String::new()),
            told: AtomicU64::new(0),
            asked: AtomicUsize::new(0),
            keyless: AtomicU64::new(0),
            progress: Mutex::default(),
        })
    }

    /// Whether this process knows of an index; the scripts decide whether it still is one.
    pub(crate) fn is_known(&self) -> bool {
        !self.ledger.epoch().is_empty()
    }

    /// Rows without a key that were seen when the form was read, which may be more than a query for them shows.
    pub(crate) fn keyless_rows(&self) -> u64 {
        self.keyless.load(Ordering::Relaxed)
    }

    /// Whether nothing can be known of the index before a record has shown which widgets are mapped.
    pub(crate) fn waits_for_a_record(&self) -> bool {
        self.key_widget.is_some() && !self.is_known() && self.widgets.borrow().is_none()
    }

    /// Another loader may have begun an index meanwhile.
    pub(crate) fn check_again(&self) {
        self.wake.notify_one();
    }

    /// The widget that holds the company id.
    pub(crate) fn key_widget(&self) -> Option<&str> {
        self.key_widget.as_deref()
    }

    /// How rows are recognised, when there is a key widget and the mapped widgets are known.
    pub(crate) fn recognition(&self) -> Option<Recognition> {
        let mut widgets = self.widgets.borrow().clone()?;
        if let Some(mark) = self.mark.as_ref().filter(|mark| !widgets.contains(mark)) {
            widgets.push(mark.clone());
        }
        Some(Recognition {
            key_widget: self.key_widget.clone()?,
            widgets,
            kinds: self.vendor.client.kinds.clone(),
        })
    }

    /// Records show which widgets are mapped; without a mapping document that is how it is learned.
    pub(crate) fn see(&self, fields: &[FieldValue]) {
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

    /// A script has said that there is no index, or another one.
    pub(crate) fn lost(&self) {
        self.runtime
            .gate
            .close(Pause::Index, "the index of the form has to be checked");
        self.wake.notify_one();
    }

    /// Forgets the index, so that the next check begins another one, here or in a running loader.
    pub(crate) async fn drop_index(&self) -> Result<(), Error> {
        Ok(ledger::index::forget(&self.ledger).await?)
    }

    /// Reads the form to its end, or waits for the loader that does; for commands.
    pub(crate) async fn build(&self) -> Result<(), Error> {
        loop {
            self.establish().await?;
            match self.walk().await {
                // Somebody began another one meanwhile.
                Err(Error::Ledger(ledger::Error::NoIndex)) => {}
                walked => return walked,
            }
        }
    }

    /// Rows with a key when the form was read last, and those of them that share it with an older row.
    pub(crate) async fn counts(&self) -> Result<(u64, u64), Error> {
        match ledger::index::state(&self.ledger, &self.form).await? {
            IndexState::Known(known) => Ok((known.rows + known.duplicates, known.duplicates)),
            IndexState::Missing => Err(ledger::Error::NoIndex.into()),
        }
    }

    /// Takes part in the index that there is; for commands that write down what they have seen.
    pub(crate) async fn join(&self) -> Result<(), Error> {
        match ledger::index::state(&self.ledger, &self.form).await? {
            IndexState::Known(known) => self.ledger.set_epoch(known.epoch),
            IndexState::Missing => return Err(ledger::Error::NoIndex.into()),
        }
        Ok(())
    }

    /// What the walk is doing, for progress bars.
    pub(crate) fn progress(&self) -> String {
        self.progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
