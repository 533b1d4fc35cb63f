//! Rows without a key (I16): a form that others fill is never doubled.
//!
//! A row that 轻易云 or a person has made carries no company id, so the loaders cannot find it, and would make a second row
//! for its customer. Therefore no row is made before [`Keyless::watch`] has seen that the form has no such rows. When it has
//! some, the stage pauses, names `loader adopt`, and counts again after growing waits; `IGNORE_KEYLESS` goes on without a
//! look. What was seen is remembered in Redis for one form, key widget and index, so that replicas and restarts need not ask.

mod count;
mod error;
mod keys;
mod known;
mod memory;
mod of_ours;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pipeline::gate::Pause;
use pipeline::retry::Backoff;
use pipeline::service::Runtime;
use serde_json::json;
use tokio::sync::Notify;

use crate::form_watch::FormWatch;
use crate::index::Index;
use crate::ledger::{self, Ledger};
use crate::vendor::Vendor;

pub(crate) use count::{Foreign, Pages, Row, count, count_behind, foreign, is_keyless, keyless, page};
pub(crate) use error::Error;
pub(crate) use keys::{Left, with_rows, write};
pub(crate) use known::find as find_known;
pub(crate) use memory::{Memory, Seen};

/// What to do about rows without a key.
pub(crate) const REMEDY: &str = words::mark!(
    "give them one with `loader adopt --match WIDGET`, by hand, or delete them; if none of them \
     is a row of a customer, set IGNORE_KEYLESS=true (--ignore-keyless)"
);
/// How often this process looks whether something has changed that makes it count anew; costs nothing.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// How long the one who writes keys may be silent before another one begins.
pub(crate) const LEASE: Duration = Duration::from_secs(30);
/// First and longest wait between two counts.
const COUNT_EVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Lets rows be made only in a form without rows that have no key.
pub(crate) struct Keyless {
    runtime: Runtime,
    ledger: Ledger,
    vendor: Vendor,
    form: Arc<FormWatch>,
    index: Arc<Index>,
    /// `None` when there is none, or when rows without a key do not matter.
    key_widget: Option<String>,
    memory: Memory,
    /// The index for which the form is known to have no such rows.
    clear: Mutex<Option<String>>,
    /// An index, and how many of the rows without a key that were read for it are known by their ids.
    excused: Mutex<(String, u64)>,
    wake: Notify,
}

impl Keyless {
    /// Nothing is asked before [`Keyless::watch`].
    pub(crate) fn new(
        runtime: Runtime,
        ledger: Ledger,
        vendor: Vendor,
        form: Arc<FormWatch>,
        index: Arc<Index>,
        key_widget: Option<String>,
        ignore: bool,
    ) -> Arc<Self> {
        let (app, entry) = vendor.client.form();
        let memory = Memory::new(
            runtime.store.clone(),
            &runtime.namespace,
            format!("{app}/{entry}"),
            key_widget.as_deref().unwrap_or_default(),
        );
        Arc::new(Self {
            key_widget: key_widget.filter(|_| !ignore),
            runtime,
            ledger,
            vendor,
            form,
            index,
            memory,
            clear: Mutex::default(),
            excused: Mutex::default(),
            wake: Notify::new(),
        })
    }

    /// What Redis remembers of it.
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Whether rows may be made.
    pub(crate) fn is_clear(&self) -> bool {
        let clear = self.clear.lock().unwrap_or_else(PoisonError::into_inner);
        self.key_widget.is_none() || clear.as_ref() == Some(&self.ledger.epoch())
    }

    /// Nothing may be taken before the first count; called before anything is consumed.
    pub(crate) fn begin(&self) {
        if !self.is_clear() {
            self.want();
        }
    }

    /// There is a record, and rows without a key have to be counted for this index first.
    pub(crate) fn want(&self) {
        self.runtime.gate.close(
            Pause::Keyless,
            words::text!("rows without a key have to be counted before the first row is made"),
        );
        self.wake.notify_one();
    }

    /// Rows without a key have been made meanwhile: they are counted before the next one is made.
    pub(crate) async fn doubt(&self) {
        *self.clear.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Err(error) = self.memory.forget().await {
            self.failed(&error.into());
        }
        self.want();
    }

    /// Somebody has made a row without a key, or taken a key away.
    pub(crate) async fn noticed(&self) {
        if self.key_widget.is_some() && self.is_clear() {
            self.doubt().await;
        }
    }

    /// Another loader has found rows without a key.
    pub(crate) fn told(&self) {
        if self.key_widget.is_some() {
            *self.clear.lock().unwrap_or_else(PoisonError::into_inner) = None;
            self.want();
        }
    }

    /// Counts whenever that is necessary, until the process ends.
    pub(crate) async fn watch(self: Arc<Self>) {
        let Some(key_widget) = self.key_widget.clone() else {
            return self.runtime.shutdown.requested().await;
        };
        let mut backoff = Backoff::new(COUNT_EVERY.0, COUNT_EVERY.1);
        while !self.runtime.shutdown.is_requested() {
            if self.is_clear() && self.unexcused() > 0 {
                // They came after the count, or no query shows them.
                self.doubt().await;
            }
            let is_clear = self.is_clear();
            if is_clear {
                // A record that was judged before the last count may have closed the gate after it.
                self.runtime.gate.open(Pause::Keyless);
            }
            if is_clear || !self.is_ready() {
                tokio::select! {
                    _going = self.runtime.shutdown.sleep(POLL_EVERY) => {}
                    () = self.wake.notified() => {}
                }
                continue;
            }
            let epoch = self.ledger.epoch();
            let is_open = match self.examine(&key_widget, &epoch).await {
                Ok(is_open) => is_open,
                Err(error) => {
                    self.failed(&error);
                    false
                }
            };
            if is_open {
                *self.clear.lock().unwrap_or_else(PoisonError::into_inner) = Some(epoch);
                self.runtime.gate.open(Pause::Keyless);
                backoff.reset();
            } else {
                self.runtime.shutdown.sleep(backoff.next_delay()).await;
            }
        }
    }

    /// The form has been read and has the key widget. Which index is valid may become known later; then it is counted for
    /// that one, too.
    fn is_ready(&self) -> bool {
        self.form.current().is_some()
    }

    /// Whether rows may be made now.
    async fn examine(&self, key_widget: &str, epoch: &str) -> Result<bool, Error> {
        let seen = self.memory.seen().await?;
        if seen == Some(Seen::None(epoch.to_owned())) {
            self.report("none", 0);
            return Ok(true);
        }
        let mut counted = count(&self.vendor, &self.ledger, key_widget).await?;
        let mut were_some = seen == Some(Seen::Some);
        if counted.is_some() && self.write_known(key_widget).await? > 0 {
            were_some |= self.index.keyless_rows() > 0;
            counted = count(&self.vendor, &self.ledger, key_widget).await?;
        }
        if counted.is_some_and(|rows| rows.foreign.is_none()) && self.are_excused(epoch).await? {
            self.memory.keep(&Seen::None(epoch.to_owned())).await?;
            self.report("known", 0);
            return Ok(true);
        }
        let Some(rows) = counted else {
            let read = self.unexcused();
            if read > 0 && !were_some {
                self.hidden(usize::try_from(read).unwrap_or(usize::MAX));
                return Ok(false);
            }
            if were_some {
                // Somebody gave them keys after the form was read into the index, which does not know these rows.
                tracing::info!("no row is without a key any more, the form is read again");
                self.index.drop_index().await?;
                self.memory.forget().await?;
                self.index.lost();
                return Ok(false);
            }
            self.memory.keep(&Seen::None(epoch.to_owned())).await?;
            self.report("none", 0);
            return Ok(true);
        };
        if seen != Some(Seen::Some) {
            tracing::error!(
                at_least = rows.at_least,
                "the form has rows without a key, no row is made"
            );
            self.memory.keep(&Seen::Some).await?;
        }
        self.report("some", rows.at_least);
        self.runtime
            .gate
            .close(Pause::Keyless, format!("{rows}; {REMEDY}"));
        Ok(false)
    }

    /// The walk over the form has read rows without a key that no query for them shows.
    fn hidden(&self, read: usize) {
        self.report("some", read);
        let rows = count::Counted {
            at_least: read,
            foreign: None,
        };
        let why = words::tr!(
            "{rows}, and Jiandaoyun shows them only to who reads the whole form; give them one by hand or delete them, and \
             run `loader index rebuild`; if none of them is a row of a customer, set IGNORE_KEYLESS=true (--ignore-keyless)"
        );
        self.runtime.gate.close(Pause::Keyless, why);
        // Nothing else asks for the index while the stage is paused, and a command may have begun another one.
        self.index.check_again();
    }

    fn failed(&self, error: &Error) {
        if let Error::Store(cause) | Error::Ledger(ledger::Error::Store(cause)) = error {
            self.runtime.redis_lost(cause);
        }
        let why = error.in_full();
        tracing::debug!(error = why, "rows without a key cannot be counted now");
        self.runtime.gate.close(
            Pause::Keyless,
            words::tr!("rows without a key cannot be counted now: {why}"),
        );
    }

    fn report(&self, rows: &str, at_least: usize) {
        let board = &self.runtime.status;
        board.set("keyless", json!({"rows": rows, "at_least": at_least}));
    }
}
