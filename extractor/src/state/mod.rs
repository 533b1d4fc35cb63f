//! The extractor's memory in Redis: kinds of run with their runs and checkpoints, the customers a run still waits for, and
//! those that OKKI says do not exist, and where rows of the listing named no customer.
//!
//! Every write of a leader is fenced: the hash of a kind of run keeps the highest fence that wrote, and the script refuses a
//! lower one. A new leader writes first of all, so a paused one that wakes up later can change nothing. A run goes by what it
//! has read: where Redis no longer holds that, or the fence with which the run began, the script refuses, too.

mod conditions;
mod customers;
mod damaged;
mod granule;
mod history;
mod missing;
mod nobody;
mod poll;
mod run;
mod short;
mod untimed;
mod written;

pub(crate) use conditions::Conditions;
pub(crate) use customers::{FetchResult, Kept, Results};
pub(crate) use damaged::DamagedSpan;
pub(crate) use granule::{Cut, Doubtful};
pub(crate) use history::HistoryEntry;
pub(crate) use nobody::Beyond;
pub(crate) use poll::{Charge, PollState, Why};
pub(crate) use run::{KindState, Phase, Run, RunKind};
use written::Writer;
pub(crate) use written::Written;

use crate::clocks::Clocks;
use pipeline::{
    listed,
    names::Namespace,
    store::{Error, Script, Store},
};
use serde::Serialize;
use std::{collections::BTreeMap, sync::LazyLock};

static WRITE_FENCED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("write_fenced.lua")));

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
            wide_s: number("wide_s"),
            nobody: number("nobody"),
            seen: fields.get(listed::FIELD).cloned(),
            beyond: fields
                .get("beyond")
                .and_then(|json| serde_json::from_str(json).ok()),
            looked: number("looked").and_then(|rows| u64::try_from(rows).ok()),
            lacks_a_tenth: fields.get("short").is_some_and(|json| short::lacks_a_tenth(json)),
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

    /// Asks for no run of this kind.
    async fn want_no_more(&self, kind: RunKind) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("HDEL")
            .arg(self.kind_key(kind))
            .arg("wanted")
            .query_async::<()>(&mut *connection)
            .await?)
    }

    /// Moves the checkpoint of the live runs on demand, from the one that was read: an unfinished run goes, which would move it
    /// again, and nothing counts as published any more. Where there was none, `first` says whether everything earlier is
    /// wanted; a checkpoint alone would say that it was listed.
    pub(crate) async fn set_checkpoint(
        &self,
        fence: u64,
        (before, after): (Option<i64>, i64),
        first: bool,
    ) -> Result<Written, Error> {
        let read = Writer::read(fence, before);
        // Begun: what follows is refused when Redis is emptied from here on.
        let begun = self.write(RunKind::Live, read.clone(), "", &[]).await?;
        if begun != Written::Yes {
            return Ok(begun);
        }
        match before {
            None if first => self.want(RunKind::First).await?,
            None => self.want_no_more(RunKind::First).await?,
            Some(_) => {}
        }
        let fields = [("run", ""), ("checkpoint", &*after.to_string())];
        let written = self.write(RunKind::Live, read.goes_on(), "", &fields).await?;
        if written == Written::Yes {
            self.forget_published().await?;
            self.forget_looks().await?;
        }
        Ok(written)
    }

    /// Keeps a run as begun or taken over, where the checkpoint is still the one that it was begun from.
    pub(crate) async fn begin(
        &self,
        kind: RunKind,
        fence: u64,
        run: &Run,
        before: Option<i64>,
    ) -> Result<Written, Error> {
        let started = run.started_ms.to_string();
        let fields = [("run", &*json(run)), ("started_ms", &started)];
        self.write(kind, Writer::read(fence, before), "", &fields).await
    }

    /// Keeps how far a run has come.
    pub(crate) async fn progress(&self, kind: RunKind, fence: u64, run: &Run) -> Result<Written, Error> {
        self.write(kind, Writer::any(fence).goes_on(), "", &[("run", &json(run))])
            .await
    }

    /// Ends a run that was begun from the checkpoint `before`, moves the checkpoint if there is another one, and adds to the
    /// history.
    pub(crate) async fn finish(
        &self,
        kind: RunKind,
        fence: u64,
        run: &Run,
        (before, after): (Option<i64>, Option<i64>),
    ) -> Result<Written, Error> {
        let entry = json(&HistoryEntry {
            kind,
            run: run.clone(),
        });
        let checkpoint = after.map(|seconds| seconds.to_string());
        let mut fields = vec![("run", ""), ("wanted", "")];
        fields.extend(checkpoint.as_deref().map(|checkpoint| ("checkpoint", checkpoint)));
        fields.extend(run.filter.as_deref().map(|filter| ("filter", filter)));
        let (wide_s, late) = (run.wide_s(), run.late());
        fields.extend(wide_s.as_deref().map(|wide_s| ("wide_s", wide_s)));
        fields.extend(late.as_deref().map(|late| ("late", late)));
        let shortfall = run.shortfall().unwrap_or_default();
        if run.once {
            fields.push(("short", &shortfall));
        }
        let is_counted = run.look.is_some() || kind == RunKind::First;
        let looked = is_counted.then(|| run.seen.max(run.listed).to_string());
        fields.extend(looked.as_deref().map(|rows| ("looked", rows)));
        let seen = after.filter(|_| kind == RunKind::Live);
        let seen = seen.map(|checkpoint| listed::kept(checkpoint, run.listed_ms));
        fields.extend(seen.as_deref().map(|seen| (listed::FIELD, seen)));
        let condition = run.condition.as_deref();
        fields.extend(condition.map(|condition| ("condition", condition)));
        let writer = Writer::read(fence, before).goes_on();
        self.write(kind, writer, &entry, &fields).await
    }

    /// Forgets an unfinished run.
    pub(crate) async fn discard(&self, kind: RunKind, fence: u64) -> Result<Written, Error> {
        self.write(kind, Writer::any(fence), "", &[("run", "")]).await
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
        writer: Writer,
        entry: &str,
        fields: &[(&str, &str)],
    ) -> Result<Written, Error> {
        let fence = writer.fence.to_string();
        let has_begun = if writer.has_begun { "1" } else { "" };
        let mut args = vec![fence.as_str(), entry, has_begun, &writer.checkpoint];
        args.extend(fields.iter().flat_map(|(field, value)| [*field, *value]));
        let keys = [self.kind_key(kind), self.history_key()];
        let answer: i64 = self.store.invoke(&WRITE_FENCED, &keys, &args).await?;
        Ok(match answer {
            1 => Written::Yes,
            0 => Written::NewerLeader,
            _ => Written::Forgotten,
        })
    }

    fn kind_key(&self, kind: RunKind) -> String {
        self.namespace.kind_key(kind.name())
    }

    fn history_key(&self) -> String {
        self.namespace.run_history_key()
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
