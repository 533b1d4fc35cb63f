//! What is kept of comparisons for people: who is at one now, and what the last one has left open.
//!
//! There are two: everything that the source lists with everything that was loaded (`extractor reconcile`), and what was
//! written with what the form shows (`loader reconcile`). What a comparison has left open is told until a later one is clean.

use crate::{
    lease,
    names::Namespace,
    store::{Error, Store},
};
use serde::{Deserialize, Serialize};

/// Which comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What the source lists with what was loaded.
    Source,
    /// What was written with what the form shows.
    Form,
}

/// Who has begun a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Somebody at a terminal.
    Command,
    /// The schedule of a replica.
    Schedule,
    /// Somebody who has asked a replica.
    Wish,
}

/// A comparison that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtWork {
    /// Which process.
    pub instance: String,
    /// Who has begun it.
    pub by: By,
    /// Since when, unix milliseconds.
    pub since_ms: i64,
}

/// What a comparison that came to its end has found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// When it ended, unix milliseconds.
    pub at_ms: i64,
    /// Customers that differ and for which nothing was done.
    pub open: u64,
    /// It did what it could about them.
    pub fixes: bool,
    /// Kinds of difference, as they are called in print, with their number.
    pub kinds: Vec<(String, u64)>,
    /// Some of them.
    pub examples: Vec<String>,
    /// What to do about those that a repair leaves open, English.
    pub remedies: String,
}

/// The comparisons of a namespace.
#[derive(Clone)]
pub struct Comparisons {
    store: Store,
    namespace: Namespace,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Source, Self::Form];

    const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Form => "form",
        }
    }
}

impl By {
    /// As people read it.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Command => words::text!("by a command"),
            Self::Schedule => words::text!("by RECONCILE_CRON"),
            Self::Wish => words::text!("by a wish"),
        }
    }
}

impl Comparisons {
    /// Those of this namespace.
    #[must_use]
    pub const fn new(store: Store, namespace: Namespace) -> Self {
        Self { store, namespace }
    }

    /// Says who is at it, once its lease is held.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn begin(&self, side: Side, at_work: &AtWork) -> Result<(), Error> {
        self.keep(&format!("{} at work", side.name()), at_work).await
    }

    /// Keeps what one has found.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn end(&self, side: Side, compared: &Compared) -> Result<(), Error> {
        self.keep(side.name(), compared).await
    }

    /// Who holds this lease, with what is known of it.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn at_work(&self, side: Side, lease_key: &str) -> Result<Option<AtWork>, Error> {
        let Some(holder) = lease::holder(&self.store, lease_key).await? else {
            return Ok(None);
        };
        let told: Option<AtWork> = self.read(&format!("{} at work", side.name())).await?;
        // A program of before does not say so.
        Ok(told.filter(|told| told.instance == holder).or(Some(AtWork {
            instance: holder,
            by: By::Command,
            since_ms: 0,
        })))
    }

    /// What the last one that came to its end has found.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn last(&self, side: Side) -> Result<Option<Compared>, Error> {
        self.read(side.name()).await
    }

    async fn keep(&self, field: &str, value: &impl Serialize) -> Result<(), Error> {
        let json = serde_json::to_string(value).unwrap_or_default();
        let mut command = redis::cmd("HSET");
        command.arg(self.namespace.compared_key()).arg(field).arg(json);
        let mut connection = self.store.connection().await?;
        Ok(command.query_async::<()>(&mut *connection).await?)
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, field: &str) -> Result<Option<T>, Error> {
        let mut command = redis::cmd("HGET");
        command.arg(self.namespace.compared_key()).arg(field);
        let mut connection = self.store.connection().await?;
        let json: Option<String> = command.query_async(&mut *connection).await?;
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }
}
