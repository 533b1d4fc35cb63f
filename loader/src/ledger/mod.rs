//! The ledger: what is known of every row, and who is writing which rows right now.
//!
//! Before a row is sent its key is claimed, and transaction id, exact row and time are stored by the same script; after
//! a definite answer one more script commits. Whatever happens between the two, another loader finds the batch by its
//! lease and finishes it. Nothing here knows the vendor. Every script answers `NOINDEX` unless there is an index that was
//! begun in this server run of Redis, and a claim answers only for rows that were seen in the form since then, so that a
//! Redis which lost data can never answer from memory gaps (`crate::index`).

mod batch;
mod claim;
mod commit;
mod form_gap;
pub(crate) mod index;
mod inspect;
mod live;
mod named;
mod removals;
mod rewritten;
pub(crate) mod schema;
mod touched;
mod verify;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

use pipeline::names::{LedgerKeys, Namespace};
use pipeline::store::{self, Script, Store};

#[cfg(test)]
pub(crate) use batch::encode_version;
pub(crate) use batch::{Kind, Member, decode_version, encode_mapped};
pub(crate) use claim::{Claim, Claimed, Item, JustLooked, Operation, Unseen};
pub(crate) use commit::{Change, Committed, Verify};
pub(crate) use inspect::{Duplicate, KnownRow};
pub(crate) use live::{LiveBatch, Registry, heartbeat, send_window};
pub(crate) use removals::{Cause, Decision, ParkedRemoval, RemovalLimits, RemovalState};
pub(crate) use rewritten::{Owner, Rewriting};
pub(crate) use touched::{LastTouch, Touch, TouchJudged, Undo};
pub(crate) use verify::{Due, Judged, Seen};

/// A batch of claimed rows; also its name in the lease set.
pub(crate) type BatchId = String;

/// Builds a script with the common head.
pub(crate) fn script(body: &str) -> Script {
    Script::of_run(&format!("{}\n{body}", include_str!("prelude.lua")))
}

pub(crate) type Lua = LazyLock<Script>;

/// Why the ledger could not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Redis is away or refused the command.
    #[error("{}", words::tr!("ledger is not reachable"))]
    Store(#[from] store::Error),
    /// Redis is empty, was restarted, or knows another form: an index has to be begun first.
    #[error("{}", words::tr!("index of the form is missing"))]
    NoIndex,
    /// Rows that have to be looked up in the form before anything can be said about them.
    #[error("{}", words::tr!("rows have not been looked up in the form"))]
    Unseen(Box<Unseen>),
    /// Another loader has taken the batch over.
    #[error("{}", words::tr!("batch was taken over by another loader"))]
    Fenced,
    /// A script answered something unexpected.
    #[error("{}", words::tr!("ledger script answered {0:?}"))]
    Protocol(String),
}

/// The ledger of one form in one namespace. Clones are cheap and share the epoch.
#[derive(Clone)]
pub(crate) struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    keys: [String; 4],
    epoch_key: String,
    names: LedgerKeys,
    owner: String,
    lease: Duration,
    epoch: RwLock<String>,
}

impl Ledger {
    /// `owner` names this process; `lease` is how long a batch stays untouched after its loader's last sign of life.
    pub(crate) fn new(store: Store, namespace: &Namespace, form: &str, owner: &str, lease: Duration) -> Self {
        let names = namespace.ledger_keys(form);
        Self {
            inner: Arc::new(Inner {
                keys: [
                    namespace.index_key(),
                    names.batches(),
                    names.verify(),
                    namespace.sequence_key(),
                ],
                epoch_key: namespace.epoch_key(),
                store,
                names,
                owner: owner.to_owned(),
                lease,
                epoch: RwLock::default(),
            }),
        }
    }

    /// The index this process works with; empty before the first one is known.
    pub(crate) fn epoch(&self) -> String {
        self.inner
            .epoch
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Sets it, once the index is known to be ready.
    pub(crate) fn set_epoch(&self, epoch: String) {
        *self.inner.epoch.write().unwrap_or_else(PoisonError::into_inner) = epoch;
    }

    pub(crate) fn owner(&self) -> &str {
        &self.inner.owner
    }

    /// How long a batch is left alone after its loader's last sign of life.
    pub(crate) fn lease(&self) -> Duration {
        self.inner.lease
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// What all of its keys are derived from.
    pub(crate) fn names(&self) -> &LedgerKeys {
        &self.inner.names
    }

    /// The key of a customer's row.
    fn row_key(&self, company: &str) -> String {
        self.inner.names.row(company)
    }

    /// The key of a batch.
    fn batch_key(&self, batch: &str) -> String {
        self.inner.names.batch(batch)
    }

    /// The key of the duplicates that were found.
    fn duplicates_key(&self) -> String {
        self.inner.names.duplicates()
    }

    /// The key of the index's own state.
    #[cfg(test)]
    pub(crate) fn index_key(&self) -> &str {
        &self.inner.keys[0]
    }

    /// The key that names the current index.
    pub(crate) fn epoch_key(&self) -> &str {
        &self.inner.epoch_key
    }

    /// Runs a script; the first word of its answer says how it ended and is taken off.
    pub(crate) async fn call(&self, script: &Script, args: &[Cow<'_, str>]) -> Result<Vec<String>, Error> {
        let epoch = self.epoch();
        let mut all: Vec<&str> = Vec::with_capacity(args.len() + 2);
        all.push(self.inner.names.prefix());
        all.push(&epoch);
        all.extend(args.iter().map(AsRef::as_ref));
        let mut answer: Vec<String> = self.inner.store.invoke(script, &self.inner.keys, &all).await?;
        match answer.first().map(String::as_str) {
            Some("OK") => {
                answer.remove(0);
                Ok(answer)
            }
            Some("NOINDEX") => Err(Error::NoIndex),
            Some("FENCED") => Err(Error::Fenced),
            Some("UNKNOWN") => Err(Error::Unseen(Box::new(Unseen::read(&answer[1..])?))),
            other => Err(Error::Protocol(other.unwrap_or_default().to_owned())),
        }
    }
}

/// Takes the numbers that scripts return as text.
pub(crate) fn number<T: std::str::FromStr>(text: Option<&String>) -> Result<T, Error> {
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::Protocol(text.cloned().unwrap_or_default()))
}

#[cfg(test)]
mod model;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
