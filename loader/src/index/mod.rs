//! The index of the form in Redis: complete before the first write, rebuilt from the form whenever Redis may have lost
//! something (I4).
//!
//! Every ledger script checks that the index is complete; the first that answers NOINDEX calls [`Index::lost`], which
//! pauses the stage and wakes [`Index::maintain`]. One loader rebuilds, by lease; the others poll.

mod maintain;
mod rebuild;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::gate::Pause;
use pipeline::service::Runtime;
use tokio::sync::{Notify, watch};

use proto::v1::FieldValue;

use crate::form_watch::Expected;
use crate::jdy::lookup::Recognition;
use crate::ledger::index::{BuildError, IndexState};
use crate::ledger::{self, Ledger};
use crate::vendor::Vendor;

#[cfg(test)]
pub(crate) mod testing;

/// Why the index is not ready.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The form cannot be read now; the gate says why.
    #[error("form cannot be read")]
    Form,
    /// Another loader began anew, or Redis was restarted meanwhile.
    #[error("rebuild was overtaken")]
    Overtaken,
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Ledger(error) => Self::Ledger(error),
            BuildError::Overtaken => Self::Overtaken,
        }
    }
}

/// Keeps the index of one form.
pub(crate) struct Index {
    runtime: Runtime,
    ledger: Ledger,
    vendor: Vendor,
    /// `form` is what makes an index another one: the form's id.
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
            progress: Mutex::default(),
        })
    }

    /// Whether this process knows of a complete index; the scripts decide whether it still is one.
    pub(crate) fn is_known(&self) -> bool {
        !self.ledger.epoch().is_empty()
    }

    /// Whether nothing can be known of the index before a record has shown which widgets are mapped.
    pub(crate) fn waits_for_a_record(&self) -> bool {
        self.key_widget.is_some() && !self.is_known() && self.widgets.borrow().is_none()
    }

    /// Another loader may have built the index meanwhile.
    pub(crate) fn check_again(&self) {
        self.wake.notify_one();
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

    /// A script has said that there is no complete index.
    pub(crate) fn lost(&self) {
        self.runtime
            .gate
            .close(Pause::Index, "the index of the form has to be checked");
        self.wake.notify_one();
    }

    /// Forgets the index, so that the next check rebuilds it, here or in a running loader.
    pub(crate) async fn drop_index(&self) -> Result<(), Error> {
        Ok(ledger::index::forget(&self.ledger).await?)
    }

    /// Rebuilds, or waits for the loader that does; for commands.
    pub(crate) async fn build(&self) -> Result<(), Error> {
        self.establish().await
    }

    /// Rows with a key when the form was read last, and those of them that share it with an older row.
    pub(crate) async fn counts(&self) -> Result<(u64, u64), Error> {
        match ledger::index::state(&self.ledger, &self.form).await? {
            IndexState::Ready { rows, duplicates, .. } => Ok((rows + duplicates, duplicates)),
            _ => Err(Error::Overtaken),
        }
    }

    /// What the rebuild is doing, for progress bars.
    pub(crate) fn progress(&self) -> String {
        self.progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
