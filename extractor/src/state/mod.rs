//! The extractor's memory in Redis: kinds of run with their runs and checkpoints, the customers a run still waits for, and
//! those that OKKI says do not exist, and where rows of the listing named no customer.
//!
//! Every write of a leader is fenced: the hash of a kind of run keeps the highest fence that wrote, and the script refuses a
//! lower one. A new leader writes first of all, so a paused one that wakes up later can change nothing.

mod customers;
mod damaged;
mod missing;
mod poll;
mod run;
mod untimed;

pub(crate) use customers::{FetchResult, Results};
pub(crate) use damaged::DamagedSpan;
pub(crate) use poll::{Charge, PollState, Why};
pub(crate) use run::{KindState, Phase, Run, RunKind};

use crate::clocks::Clocks;
use pipeline::{
    names::Namespace,
    store::{Error, Script, Store},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};

static WRITE_FENCED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("write_fenced.lua")));

/// The condition by which the transformers drop customers.
#[derive(Debug)]
pub(crate) struct Conditions {
    pub(crate) now: String,
    /// The one under which everybody was listed.
    listed: String,
}

impl Conditions {
    pub(crate) fn has_changed(&self) -> bool {
        self.now != self.listed
    }
}

/// Reads and writes the extractor's keys.
#[derive(Clone)]
pub(crate) struct State {
    store: Store,
    namespace: Namespace,
}

impl State {
    /// Nothing is read yet.
    #[must_use]
    pub(crate) fn new(store: Store, namespace: Namespace) -> Self {
        Self { store, namespace }
    }

    /// The lease under which runs of a kind are made.
    #[must_use]
    pub(crate) fn lease_key(&self, kind: RunKind) -> String {
        self.namespace.listing_lease_key(kind.name())
    }

    /// How things stand with a kind of run.
    pub(crate) async fn standing(&self, kind: RunKind) -> Result<KindState, Error> {
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.cmd("HGETALL").arg(self.kind_key(kind)).cmd("TIME");
        let (fields, (seconds, micros)): (BTreeMap<String, String>, (i64, i64)) =
            pipe.query_async(&mut *connection).await?;
        let number = |name: &str| fields.get(name).and_then(|text| text.parse().ok());
        Ok(KindState {
            run: fields.get("run").and_then(|json| serde_json::from_str(json).ok()),
            checkpoint: number("checkpoint"),
            started_ms: number("started_ms"),
            wanted: fields.contains_key("wanted"),
            redis_ms: seconds * 1_000 + micros / 1_000,
        })
    }

    /// Ours and Redis' clock now.
    pub(crate) async fn clocks(&self) -> Result<Clocks, Error> {
        Ok(Clocks::with_redis(self.now_ms().await?))
    }

    /// Redis' clock, unix milliseconds: the same for every replica.
    pub(crate) async fn now_ms(&self) -> Result<i64, Error> {
        let mut connection = self.store.connection().await?;
        let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut *connection).await?;
        Ok(seconds * 1_000 + micros / 1_000)
    }

    /// Asks for a run of this kind until one has ended; asking twice is asking once.
    pub(crate) async fn want(&self, kind: RunKind) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("HSETNX")
            .arg(self.kind_key(kind))
            .arg("wanted")
            .arg(1)
            .query_async::<()>(&mut *connection)
            .await?)
    }

    /// The filter under which everything was listed; `mine` when none is known yet.
    pub(crate) async fn filter(&self, mine: &str) -> Result<String, Error> {
        let key = self.kind_key(RunKind::First);
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.cmd("HSETNX").arg(&key).arg("filter").arg(mine).ignore();
        pipe.cmd("HGET").arg(&key).arg("filter");
        let (filter,) = pipe.query_async(&mut *connection).await?;
        Ok(filter)
    }

    /// The condition of the transformers; nothing until one of them has started.
    pub(crate) async fn condition(&self) -> Result<Option<Conditions>, Error> {
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        let key = self.namespace.condition_key();
        pipe.cmd("HMGET").arg(key).arg("now").arg("first");
        pipe.cmd("HGET")
            .arg(self.kind_key(RunKind::First))
            .arg("condition");
        let ((now, first), listed): ((Option<String>, Option<String>), Option<String>) =
            pipe.query_async(&mut *connection).await?;
        let both = now.zip(listed.or(first));
        Ok(both.map(|(now, listed)| Conditions { now, listed }))
    }

    /// Moves the checkpoint of the live runs on demand: an unfinished run goes, which would move it again, and nothing
    /// counts as published any more. `false`: a newer leader exists.
    pub(crate) async fn set_checkpoint(&self, fence: u64, checkpoint: i64) -> Result<bool, Error> {
        let fields = [("run", ""), ("checkpoint", &*checkpoint.to_string())];
        let accepted = self.write(RunKind::Live, fence, "", &fields).await?;
        if accepted {
            self.forget_published().await?;
        }
        Ok(accepted)
    }

    /// Keeps a run as begun or taken over. `false`: a newer leader exists.
    pub(crate) async fn begin(&self, kind: RunKind, fence: u64, run: &Run) -> Result<bool, Error> {
        let started = run.started_ms.to_string();
        self.write(kind, fence, "", &[("run", &json(run)), ("started_ms", &started)])
            .await
    }

    /// Keeps how far a run has come. `false`: a newer leader exists.
    pub(crate) async fn progress(&self, kind: RunKind, fence: u64, run: &Run) -> Result<bool, Error> {
        self.write(kind, fence, "", &[("run", &json(run))]).await
    }

    /// Ends a run, moves the checkpoint if there is one, and adds to the history. `false`: a newer leader exists.
    pub(crate) async fn finish(
        &self,
        kind: RunKind,
        fence: u64,
        run: &Run,
        checkpoint: Option<i64>,
    ) -> Result<bool, Error> {
        let entry = json(&HistoryEntry {
            kind,
            run: run.clone(),
        });
        let checkpoint = checkpoint.map(|seconds| seconds.to_string());
        let mut fields = vec![("run", ""), ("wanted", "")];
        fields.extend(checkpoint.as_deref().map(|checkpoint| ("checkpoint", checkpoint)));
        fields.extend(run.filter.as_deref().map(|filter| ("filter", filter)));
        let condition = run.condition.as_deref();
        fields.extend(condition.map(|condition| ("condition", condition)));
        self.write(kind, fence, &entry, &fields).await
    }

    /// Forgets an unfinished run. `false`: a newer leader exists.
    pub(crate) async fn discard(&self, kind: RunKind, fence: u64) -> Result<bool, Error> {
        self.write(kind, fence, "", &[("run", "")]).await
    }

    /// When a replica first asked this about the kind of run, unix milliseconds; it is `now_ms` for the very first one.
    pub(crate) async fn watched_since(&self, kind: RunKind, now_ms: i64) -> Result<i64, Error> {
        let key = self.kind_key(kind);
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.cmd("HSETNX")
            .arg(&key)
            .arg("watched_ms")
            .arg(now_ms)
            .ignore()
            .cmd("HGET")
            .arg(&key)
            .arg("watched_ms");
        let (since,) = pipe.query_async(&mut *connection).await?;
        Ok(since)
    }

    /// Who makes a run of this kind at this moment.
    pub(crate) async fn leader(&self, kind: RunKind) -> Result<Option<String>, Error> {
        let mut connection = self.store.connection().await?;
        let held: Option<String> = redis::cmd("GET")
            .arg(self.lease_key(kind))
            .query_async(&mut *connection)
            .await?;
        Ok(held.map(|proof| proof.split(' ').next().unwrap_or_default().to_owned()))
    }

    async fn write(
        &self,
        kind: RunKind,
        fence: u64,
        entry: &str,
        fields: &[(&str, &str)],
    ) -> Result<bool, Error> {
        let fence = fence.to_string();
        let mut args = vec![fence.as_str(), entry];
        args.extend(fields.iter().flat_map(|(field, value)| [*field, *value]));
        let keys = [self.kind_key(kind), self.history_key()];
        self.store.invoke(&WRITE_FENCED, &keys, &args).await
    }

    /// The last runs, newest first.
    pub(crate) async fn history(&self, most: usize) -> Result<Vec<HistoryEntry>, Error> {
        self.history_of(most, |_| true).await
    }

    /// The last runs that listed something or that somebody has asked for, newest first.
    pub(crate) async fn eventful(&self, most: usize) -> Result<Vec<HistoryEntry>, Error> {
        self.history_of(most, |entry| !entry.is_empty()).await
    }

    async fn history_of(
        &self,
        most: usize,
        wanted: impl Fn(&HistoryEntry) -> bool,
    ) -> Result<Vec<HistoryEntry>, Error> {
        const AT_ONCE: usize = 200;
        let mut connection = self.store.connection().await?;
        let (mut found, mut from) = (Vec::new(), 0);
        while found.len() < most {
            let entries: Vec<String> = redis::cmd("LRANGE")
                .arg(self.history_key())
                .arg(from)
                .arg(from + AT_ONCE - 1)
                .query_async(&mut *connection)
                .await?;
            let read = entries
                .iter()
                .filter_map(|entry| serde_json::from_str(entry).ok());
            found.extend(read.filter(|entry| wanted(entry)).take(most - found.len()));
            if entries.len() < AT_ONCE {
                break;
            }
            from += AT_ONCE;
        }
        Ok(found)
    }

    fn kind_key(&self, kind: RunKind) -> String {
        self.namespace.kind_key(kind.name())
    }

    fn history_key(&self) -> String {
        self.namespace.run_history_key()
    }
}

/// A run that has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HistoryEntry {
    /// What kind of run; written as `job` from the beginning, and read by older replicas and scripts.
    #[serde(rename = "job")]
    pub kind: RunKind,
    /// The run as it ended.
    #[serde(flatten)]
    pub run: Run,
}

impl HistoryEntry {
    /// It was made by a schedule and found nothing.
    fn is_empty(&self) -> bool {
        matches!(self.kind, RunKind::Live | RunKind::Remedy) && self.run.listed == 0
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
