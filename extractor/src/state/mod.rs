//! The extractor's memory in Redis: jobs with their runs and checkpoints, the customers a run still waits for, and
//! those that OKKI says do not exist.
//!
//! Every write of a leader is fenced: the hash of a job keeps the highest fence that wrote, and the script refuses a
//! lower one. A new leader writes first of all, so a paused one that wakes up later can change nothing.

mod customers;
mod run;

pub use customers::{Fates, FetchResult};
pub use run::{Job, JobState, Phase, Run};

use pipeline::{
    names::Namespace,
    store::{Error, Script, Store},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};

static FENCED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("fenced.lua")));

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
        self.namespace.listing_lease_key(job.name())
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

    /// When a replica first asked this about the job, unix milliseconds; it is `now_ms` for the very first one.
    pub async fn watched_since(&self, job: Job, now_ms: i64) -> Result<i64, Error> {
        let key = self.job_key(job);
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

    fn job_key(&self, job: Job) -> String {
        self.namespace.job_key(job.name())
    }

    fn history_key(&self) -> String {
        self.namespace.run_history_key()
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
