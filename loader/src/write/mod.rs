//! The write path: from a batch of records to rows in the form.
//!
//! ```text
//! handler ── encode, newest per key ──► ledger.claim ──► create (one call) │ update, remove (a call each)
//!    ▲                                    │ orphaned                        │ definite answer
//!    └────────── outcomes ◄── takeover ◄──┘              ledger.commit ◄────┘
//! ```

mod create;
mod fate;
mod finish;
mod handler;
mod isolate;
mod reconcile;
mod records;
mod refetch;
mod round;
mod single;
mod sweep;
mod update;

use std::sync::Arc;
use std::time::Duration;

use pipeline::broker::Publisher;
use pipeline::quota::Lane;
use pipeline::service::Runtime;

use crate::form_watch::FormWatch;
use crate::index::Index;
use crate::jdy::calls::WriteOptions;
use crate::jdy::lookup::Recognition;
use crate::ledger::{Held, Ledger, Registry};
use crate::vendor::{Patience, Vendor};

pub use handler::LoadHandler;
pub use sweep::{beat, sweep, verify};

/// What to do with customers that the CRM has removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removals {
    /// Leave their rows alone.
    Ignore,
    /// Delete their rows.
    Delete,
    /// Write a text into a widget of their rows.
    Mark {
        /// The widget.
        widget: String,
        /// The text.
        value: String,
    },
}

/// What to do when a row to update does not exist any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnMissingRow {
    /// Make a new one.
    Recreate,
    /// Let a person decide.
    DeadLetter,
}

/// How new rows are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// `batch_create`, idempotent by transaction id.
    Batch,
    /// The document's own path, one row a call.
    Single {
        /// Path of the create call.
        path: String,
    },
}

/// The settings of the write path.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Removed customers.
    pub removals: Removals,
    /// Rows that a person deleted.
    pub on_missing_row: OnMissingRow,
    /// Calls for new rows.
    pub mode: Mode,
    /// Switches of each write.
    pub options: WriteOptions,
    /// How long a batch is kept before its deliveries go back.
    pub patience: Duration,
    /// A transaction id is not sent again after this time.
    pub resend_for: Duration,
    /// How long after its time-out a lost call may still change a row.
    pub late: Duration,
}

/// Everything the write path works with. Clones share it.
#[derive(Clone)]
pub struct Writer {
    /// The shared parts of the process.
    pub runtime: Runtime,
    /// What is known of every row.
    pub ledger: Ledger,
    /// The live batches of this process.
    pub registry: Arc<Registry>,
    /// The other side.
    pub vendor: Vendor,
    /// The form's widgets.
    pub form: Arc<FormWatch>,
    /// The rebuilder.
    pub index: Arc<Index>,
    /// How things are written.
    pub settings: Arc<Settings>,
    /// For records that have to be fetched again outside of a batch.
    pub publisher: Publisher,
}

/// What belongs to one batch while it is written.
pub(crate) struct Work<'a> {
    /// The lease.
    pub(crate) held: &'a Held,
    /// How long to go on.
    pub(crate) patience: Patience,
    /// Whose turn it is.
    pub(crate) lane: Lane,
    /// Nobody has sent any of it before.
    pub(crate) fresh: bool,
    /// How rows are recognised, when there is a key widget.
    pub(crate) recognition: Option<Recognition>,
}
