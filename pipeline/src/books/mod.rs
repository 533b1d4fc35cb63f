//! The books (I9): what was listed must be somewhere, per run and in total.
//!
//! A run's customers are *open* from the moment before their refs are published until a stage settles them for good;
//! then they leave `open` and one counter grows, in one script. Leaving happens once, so a fate that is told twice
//! (a crash between counting and acknowledging, a redelivery, a second copy of a message) is counted once: that is
//! all that is needed for exactly-once books on top of at-least-once messages. A dead letter stays on the books as
//! dead until a replay or a discard ends it. Memory is bounded by what is unfinished; counters of finished runs are
//! kept for `KEEP_DAYS`.
//!
//! If Redis was emptied, the runs of before are unknown; their fates are counted as copies and nothing is off.

mod audit;
mod balance;
pub mod cli;
mod config;
mod lost;

use crate::{
    names::Namespace,
    stage::Stage,
    store::{Error, Script, Store},
};
use std::{collections::BTreeMap, sync::LazyLock};

pub use audit::{Audit, audit};
pub use balance::{Balance, Fate};
pub use lost::lost;

static LIST: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("list.lua")));
static TOTAL: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("total.lua")));
static SETTLE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("settle.lua")));

/// How long the counters of a run are kept after its last customer.
const KEEP_DAYS: u32 = 30;

/// One thing to be written down: what became of a customer of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The run that listed it.
    pub run: &'a str,
    /// The customer.
    pub company: &'a str,
    /// What became of it.
    pub fate: Fate,
}

/// Reads and writes the books; cheap to clone.
#[derive(Clone)]
pub struct Books {
    store: Store,
    namespace: Namespace,
}

/// What one read gives: counters by fate, customers without one, dead ones, the oldest without one with its time.
type Answer = (BTreeMap<String, u64>, u64, u64, Vec<(String, f64)>);

impl Books {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(store: Store, namespace: Namespace) -> Self {
        Self { store, namespace }
    }

    /// Opens customers of a run; call it before their refs are published. Says how many were not open before.
    ///
    /// # Errors
    /// When Redis does not do it.
    pub async fn list(&self, run: &str, companies: &[String]) -> Result<u64, Error> {
        if companies.is_empty() {
            return Ok(0);
        }
        let mut args = vec![run];
        args.extend(companies.iter().map(String::as_str));
        self.store.invoke(&LIST, &self.keys(run), &args).await
    }

    /// Writes down what became of customers; telling it again changes nothing. Messages that belong to no run are
    /// passed over. Says how many were still on the books.
    ///
    /// # Errors
    /// When Redis does not do it; part of it may have been done, so tell it all again.
    pub async fn settle(&self, entries: &[Entry<'_>]) -> Result<u64, Error> {
        let mut runs: BTreeMap<&str, Vec<&Entry<'_>>> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| !entry.run.is_empty()) {
            runs.entry(entry.run).or_default().push(entry);
        }
        let days = KEEP_DAYS.to_string();
        let mut counted = 0;
        for (run, mut entries) in runs {
            // Of two copies in one batch the one that got through names the fate.
            entries.sort_by_key(|entry| entry.fate);
            let mut args = vec![run, &days];
            args.extend(
                entries
                    .iter()
                    .flat_map(|entry| [entry.fate.wire(), entry.company]),
            );
            counted += self.store.invoke::<u64>(&SETTLE, &self.keys(run), &args).await?;
        }
        Ok(counted)
    }

    /// The balance of a run.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn balance(&self, run: &str) -> Result<Balance, Error> {
        let [counters, open, dead, ..] = self.keys(run);
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.cmd("HGETALL")
            .arg(&counters)
            .cmd("ZCARD")
            .arg(&open)
            .cmd("HLEN")
            .arg(&dead);
        pipe.cmd("ZRANGE").arg(&open).arg(0).arg(0).arg("WITHSCORES");
        let (counters, open, dead, oldest): Answer = pipe.query_async(&mut *connection).await?;
        let oldest_ms = oldest.first().map(|(_, ms)| *ms as i64);
        Ok(Balance::new(run, &counters, open, dead, oldest_ms))
    }

    /// The balance of everything: counters of all times, and what is unfinished in any run.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn total(&self) -> Result<Balance, Error> {
        let keys = [self.namespace.key("books:active"), self.total_key()];
        let prefix = [self.namespace.key("books:run:")];
        let (counters, open, dead, oldest): (BTreeMap<String, u64>, u64, u64, Option<i64>) =
            self.store.invoke(&TOTAL, &keys, &prefix).await?;
        Ok(Balance::new("total", &counters, open, dead, oldest))
    }

    /// Runs with customers that are not finished, oldest first.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn active(&self) -> Result<Vec<String>, Error> {
        let mut connection = self.store.connection().await?;
        let key = self.namespace.key("books:active");
        Ok(redis::cmd("ZRANGE")
            .arg(key)
            .arg(0)
            .arg(-1)
            .query_async(&mut *connection)
            .await?)
    }

    /// The customers of a run that have been open longest.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn open(&self, run: &str, most: usize) -> Result<Vec<(String, i64)>, Error> {
        let [_, open, ..] = self.keys(run);
        let mut connection = self.store.connection().await?;
        let mut command = redis::cmd("ZRANGE");
        command
            .arg(open)
            .arg(0)
            .arg(most.saturating_sub(1))
            .arg("WITHSCORES");
        let found: Vec<(String, f64)> = command.query_async(&mut *connection).await?;
        Ok(found
            .into_iter()
            .map(|(company, ms)| (company, ms as i64))
            .collect())
    }

    /// Customers of a run in the dead-letter queues, by stage.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn dead(&self, run: &str) -> Result<BTreeMap<String, u64>, Error> {
        let [_, _, dead, ..] = self.keys(run);
        let mut connection = self.store.connection().await?;
        let stages: Vec<String> = redis::cmd("HVALS")
            .arg(dead)
            .query_async(&mut *connection)
            .await?;
        let mut by_stage = BTreeMap::new();
        for stage in stages {
            *by_stage.entry(stage).or_default() += 1;
        }
        Ok(by_stage)
    }

    /// Since when an audit has found fewer dead letters of the stage than the books know, unix milliseconds.
    async fn gone_since(&self, stage: Stage, gone: bool, now_ms: i64) -> Result<Option<i64>, Error> {
        let key = self.namespace.key(format_args!("books:gone:{stage}"));
        let mut connection = self.store.connection().await?;
        if !gone {
            redis::cmd("DEL")
                .arg(key)
                .query_async::<()>(&mut *connection)
                .await?;
            return Ok(None);
        }
        let mut pipe = redis::pipe();
        pipe.cmd("SET")
            .arg(&key)
            .arg(now_ms)
            .arg("NX")
            .ignore()
            .cmd("GET")
            .arg(&key);
        let (since,): (i64,) = pipe.query_async(&mut *connection).await?;
        Ok(Some(since))
    }

    fn keys(&self, run: &str) -> [String; 5] {
        let key = |tail: &str| self.namespace.key(format_args!("books:run:{run}{tail}"));
        [
            key(""),
            key(":open"),
            key(":dead"),
            self.namespace.key("books:active"),
            self.total_key(),
        ]
    }

    fn total_key(&self) -> String {
        self.namespace.key("books:total")
    }
}
