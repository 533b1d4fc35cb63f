//! The extractor's memory in Redis: jobs with their runs and checkpoints, the customers a run still waits for, and
//! those that OKKI says do not exist.
//!
//! Every write of a leader is fenced: the hash of a job keeps the highest fence that wrote, and the script refuses a
//! lower one. A new leader writes first of all, so a paused one that wakes up later can change nothing.

mod run;

pub use run::{Job, JobState, Phase, Run};

use crate::okki::ListItem;
use pipeline::{
    names::Namespace,
    store::{Error, Script, Store},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};

static FENCED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("fenced.lua")));
static SETTLE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("settle.lua")));

/// Pending sets and counters of a run are dropped after a week without news.
const RUN_TTL_S: i64 = 7 * 86_400;
/// Most missing customers that are kept for `status`.
const MISSING_KEPT: isize = 1_000;

/// What became of a customer of a run, as counted for `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its detail was fetched and published.
    Fetched,
    /// Its version is loaded, so no detail was fetched.
    Skipped,
    /// Its removal was published.
    Removed,
    /// OKKI says that it does not exist.
    Missing,
    /// Its message went to the dead-letter queue.
    Dead,
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Skipped => "skipped",
            Self::Removed => "removed",
            Self::Missing => "missing",
            Self::Dead => "dead",
        }
    }
}

/// Customers by the name of their fate.
pub type Fates = BTreeMap<String, u64>;

/// Reads and writes the extractor's keys.
#[derive(Clone)]
pub struct State {
    store: Store,
    namespace: Namespace,
}

impl State {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(store: Store, namespace: Namespace) -> Self {
        Self { store, namespace }
    }

    /// The lease under which a job is listed.
    #[must_use]
    pub fn lease_key(&self, job: Job) -> String {
        self.namespace.key(format_args!("extract:lease:{}", job.name()))
    }

    /// A job as it stands.
    pub async fn job(&self, job: Job) -> Result<JobState, Error> {
        let mut connection = self.store.connection().await?;
        let fields: BTreeMap<String, String> = redis::cmd("HGETALL")
            .arg(self.job_key(job))
            .query_async(&mut *connection)
            .await?;
        let number = |name: &str| fields.get(name).and_then(|text| text.parse().ok());
        Ok(JobState {
            run: fields.get("run").and_then(|json| serde_json::from_str(json).ok()),
            checkpoint: number("checkpoint"),
            started_ms: number("started_ms"),
        })
    }

    /// Keeps a run as begun or taken over. `false`: a newer leader exists.
    pub async fn begin(&self, job: Job, fence: u64, run: &Run) -> Result<bool, Error> {
        let started = run.started_ms.to_string();
        self.write(job, fence, "", &[("run", &json(run)), ("started_ms", &started)])
            .await
    }

    /// Keeps how far a run has come. `false`: a newer leader exists.
    pub async fn progress(&self, job: Job, fence: u64, run: &Run) -> Result<bool, Error> {
        self.write(job, fence, "", &[("run", &json(run))]).await
    }

    /// Ends a run, moves the checkpoint if there is one, and adds to the history. `false`: a newer leader exists.
    pub async fn finish(
        &self,
        job: Job,
        fence: u64,
        run: &Run,
        checkpoint: Option<i64>,
    ) -> Result<bool, Error> {
        let entry = json(&HistoryEntry {
            job,
            run: run.clone(),
        });
        let checkpoint = checkpoint.map(|seconds| seconds.to_string());
        let mut fields = vec![("run", "")];
        fields.extend(checkpoint.as_deref().map(|checkpoint| ("checkpoint", checkpoint)));
        self.write(job, fence, &entry, &fields).await
    }

    /// Forgets an unfinished run. `false`: a newer leader exists.
    pub async fn discard(&self, job: Job, fence: u64) -> Result<bool, Error> {
        self.write(job, fence, "", &[("run", "")]).await
    }

    /// Who lists the job at this moment.
    pub async fn leader(&self, job: Job) -> Result<Option<String>, Error> {
        let mut connection = self.store.connection().await?;
        let held: Option<String> = redis::cmd("GET")
            .arg(self.lease_key(job))
            .query_async(&mut *connection)
            .await?;
        Ok(held.map(|proof| proof.split(' ').next().unwrap_or_default().to_owned()))
    }

    async fn write(&self, job: Job, fence: u64, entry: &str, fields: &[(&str, &str)]) -> Result<bool, Error> {
        let fence = fence.to_string();
        let mut args = vec![fence.as_str(), entry];
        args.extend(fields.iter().flat_map(|(field, value)| [*field, *value]));
        let keys = [self.job_key(job), self.history_key()];
        self.store.invoke(&FENCED, &keys, &args).await
    }

    /// Adds customers that a run is about to publish.
    pub async fn expect(&self, run: &str, ids: &[String]) -> Result<(), Error> {
        let mut connection = self.store.connection().await?;
        let key = self.pending_key(run);
        let mut pipe = redis::pipe();
        pipe.cmd("SADD").arg(&key).arg(ids).ignore();
        pipe.cmd("EXPIRE").arg(&key).arg(RUN_TTL_S).ignore();
        Ok(pipe.query_async::<()>(&mut *connection).await?)
    }

    /// Says for each listed customer whether exactly this state was published by an earlier window.
    pub async fn known(&self, phase: Phase, items: &[ListItem]) -> Result<Vec<bool>, Error> {
        let key = self.recent_key(phase);
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        for item in items {
            pipe.cmd("ZSCORE").arg(&key).arg(&item.company_id);
        }
        let scores: Vec<Option<f64>> = pipe.query_async(&mut *connection).await?;
        // Unix seconds are exact in a double.
        Ok(scores
            .iter()
            .zip(items)
            .map(|(score, item)| *score == Some(item.update_time as f64))
            .collect())
    }

    /// Remembers published states that the next window will list again, and forgets older ones.
    pub async fn remember(&self, phase: Phase, items: &[ListItem], since: i64) -> Result<(), Error> {
        let key = self.recent_key(phase);
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        for item in items.iter().filter(|item| item.update_time >= since) {
            pipe.cmd("ZADD")
                .arg(&key)
                .arg(item.update_time)
                .arg(&item.company_id)
                .ignore();
        }
        pipe.cmd("ZREMRANGEBYSCORE")
            .arg(&key)
            .arg("-inf")
            .arg(format!("({since}"))
            .ignore();
        Ok(pipe.query_async::<()>(&mut *connection).await?)
    }

    /// Counts what became of customers of a run; repeated reports count once.
    pub async fn settle(&self, run: &str, fates: &[(String, Fate)]) -> Result<u64, Error> {
        let ttl = RUN_TTL_S.to_string();
        let mut args = vec![ttl.as_str()];
        args.extend(fates.iter().flat_map(|(id, fate)| [id.as_str(), fate.name()]));
        self.store
            .invoke(&SETTLE, &[self.pending_key(run), self.counters_key(run)], &args)
            .await
    }

    /// The same for customers whose run is not known: in every run that is at work or ended of late.
    pub async fn settle_everywhere(&self, fates: &[(String, Fate)]) -> Result<(), Error> {
        let mut runs: Vec<String> = self
            .history(10)
            .await?
            .into_iter()
            .map(|entry| entry.run.id)
            .collect();
        for job in Job::ALL {
            runs.extend(self.job(job).await?.run.map(|run| run.id));
        }
        for run in runs {
            self.settle(&run, fates).await?;
        }
        Ok(())
    }

    /// Customers that a run still waits for.
    pub async fn pending(&self, run: &str) -> Result<u64, Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("SCARD")
            .arg(self.pending_key(run))
            .query_async(&mut *connection)
            .await?)
    }

    /// What became of a run's customers so far.
    pub async fn counters(&self, run: &str) -> Result<Fates, Error> {
        let mut connection = self.store.connection().await?;
        Ok(redis::cmd("HGETALL")
            .arg(self.counters_key(run))
            .query_async(&mut *connection)
            .await?)
    }

    /// The last runs, newest first.
    pub async fn history(&self, most: isize) -> Result<Vec<HistoryEntry>, Error> {
        let mut connection = self.store.connection().await?;
        let entries: Vec<String> = redis::cmd("LRANGE")
            .arg(self.history_key())
            .arg(0)
            .arg(most - 1)
            .query_async(&mut *connection)
            .await?;
        Ok(entries
            .iter()
            .filter_map(|entry| serde_json::from_str(entry).ok())
            .collect())
    }

    /// Remembers customers that OKKI says do not exist, the newest thousand of them.
    pub async fn record_missing(&self, ids: &[String], now_ms: i64) -> Result<(), Error> {
        let key = self.namespace.key("extract:missing");
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        for id in ids {
            pipe.cmd("ZADD").arg(&key).arg(now_ms).arg(id).ignore();
        }
        pipe.cmd("ZREMRANGEBYRANK")
            .arg(&key)
            .arg(0)
            .arg(-MISSING_KEPT - 1)
            .ignore();
        Ok(pipe.query_async::<()>(&mut *connection).await?)
    }

    /// The newest missing customers, and how many are known.
    pub async fn missing(&self, most: isize) -> Result<(u64, Vec<String>), Error> {
        let key = self.namespace.key("extract:missing");
        let mut connection = self.store.connection().await?;
        let mut pipe = redis::pipe();
        pipe.cmd("ZCARD")
            .arg(&key)
            .cmd("ZREVRANGE")
            .arg(&key)
            .arg(0)
            .arg(most - 1);
        Ok(pipe.query_async(&mut *connection).await?)
    }

    fn job_key(&self, job: Job) -> String {
        self.namespace.key(format_args!("extract:job:{}", job.name()))
    }

    fn history_key(&self) -> String {
        self.namespace.key("extract:runs")
    }

    fn recent_key(&self, phase: Phase) -> String {
        let tail = if phase == Phase::Removed {
            "removed"
        } else {
            "changed"
        };
        self.namespace.key(format_args!("extract:recent:{tail}"))
    }

    fn pending_key(&self, run: &str) -> String {
        self.namespace.key(format_args!("extract:pending:{run}"))
    }

    fn counters_key(&self, run: &str) -> String {
        self.namespace.key(format_args!("extract:counters:{run}"))
    }
}

/// A run that has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// What kind of run.
    pub job: Job,
    /// The run as it ended.
    #[serde(flatten)]
    pub run: Run,
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
