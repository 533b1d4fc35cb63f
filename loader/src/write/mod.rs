//! The write path: from a batch of records to rows in the form.
//!
//! ```text
//! handler ─► prepare ─► claim ─► batch ─┬─► create ─┬─► commit ─► the handler's outcomes
//!            (encode,   (ledger)        ├─► update ─┤
//!             sort)       ▲ │           └─► remove ─┘
//!                  lookup ┘ └─► refetch: the form may show something newer
//! ```
//!
//! A create that is not simply done goes on in `isolate` (refused or incomplete: divided) or `reconcile` (outcome
//! unknown: the form is asked), and comes back to `create` through the work list in `groups`; `give_up` ends it as a dead
//! letter. `stale_look` asks the form again
//! when a create has waited. `created` reads the answer, `order` and `proof` say how far its ids are believed. `whose` asks before an update or removal
//! whether the row still is the customer's, `rewritten` knows rows whose keys do not stay. `single` is the other way to create rows. Beside the handler, `leases` takes over batches whose loader is dead
//! and `verify` reads rows again that a lost call may have changed.

mod batch;
mod claim;
mod commit;
mod create;
mod created;
mod everybody;
mod find;
mod form_gap;
mod give_up;
mod gone;
mod groups;
mod guard;
mod insist;
mod isolate;
mod leases;
mod lookup;
mod named;
mod order;
mod prepare;
mod proof;
mod readable;
mod reconcile;
mod refetch;
mod remove;
mod rewritten;
mod row_event;
mod single;
mod stale_look;
mod update;
mod verify;
mod whose;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use pipeline::broker::Publisher;
use pipeline::service::Runtime;
use pipeline::watermarks::Watermarks;

use crate::form_watch::FormWatch;
use crate::index::Index;
use crate::jdy::calls::WriteOptions;
use crate::keyless::Keyless;
use crate::ledger::{Ledger, Registry};
use crate::removals::RemovalGuard;
use crate::vendor::Vendor;

pub(crate) use claim::{LastLook, Stop};
pub(crate) use everybody::tell_held;
pub(crate) use leases::{beat, sweep};
pub(crate) use order::Order;
pub(crate) use prepare::{Prepared, Receipt, Sorted, Unfit, sort};
pub(crate) use readable::Shown;
pub(crate) use refetch::NotAsked;
pub(crate) use rewritten::{Rewritten, tell_rewritten};
pub(crate) use verify::{Owed, verify};

/// What to do with customers that the CRM has removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Removals {
    /// Leave their rows alone.
    Ignore,
    /// Delete their rows.
    Delete,
    /// Write a text into a widget of their rows.
    Mark { widget: String, value: String },
}

/// What to do when a row to update does not exist any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnMissingRow {
    /// Make a new one.
    Recreate,
    /// Let a person decide.
    DeadLetter,
}

/// How new rows are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
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
pub(crate) struct Settings {
    pub(crate) removals: Removals,
    /// Rows that a person deleted.
    pub(crate) on_missing_row: OnMissingRow,
    /// Calls for new rows.
    pub(crate) mode: Mode,
    /// Switches of each write.
    pub(crate) options: WriteOptions,
    /// How long a batch is kept before its deliveries go back.
    pub(crate) patience: Duration,
    /// A transaction id is not sent again after this time.
    pub(crate) resend_for: Duration,
    /// How long after its time-out a lost call may still change a row.
    pub(crate) late: Duration,
    /// Rows of one call, together.
    pub(crate) batch_bytes: usize,
}

/// Everything the write path works with. Clones share it.
#[derive(Clone)]
pub(crate) struct Writer {
    /// The shared parts of the process.
    pub(crate) runtime: Runtime,
    /// What is known of every row.
    pub(crate) ledger: Ledger,
    /// The live batches of this process.
    pub(crate) registry: Arc<Registry>,
    /// Jiandaoyun.
    pub(crate) vendor: Vendor,
    /// The form's widgets.
    pub(crate) form: Arc<FormWatch>,
    /// The index of the form.
    pub(crate) index: Arc<Index>,
    /// Whether the form has rows without a key.
    pub(crate) keyless: Arc<Keyless>,
    /// How things are written.
    pub(crate) settings: Arc<Settings>,
    /// What the extractor may skip and the transformer may drop.
    pub(crate) watermarks: Watermarks,
    /// For records that have to be fetched again outside of a batch.
    pub(crate) publisher: Publisher,
    /// Rows still to be put on the list of those that are verified.
    pub(crate) owed: Arc<Owed>,
    /// Whether so many rows may go.
    pub(crate) removals: Arc<RemovalGuard>,
    /// Whether ids may be taken by their place in an answer.
    pub(crate) order: Arc<Order>,
    /// Whether something in the form rewrites keys.
    pub(crate) rewritten: Arc<Rewritten>,
    /// Times that the form was asked twice in a row for the same rows, and the second answer taught nothing either.
    pub(crate) looked_in_vain: Arc<AtomicU64>,
}
